/** Tasks that run later, as the rest of the code may see them. The simulator supplies its own: nothing that it runs may
 *  call `setTimeout`, `setInterval`, `setImmediate` or `queueMicrotask` itself. */
export interface Timers {
  /** Runs `task` once, `delayMs` from now at the earliest. Calling the answer cancels it. */
  later(task: () => void, delayMs: number): () => void;
  /** Runs `task` every `intervalMs`, the first time one interval from now. Calling the answer ends it. */
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

/** What `work` resolves to, or undefined when that takes longer. Rejects when `work` does so in time. */
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
