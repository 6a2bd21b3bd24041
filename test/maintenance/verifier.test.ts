/** Every kind of problem is found, exactly once, and nothing else; a walk can stop anywhere. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { VerifyStep } from "../../src/api/maintenance.ts";
import { decodeCursor, encodeCursor } from "../../src/maintenance/cursor.ts";
import { Verifier } from "../../src/maintenance/verifier.ts";
import { hexOf } from "../../src/platform/bytes.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { type BucketRef, bucketChunksPrefix, objectKey } from "../../src/s3/records/keys.ts";
import { referenceKey } from "../../src/txn/references.ts";
import { type Harness, harness, pattern } from "../s3/support/harness.ts";
import { TestKv } from "../s3/support/test-kv.ts";
import { cut, Members, putBlobObject, refOf } from "./support/blobs.ts";

const KIB = 1024;
let h: Harness;
let kv: TestKv;
let members: Members;
let verifier: Verifier;
let ref: BucketRef;

beforeEach(async () => {
  kv = new TestKv({ maxTxnBytes: 256 * KIB });
  h = harness({ kv });
  members = new Members(3, 1);
  verifier = new Verifier({ kv, copies: members, holders: () => members.roster, timers: systemTimers });
  await h.call("PUT", "/photos");
  ref = await refOf(kv, "photos");
});

async function all(deep = false, maxBytes?: number) {
  const steps: VerifyStep[] = [];
  for (let cursor: string | null = null; ; ) {
    const step: VerifyStep = await verifier.step({
      cursor,
      deep,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    steps.push(step);
    if (step.cursor === null) break;
    cursor = step.cursor;
    if (steps.length > 10_000) throw new Error("the walk does not end");
  }
  const sum = (pick: (step: VerifyStep) => number) => steps.reduce((total, step) => total + pick(step), 0);
  return {
    steps,
    objects: sum((step) => step.objects),
    bytes: sum((step) => step.bytes),
    copies: sum((step) => step.copies),
    blobs: sum((step) => step.blobs),
    verified: sum((step) => step.verifiedBytes),
    problems: steps.flatMap((step) => step.problems),
    unreachable: [...new Set(steps.flatMap((step) => step.unreachable))],
  };
}

const kinds = (problems: readonly { kind: string; key: string }[]) =>
  problems.map(({ kind, key }) => `${kind} ${key}`).sort();

async function blobObject(key: string, size: number, chunkSize = 16 * KIB, nodes?: number[], seed = 1) {
  const chunks = cut(pattern(size, seed), chunkSize);
  const blobs = chunks.map((chunk) => members.store(chunk, nodes));
  return { blobs, prefix: await putBlobObject(kv, ref, key, blobs, chunkSize) };
}

test("an empty cluster, and one without problems: everything is counted", async () => {
  expect(await all()).toMatchObject({ objects: 0, bytes: 0, problems: [] });
  await h.call("PUT", "/photos/inline", { body: pattern(1_000) });
  await h.call("PUT", "/photos/log", { body: pattern(700 * KIB) });
  await blobObject("blobs", 100 * KIB);
  await h.call("PUT", "/second");
  await h.call("PUT", "/second/one", { body: "1" });
  const bytes = 1_000 + 700 * KIB + 100 * KIB + 1;
  expect(await all()).toMatchObject({ objects: 4, bytes, blobs: 7, copies: 28, verified: 0, problems: [] });
  const deep = await all(true);
  expect(deep.verified).toBe(1_000 + 700 * KIB + 4 * 100 * KIB + 1);
  expect(deep.problems).toEqual([]);
});

/** Six versions of `a` and of `b`: small ones, delete markers, and chunks in the log. */
async function versions(): Promise<number> {
  const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  await h.call("PUT", "/photos?versioning", { body });
  let bytes = 0;
  for (const key of ["a", "b"]) {
    for (const size of [10, 700 * KIB, 0, 20, 300 * KIB, 30]) {
      if (size === 0) await h.call("DELETE", `/photos/${key}`);
      else await h.call("PUT", `/photos/${key}`, { body: pattern(size, size) });
      bytes += size;
    }
  }
  return bytes;
}

test("versions that are not current are verified too, in steps of any size", async () => {
  const bytes = await versions();
  for (const maxBytes of [undefined, 100 * KIB, 1]) {
    const found = await all(true, maxBytes);
    // Delete markers are no objects.
    expect(found).toMatchObject({ objects: 10, bytes, verified: bytes, problems: [] });
  }
});

