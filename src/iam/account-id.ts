/** The account id of a user: 12 digits, as AWS accounts have, the same on every node and for ever. */
import type { UserId } from "./types.ts";

const DIGITS = 12;

/**
 * Two users may get the same account id by chance; who makes a user picks an id whose account id is free.
 * @param id 64 hex digits
 */
export function accountIdOf(id: UserId): string {
  const number = BigInt(`0x${id.slice(0, 32)}`) % 10n ** BigInt(DIGITS);
  return number.toString().padStart(DIGITS, "0");
}
