/**
 * Tasks that run later, for all other code. The simulator has its own: code that runs in the simulator must not call
 * `setTimeout`, `setInterval`, `setImmediate` or `queueMicrotask` itself.
 */
export interface Timers {
  /** Runs `task` once, after at least `delayMs`. The returned function cancels the task. */
  later(task: () => void, delayMs: number): () => void;
  /** Runs `task` every `intervalMs`, the first time after one interval. The returned function ends the repetition. */
  every(task: () => void, intervalMs: number): () => void;
  /** Runs `task` at the end of this turn of the event loop. */
  soon(task: () => void): void;
}

export const systemTimers: Timers = {
  later: (task, delayMs) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  every: (task, intervalMs) => {
    const timer = setInterval(task, intervalMs);
    return () => clearInterval(timer);
  },
  soon: (task) => void setImmediate(task),
};

/**
 * Resolves with the result of `work`, or with undefined when `work` takes longer. Rejects when `work` rejects in
 * time.
 */
export async function within<T>(
  work: Promise<T>,
  timers: Pick<Timers, "later">,
  ms: number,
): Promise<T | undefined> {
  let cancel = (): void => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = timers.later(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