test("damage of an older version names the version, and is none when the version is gone", async () => {
  await versions();
  const list = await h.call("GET", "/photos?versions&prefix=a");
  const id = list.tags("VersionId")[4] ?? "";
  const [chunk] = kv.rows(bucketChunksPrefix(ref));
  await kv.transact({ conditions: [], mutations: [{ kind: "delete", key: chunk?.key as Uint8Array }] });
  const { problems } = await all();
  expect(problems).toHaveLength(1);
  const damaged =
    list.tags("VersionId").find((one) => problems[0]?.detail.endsWith(`(version ${one})`)) ?? "";
  expect([problems[0]?.kind, damaged === ""]).toEqual(["damaged", false]);
  await h.call("DELETE", `/photos/a?versionId=${damaged}`);
  expect((await all()).problems).toEqual([]);
  expect(id).toHaveLength(48);
});

describe("problems", () => {
  test("lost, missing on a voter, corrupt, unreachable; a learner may lack copies", async () => {
    const lost = await blobObject("lost", 10, 16 * KIB, [], 2);
    await blobObject("learner-lacks", 10, 16 * KIB, [1, 2, 3], 3);
    await blobObject("voter-lacks", 10, 16 * KIB, [1, 2], 4);
    const corrupt = await blobObject("corrupt", 10, 16 * KIB, undefined, 5);
    members.blobs(2).set(hexOf(corrupt.blobs[0]?.sha256 as Uint8Array), new Uint8Array(10));
    expect(kinds((await all()).problems)).toEqual(["lost lost", "missing-copy voter-lacks"]);
    const { problems, unreachable } = await all(true);
    expect(kinds(problems)).toEqual(["corrupt-copy corrupt", "lost lost", "missing-copy voter-lacks"]);
    expect(unreachable).toEqual([]);
    expect(problems.find(({ kind }) => kind === "lost")?.detail).toContain(
      hexOf(lost.blobs[0]?.sha256 as Uint8Array),
    );
    expect(problems.find(({ kind }) => kind === "missing-copy")?.detail).toContain("n3");
    expect(problems.find(({ kind }) => kind === "corrupt-copy")?.detail).toContain("n2");
    const third = members.members.get(3);
    if (third !== undefined) third.down = true;
    const down = await all();
    expect(kinds(down.problems)).toEqual(["unreachable lost"]);
    expect(down.unreachable).toEqual(["n3"]);
  });

  test("a voter that gives no answer at all counts as unreachable", async () => {
    await blobObject("a", 10);
    members.members.delete(2);
    expect((await all()).unreachable).toEqual(["n2"]);
  });

  test("references that are missing, damaged or of another size", async () => {
    const { prefix } = await blobObject("a", 40, 10);
    await kv.transact({ conditions: [], mutations: [{ kind: "unreference", key: referenceKey(prefix, 1) }] });
    await kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key: referenceKey(prefix, 2), value: new Uint8Array(3) }],
    });
    const short = members.store(pattern(9));
    await kv.transact({
      conditions: [],
      mutations: [{ kind: "reference", prefix, first: 3, source: 1, blobs: [short] }],
    });
    const { problems } = await all();
    expect(problems.map(({ detail }) => detail).sort()).toEqual([
      "chunk 3 has 9 bytes, not 10",
      "the reference to chunk 1 is missing",
      "the reference to chunk 2 is damaged",
    ]);
    expect(new Set(problems.map(({ kind }) => kind))).toEqual(new Set(["damaged"]));
  });

  test("chunks in the keyspace that are missing, or have other bytes", async () => {
    await h.call("PUT", "/photos/log", { body: pattern(700 * KIB) });
    const [first, second] = kv.rows(bucketChunksPrefix(ref));
    if (first === undefined || second === undefined) throw new Error("no chunks");
    const row = kv.store.getAt(first.key, kv.store.appliedState().commitTs);
    const payload = Uint8Array.from(row?.payload ?? []);
    payload[5] = (payload[5] ?? 0) ^ 1;
    await kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key: first.key, value: first.value, payload }],
    });
    expect((await all()).problems).toEqual([]);
    expect((await all(true)).problems.map(({ detail }) => detail)).toEqual([
      "chunk 0: other bytes than were written",
    ]);
    await kv.transact({ conditions: [], mutations: [{ kind: "delete", key: second.key }] });
    expect((await all()).problems.map(({ detail }) => detail)).toEqual(["1 chunks are missing"]);
    expect((await all(true)).problems).toHaveLength(2);
  });

  test("a row that cannot be read, and an inline payload with another checksum", async () => {
    await h.call("PUT", "/photos/a", { body: "abc" });
    await h.call("PUT", "/photos/b", { body: "abc" });
    await h.call("PUT", "/photos/c", { body: "abc" });
    const a = objectKey(ref, "a");
    const row = kv.store.getAt(a, kv.store.appliedState().commitTs);
    await kv.transact({
      conditions: [],
      mutations: [
        { kind: "put", key: a, value: row?.value as Uint8Array, payload: Buffer.from("abd") },
        { kind: "put", key: objectKey(ref, "b"), value: Uint8Array.of(255, 255, 255) },
      ],
    });
    const { problems, objects } = await all();
    expect([kinds(problems), objects]).toEqual([["damaged a", "damaged b"], 3]);
  });

  test("an object that changes during the step has none", async () => {
    const { prefix } = await blobObject("a", 40, 10);
    await kv.transact({ conditions: [], mutations: [{ kind: "unreference", key: referenceKey(prefix, 1) }] });
    const check = members.check.bind(members);
    members.check = async (blobs, deep) => {
      await h.call("PUT", "/photos/a", { body: "new" });
      return check(blobs, deep);
    };
    expect((await all()).problems).toEqual([]);
  });
});

