/** While a run goes on, nothing may look at real time or real chance, nor leave anything to the real event loop. */
const FORBIDDEN: readonly (readonly [holder: object, names: readonly string[]])[] = [
  [globalThis, ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]],
  [Date, ["now"]],
  [performance, ["now"]],
  [Math, ["random"]],
  [crypto, ["getRandomValues", "randomUUID"]],
];

export class RealTimeError extends Error {
  override readonly name = "RealTimeError";
}

/** Runs `simulation`; whoever uses real time in it gets a RealTimeError. */
export function withoutRealTime<T>(simulation: () => T): T {
  const restore: (() => void)[] = [];
  for (const [holder, names] of FORBIDDEN) {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(holder, name);
      const forbidden = (): never => {
        throw new RealTimeError(`${name} was called in a simulated run: take Clock, Timers or Random`);
      };
      Object.defineProperty(holder, name, { value: forbidden, configurable: true, writable: true });
      restore.push(() => {
        if (own === undefined) Reflect.deleteProperty(holder, name);
        else Object.defineProperty(holder, name, own);
      });
    }
  }
  try {
    return simulation();
  } finally {
    for (const undo of restore) undo();
  }
}
