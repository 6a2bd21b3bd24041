import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

/** The time source of all other code. The simulator has its own. */
export interface Clock {
  /** Wall clock, Unix milliseconds (integer). May jump; never use it to measure a duration. */
  nowMs(): number;
  /**
   * Monotonic clock, milliseconds with fraction, arbitrary origin. It never goes back, and it is the same in every
   * thread of the process: one thread may compare the values of another thread.
   */
  monotonicMs(): number;
}

/** CLOCK_BOOTTIME counts while the machine is suspended, as the election timeouts of the other nodes do. */
const CLOCK_BOOTTIME = 7;
const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;

/**
 * Uses clock_gettime(2). `performance.now()` and every other monotonic clock of the runtime begin at zero in each
 * Worker (measured: a Worker that starts after 1 s is 1 s behind). With such a clock, the gateway would see a lease
 * of the consensus thread as already shortened by the time that main ran before. One call costs 23 ns.
 */
function bootTime(): () => number {
  let gettime: (clock: number, time: Pointer) => number;
  try {
    const { symbols } = dlopen("libc.so.6", {
      clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    });
    gettime = symbols.clock_gettime;
  } catch {
    // The machine has another C library. Leases only get shorter: the thread that checks them is the oldest thread.
    return () => performance.now();
  }
  const time = new BigInt64Array(2);
  const words = new Uint32Array(time.buffer);
  const address = ptr(time);
  return () => {
    if (gettime(CLOCK_BOOTTIME, address) !== 0) throw new Error("clock_gettime(CLOCK_BOOTTIME) failed");
    const seconds = (words[1] ?? 0) * 2 ** 32 + (words[0] ?? 0);
    return seconds * MS_PER_SECOND + (words[2] ?? 0) / NS_PER_MS;
  };
}

let monotonic: (() => number) | undefined;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => {
    monotonic ??= bootTime();
    return monotonic();
  },
};
