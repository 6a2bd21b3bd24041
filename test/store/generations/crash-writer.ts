/** The child of generations.test.ts: receives a snapshot and puts it in force, and dies by SIGKILL after step number STEP.
 *  Ends with code 0 when there are fewer steps. */
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import { BLIND } from "../../../src/store/types.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";

const [directory, stepText] = process.argv.slice(2);
if (directory === undefined || stepText === undefined)
  throw new Error("usage: generations-crash-writer DIR STEP");
const identity = { clusterId: "c", nodeId: "n" };
let left = Number(stepText);
const step = (): void => {
  if (left-- === 0) process.kill(process.pid, "SIGKILL");
};

/** The keyspace that arrives. */
function incoming(): Uint8Array[] {
  const source = new MemoryGenerations({ fsmSyncMode: "sync", identity });
  source.open().raftBatch({ index: 9, term: 2, commitTs: 90n }, (batch) => {
    for (let n = 0; n < 40; n++) {
      const key = new TextEncoder().encode(`new-${n}`);
      batch.applyMutationsRaft(
        [{ kind: "put", key, value: key, payload: new Uint8Array(9_000).fill(n) }],
        BLIND,
        90n,
      );
    }
  });
  const stream = source.openExport();
  const pieces: Uint8Array[] = [];
  for (let piece = stream.next(100_000); piece !== undefined; piece = stream.next(100_000))
    pieces.push(piece);
  return pieces;
}

const generations = new SqliteGenerations({
  directory,
  fsmSyncMode: "sync",
  identity,
  payloadFileBytes: 100_000,
  onStep: step,
});
const old = generations.open();
if (old.appliedState().index === 0) {
  old.raftBatch({ index: 3, term: 1, commitTs: 30n }, (batch) => {
    const key = new TextEncoder().encode("old");
    batch.applyMutationsRaft([{ kind: "put", key, value: key, payload: new Uint8Array(5_000) }], BLIND, 30n);
  });
}
step();
const target = generations.createImport();
step();
for (const piece of incoming()) {
  target.write(piece);
  step();
}
target.finish();
step();
old.close();
generations.installImport();
step();
generations.open().close();
generations.discardReplaced();
