/**
 * A machine of two cores that runs something else stands still now and then, and a node that stood still for an election timeout is
 * rightly replaced. A test that wants no election cannot see that of another process, so it tries again: what causes elections
 * causes them each time.
 */

const TICK_MS = 20;
const ATTEMPTS = 3;

/** With how late a timer of this process was meanwhile, at worst. */
async function timed<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly lateMs: number }> {
  let last = performance.now();
  let lateMs = 0;
  const look = (): void => {
    const now = performance.now();
    lateMs = Math.max(lateMs, now - last - TICK_MS);
    last = now;
  };
  const timer = setInterval(look, TICK_MS);
  try {
    const result = await run();
    look();
    return { result, lateMs };
  } finally {
    clearInterval(timer);
  }
}

/**
 * @param window answers how many elections there were in it that there was no reason for, and can be run again
 * @returns the answer of the first window without an election, else of the last
 */
export async function electionsUndisturbed(window: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const { result: elections, lateMs } = await timed(window);
    if (elections === 0 || attempt === ATTEMPTS) return elections;
    console.log(`${elections} elections; this process stood still for ${lateMs.toFixed(0)} ms: once more`);
  }
}
