/** Transactions with guards. A guard maps the failure of its condition to an error for the client. */

import type { Timestamp } from "../../store/types.ts";
import type { Condition, KvGroup, Txn, TxnMutation } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";

export interface Guard {
  readonly condition: Condition;
  /** `retry`: another transaction changed the state behind the decision; read again and decide again. */
  readonly onFail: "retry" | (() => S3Error | Promise<S3Error | "retry">);
}

/** How many times a request decides before the client gets a conflict error. */
export const DECISION_ATTEMPTS_MAX = 8;

export type GuardedOutcome =
  | { readonly kind: "committed"; readonly commitTs: Timestamp }
  | { readonly kind: "retry" };

function guardedTxn(guards: readonly Guard[], mutations: readonly TxnMutation[]): Txn {
  return { conditions: guards.map((guard) => guard.condition), mutations };
}

/** @throws S3Error of the first guard that failed; KvError */
export async function transactGuarded(
  kv: KvGroup,
  guards: readonly Guard[],
  mutations: readonly TxnMutation[],
): Promise<GuardedOutcome> {
  const outcome = await kv.transact(guardedTxn(guards, mutations));
  if (outcome.ok) return { kind: "committed", commitTs: outcome.commitTs };
  const guard = guards[outcome.failed];
  if (guard === undefined) throw new Error(`condition ${outcome.failed} of ${guards.length} failed`);
  if (guard.onFail === "retry") return { kind: "retry" };
  const answer = await guard.onFail();
  if (answer === "retry") return { kind: "retry" };
  throw answer;
}

/**
 * For mutations that stay right whatever changed: after `retry` the same transaction is tried again.
 * @throws S3Error of the first guard that failed, OperationAborted; KvError
 */
export async function transactUnchanged(
  kv: KvGroup,
  guards: readonly Guard[],
  mutations: readonly TxnMutation[],
): Promise<void> {
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const outcome = await transactGuarded(kv, guards, mutations);
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("OperationAborted");
}