describe("steps are bounded", () => {
  test("deep: a huge object is cut at every byte limit; nothing is left out or counted twice", async () => {
    await h.call("PUT", "/photos/0", { body: "before" });
    const { blobs } = await blobObject("big", 1_000 * KIB, 10 * KIB);
    await h.call("PUT", "/photos/log", { body: pattern(700 * KIB) });
    await h.call("PUT", "/photos/z", { body: "after" });
    members.blobs(3).delete(hexOf(blobs[77]?.sha256 as Uint8Array));
    const { steps, objects, verified, problems } = await all(true, 30 * KIB);
    expect(steps.length).toBeGreaterThanOrEqual(34);
    expect([objects, verified]).toEqual([4, 4 * 1_000 * KIB - 10 * KIB + 700 * KIB + 11]);
    expect(kinds(problems)).toEqual(["missing-copy big"]);
    for (const step of steps) expect(step.verifiedBytes).toBeLessThanOrEqual(4 * 30 * KIB + 256 * KIB);
  });

  test("an object that is overwritten between two steps begins anew", async () => {
    await blobObject("big", 100 * KIB, 10 * KIB);
    const first = await verifier.step({ cursor: null, deep: true, maxBytes: 30 * KIB });
    expect(decodeCursor(first.cursor ?? "").inside).toMatchObject({ key: "big", chunk: 3 });
    await blobObject("big", 50 * KIB, 10 * KIB, undefined, 9);
    const rest = await verifier.step({ cursor: first.cursor, deep: true });
    expect(rest).toMatchObject({ cursor: null, objects: 1, blobs: 5, problems: [] });
  });

  test("1,200 small objects take several steps; buckets deleted meanwhile are passed", async () => {
    for (let i = 0; i < 1_200; i++) {
      await h.call("PUT", `/photos/${String(i).padStart(5, "0")}`, { body: "x" });
    }
    const { objects, steps } = await all();
    expect([objects, steps.length]).toEqual([1_200, 3]);
    const gone = encodeCursor({ bucket: "a-gone", after: "zzz", slot: undefined, inside: undefined });
    expect((await verifier.step({ cursor: gone, deep: false })).objects).toBe(500);
  });

  test("another text is no cursor", async () => {
    for (const cursor of ["", "x", Buffer.from("[1,2,3]").toString("base64url"), "W10"]) {
      await expect(verifier.step({ cursor, deep: false })).rejects.toThrow("no position");
    }
  });

  test("the problems of a step are named up to 1,000, and all counted", async () => {
    const blob = members.store(pattern(10), []);
    for (let i = 0; i < 17; i++) {
      await putBlobObject(
        kv,
        ref,
        `o${i}`,
        Array.from({ length: 64 }, () => blob),
        10,
      );
    }
    const many = Array.from({ length: 1_023 }, (_, i) => members.store(pattern(10, i + 5), []));
    await putBlobObject(kv, ref, "p", many, 10);
    const { steps } = await all();
    const counted = steps.reduce((sum, step) => sum + (step.counts["lost"] ?? 0), 0);
    expect(counted).toBe(17 + 1_023);
    for (const step of steps) expect(step.problems.length).toBeLessThanOrEqual(1_000);
  });
});
