/**
 * Rows and fields that a release before this one would lose: configurations of buckets, tags, redirects, payers. An
 * older gateway answers as if they were not there, and forgets the fields when it writes a manifest anew. So nothing is
 * written of them before every member has announced this release; then a row says so for good, and a member that is
 * down, or was not met since this node started, is no obstacle any more. Decision 176.
 */
import { settingKey } from "../../txn/keys.ts";
import type { KvClient, TxnMutation } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";

const KEY = settingKey("s3", "rows");
/** The first release with these rows. */
const VALUE = Buffer.from('{"v":1}');

/** Says for good that such rows may be written. */
export function allowNewRows(): TxnMutation {
  return { kind: "put", key: KEY, value: VALUE };
}

export class NewRows {
  readonly #kv: KvClient;
  readonly #allAnnounced: () => boolean;
  #allowed = false;

  constructor(kv: KvClient, allAnnounced: () => boolean) {
    this.#kv = kv;
    this.#allAnnounced = allAnnounced;
  }

  /** Call before such a row or field is written. @throws S3Error ServiceUnavailable; KvError */
  async allow(): Promise<void> {
    if (this.#allowed) return;
    const { system } = this.#kv;
    const row = await (await system.snapshot()).getMeta(KEY);
    if (row === undefined) {
      if (!this.#allAnnounced()) throw notYet();
      await system.transact({ conditions: [], mutations: [allowNewRows()] });
    }
    this.#allowed = true;
  }
}

function notYet(): S3Error {
  return new S3Error("ServiceUnavailable", {
    message:
      "A node of the cluster runs an older release, or was not reached since this node started, and would lose what this request asks for. Please try again when all nodes run this release.",
  });
}
