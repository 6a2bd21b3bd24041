/** Rows about users reach every gateway's memory with the batches that a node applies: no request reads them. */
import { afterEach, describe, expect, test } from "bun:test";
import { Secret } from "../../src/config/secret.ts";
import { accountIdOf } from "../../src/iam/account-id.ts";
import { ReplicatedRows } from "../../src/iam/replicated-rows.ts";
import { IAM_PREFIX, ROOT_USER_KEY, rootUserRow, userIdOf } from "../../src/iam/rows.ts";
import { UserView } from "../../src/iam/user-view.ts";
import { packKeys } from "../../src/messages/changed-keys.ts";
import { keepRootUser } from "../../src/node/root-user.ts";
import { settingKey } from "../../src/txn/keys.ts";
import { LocalCluster, until } from "../support/local-cluster/local-cluster.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";

const ID = "ab".repeat(32);
const OTHER = "cd".repeat(32);

const viewOf = (rows: ReplicatedRows, accessKey: string): UserView =>
  new UserView({
    rows,
    root: { accessKey, secretKey: new Secret("secret-of-root"), source: "environment" },
    sealing: () => undefined,
    clock: { nowMs: () => 0 },
    onUnreadable: () => {},
  });

describe("one gateway", () => {
  const world = () => {
    const store = new MemoryStore();
    const errors: unknown[] = [];
    const rows = new ReplicatedRows((error) => errors.push(error));
    let ts = 0n;
    const put = (key: Uint8Array, value: Uint8Array | undefined): bigint => {
      ts += 1n;
      const mutation =
        value === undefined ? ({ kind: "delete", key } as const) : ({ kind: "put", key, value } as const);
      store.applyMutations([mutation], ts - 1n, ts);
      return ts;
    };
    /** What is read is of the newest state, as the message may be of an older one. */
    const reader = {
      getMetaAt: store.getMetaAt.bind(store),
      scanAt: store.scanAt.bind(store),
      appliedState: () => ({ index: 0, term: 0, commitTs: ts }),
    };
    return { reader, rows, errors, put };
  };

  test("takes what is there when the keyspace is opened, and again when another takes its place", () => {
    const { reader, rows, put } = world();
    put(ROOT_USER_KEY, rootUserRow(ID));
    rows.load(reader);
    expect(rows.rootId).toBe(ID);
    const other = world();
    rows.load(other.reader);
    expect(rows.rootId).toBeUndefined();
  });

  test("takes a changed row, a deleted one, and everything when it is not told what changed", () => {
    const { reader, rows, put } = world();
    put(ROOT_USER_KEY, rootUserRow(ID));
    rows.applied(reader, packKeys([ROOT_USER_KEY]));
    expect(rows.rootId).toBe(ID);
    put(ROOT_USER_KEY, undefined);
    rows.applied(reader, packKeys([settingKey("other"), ROOT_USER_KEY]));
    expect(rows.rootId).toBeUndefined();
    put(ROOT_USER_KEY, rootUserRow(OTHER));
    rows.applied(reader, undefined);
    expect(rows.rootId).toBe(OTHER);
  });

  test("reads the newest state: the store may be ahead of the message, and what the message is of may be compacted", () => {
    const { reader, rows, put } = world();
    put(ROOT_USER_KEY, rootUserRow(ID));
    put(ROOT_USER_KEY, rootUserRow(OTHER));
    rows.applied(reader, packKeys([ROOT_USER_KEY]));
    expect(rows.rootId).toBe(OTHER);
  });

  test("a request that was authenticated before the row came is root's still", () => {
    const { reader, rows, put } = world();
    const view = viewOf(rows, "AKIAROOT");
    const before = view.root.id;
    put(ROOT_USER_KEY, rootUserRow(OTHER));
    rows.applied(reader, packKeys([ROOT_USER_KEY]));
    expect([view.root.id, view.user(before)?.id, view.user(ID)]).toEqual([OTHER, OTHER, undefined]);
  });

  test("reads nothing when nothing about users changed", () => {
    const { rows } = world();
    const never = (): never => {
      throw new Error("read");
    };
    const keys = [settingKey("sealing"), IAM_PREFIX.subarray(0, 3), new Uint8Array(0)];
    rows.applied({ getMetaAt: never, scanAt: never, appliedState: never }, packKeys(keys));
    expect(rows.rootId).toBeUndefined();
  });

  test.each([
    ["not JSON", new Uint8Array([1, 2])],
    ["no user id", rootUserRow("AKIAROOT")],
  ])("a row that is %s counts as none, and is told of", (_what, value) => {
    const { reader, rows, errors, put } = world();
    put(ROOT_USER_KEY, value);
    rows.applied(reader, packKeys([ROOT_USER_KEY]));
    expect([rows.rootId, errors.length]).toEqual([undefined, 1]);
  });
});

describe("a cluster", () => {
  let cluster: LocalCluster | undefined;
  afterEach(() => cluster?.stopAll());
  const started = async (): Promise<LocalCluster> => {
    cluster = new LocalCluster(["n1", "n2", "n3"]);
    await cluster.startAll();
    return cluster;
  };
  const seen = (name: string, id: string): Promise<unknown> =>
    until(`${name} to have the row`, () => cluster?.node(name).front.users.rootId === id);

  test("a row that one node writes is in the memory of all, without a read of theirs", async () => {
    const all = await started();
    const put = { kind: "put", key: ROOT_USER_KEY, value: rootUserRow(ID) } as const;
    await all.node("n3").front.kv.system.transact({ conditions: [], mutations: [put] });
    for (const name of ["n1", "n2", "n3"]) await seen(name, ID);
  });

  test("whoever read what was written after it has it", async () => {
    const all = await started();
    const put = { kind: "put", key: ROOT_USER_KEY, value: rootUserRow(ID) } as const;
    await all.node("n2").front.kv.system.transact({ conditions: [], mutations: [put] });
    for (const name of ["n1", "n2", "n3"]) {
      await all.node(name).front.kv.system.snapshot();
      expect(all.node(name).front.users.rootId).toBe(ID);
    }
  });

  test("it is there at the next start, before anything is read", async () => {
    const all = await started();
    await keepRootUser(all.node("n1").front.kv.system, "AKIAROOT");
    await seen("n2", userIdOf("AKIAROOT"));
    await all.stop("n2");
    await all.start("n2").opened;
    expect(all.node("n2").front.users.rootId).toBe(userIdOf("AKIAROOT"));
  });

  test("root stays who it was, whatever its access key becomes, on every node", async () => {
    const all = await started();
    const before = viewOf(all.node("n1").front.users, "AKIAROOT");
    const answered = before.root.id;
    await keepRootUser(all.node("n1").front.kv.system, "AKIAROOT");
    // Rotated, and two nodes start with the new key at once.
    await Promise.all(["n2", "n3"].map((name) => keepRootUser(all.node(name).front.kv.system, "AKIANEW")));
    const rotated = {
      id: answered,
      name: "root",
      accountId: accountIdOf(answered),
      displayName: "root",
    };
    for (const name of ["n1", "n2", "n3"]) {
      await seen(name, answered);
      const view = viewOf(all.node(name).front.users, "AKIANEW");
      expect([view.root, view.user(answered), view.user(userIdOf("AKIANEW"))]).toEqual([
        rotated,
        rotated,
        undefined,
      ]);
    }
    expect(before.root.id).toBe(answered);
  });
});
