import { randomBytes } from "node:crypto";

/** The source of randomness of all other code. The simulator supplies a seeded source. */
export interface Random {
  /** Uniform integer in [0, exclusiveMax). `exclusiveMax` is a positive safe integer below 2^32. */
  nextInt(exclusiveMax: number): number;
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = {
  nextInt: (exclusiveMax) => Math.floor(Math.random() * exclusiveMax),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
