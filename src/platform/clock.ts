import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

/** Time as the rest of the code may see it. The simulator supplies its own. */
export interface Clock {
  /** Wall clock, Unix milliseconds (integer). May jump; never use it to measure a duration. */
  nowMs(): number;
  /** Monotonic clock, milliseconds with fraction, arbitrary origin. Never goes back. The same in every thread of the
   *  process: one thread may compare what another one read. */
  monotonicMs(): number;
}

/** Runs on while the machine is suspended: so does the patience of the nodes that a lease is about. */
const CLOCK_BOOTTIME = 7;
const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;

/**
 * clock_gettime(2). `performance.now()` and every other monotonic clock of the runtime begin at zero in each Worker
 * (measured: a Worker made after 1 s is 1 s behind), so a lease that the consensus thread grants had already lost the time
 * that main ran before, as the front saw it. 23 ns a call.
 */
function bootTime(): () => number {
  let gettime: (clock: number, time: Pointer) => number;
  try {
    const { symbols } = dlopen("libc.so.6", {
      clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    });
    gettime = symbols.clock_gettime;
  } catch {
    // Another C library. Leases only get shorter: the front, who looks at them, is the oldest thread.
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
