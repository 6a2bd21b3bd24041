import { type Timers, within } from "../platform/timers.ts";
import { KvError } from "../txn/types.ts";

/** Time for a read or a change through the leader: the operator waits for it. */
const LEADER_MS = 5_000;

/**
 * Waits for work that needs a leader, but no longer than an operator waits.
 * @param unavailable makes the error; `cause` is the error of the leader's road
 */
export async function inLeaderTime<T>(
  work: Promise<T>,
  timers: Pick<Timers, "later">,
  unavailable: (message: string, cause?: KvError) => Error,
): Promise<T> {
  try {
    const boxed = work.then((value) => ({ value }));
    const done = await within(boxed, timers, LEADER_MS);
    if (done !== undefined) return done.value;
    // The late rejection of work that nobody waits for is not an error of this process.
    work.catch(() => {});
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    throw unavailable(`the leader did not answer: ${error.message}`, error);
  }
  throw unavailable("no leader answered in time; whether a change was made is not known: look at the list");
}
