/** The child of crash.test.ts: applies batches until it is killed, and reports each one that returned. */
import { encodeKey } from "../../src/store/key-encoding.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { BLIND, type Mutation } from "../../src/store/types.ts";
import { batchPayload, KEYS_PER_BATCH } from "./crash-content.ts";

const [file, mode, quiet] = process.argv.slice(2);
if (file === undefined || (mode !== "sync" && mode !== "nosync"))
  throw new Error("usage: crash-writer FILE MODE [quiet]");

const store = new SqliteStore({ file, fsmSyncMode: mode, payloadFileBytes: 2 << 20 });
process.stdout.write(`open ${store.appliedState().index}\n`);
for (let index = store.appliedState().index + 1; ; index++) {
  const commitTs = BigInt(index);
  const payload = batchPayload(index);
  const value = new TextEncoder().encode(String(index));
  const mutations: Mutation[] = Array.from({ length: KEYS_PER_BATCH }, (_, n) => ({
    kind: "put",
    key: encodeKey(["k", n]),
    value,
    payload,
  }));
  store.raftBatch({ index, term: 1, commitTs }, (batch) => {
    batch.applyMutationsRaft(mutations.slice(0, 2), BLIND, commitTs);
    batch.applyMutationsRaft(mutations.slice(2), BLIND, commitTs);
    batch.putState("batch", value);
  });
  if (quiet === undefined) process.stdout.write(`${index}\n`);
  if (index % 7 === 0) store.compactVersions(commitTs - 5n, 16);
}
