/** Users and keys: what is kept of them, what is refused, and what every node's gateway makes of it. */
import { beforeEach, describe, expect, test } from "bun:test";
import { accountIdOf } from "../../../src/iam/account-id.ts";
import { IAM_PREFIX } from "../../../src/iam/rows.ts";
import { accessKeyBytes, iamKey } from "../../../src/iam/user-rows.ts";
import { KEYS_PER_USER_MAX } from "../../../src/node/users/access-keys.ts";
import { USERS_MAX } from "../../../src/node/users/users.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { encodeBucket } from "../../../src/s3/records/bucket-record.ts";
import { bucketKey } from "../../../src/s3/records/keys.ts";
import { rowOwner } from "../../../src/s3/records/owner.ts";
import { SealingKey } from "../../../src/secrets/sealing-key.ts";
import { ROOT_ID, ROOT_KEY, refusal, type World, world } from "./world.ts";

const DAY = 86_400_000;
let w: World;
beforeEach(async () => {
  w = await world();
});

const secretsOf = (): string =>
  w.kv
    .rows(IAM_PREFIX)
    .map(({ value }) => Buffer.from(value).toString())
    .join("\n");

describe("a user", () => {
  test("has an id, an account, a name and a key that signs at every node that has applied it", async () => {
    const { user, key } = await w.iam.users.create({ name: "ann", displayName: "Ann" });
    expect(user).toMatchObject({
      name: "ann",
      accountId: accountIdOf(user.id),
      arn: `arn:aws:iam::${accountIdOf(user.id)}:user/ann`,
      displayName: "Ann",
      disabled: false,
      policies: ["owner"],
      groups: [],
    });
    expect(user.id).toMatch(/^[0-9a-f]{64}$/);
    expect(user.accountId).toMatch(/^\d{12}$/);
    const accessKey = key?.accessKey ?? "";
    const { view, apply } = w.node();
    expect(view.find(accessKey)).toBeUndefined();
    await apply();
    expect(view.find(accessKey)).toEqual({ userId: user.id, accessKey, secretKey: key?.secretKey ?? "" });
    expect(view.user(user.id)).toMatchObject({ id: user.id, name: "ann", displayName: "Ann" });
    expect(await w.iam.users.show("ann")).toEqual(user);
  });

  test("its secret is in no row, and no answer but the first shows it", async () => {
    const { key } = await w.iam.users.create({ name: "ann" });
    const given = { accessKey: "AKIAGIVEN", secretKey: "a-given-secret" };
    const { key: second } = await w.iam.users.create({ name: "bob", ...given });
    expect(second).toEqual({ accessKey: "AKIAGIVEN", secretKey: null, expiresMs: null });
    for (const secret of [key?.secretKey ?? "", given.secretKey]) {
      for (const text of [secretsOf(), JSON.stringify([await w.iam.users.list(), await w.iam.keys.list()])]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("base64"));
      }
    }
    expect((await w.node().apply()).find("AKIAGIVEN")).toMatchObject({ secretKey: "a-given-secret" });
  });

  test("a row that is moved to another key or another user does not open", async () => {
    const { user } = await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    const { user: bob } = await w.iam.users.create({ name: "bob", withoutKey: true });
    const { rows, view, apply } = w.node();
    await apply();
    const row = rows.table.keys.get("AKIAANN");
    if (row === undefined) throw new Error("no key");
    const moved = (accessKey: string, userId: string) =>
      w.kv.transact({
        conditions: [],
        mutations: [
          { kind: "put", key: iamKey("key", accessKey), value: accessKeyBytes({ ...row, userId }) },
        ],
      });
    await moved("AKIAOTHER", user.id);
    await moved("AKIAANN", bob.id);
    await apply();
    expect([view.find("AKIAOTHER"), view.find("AKIAANN"), w.unreadable.length]).toEqual([
      undefined,
      undefined,
      2,
    ]);
    // It is tried once, not with each request.
    expect([view.find("AKIAANN"), w.unreadable.length]).toEqual([undefined, 2]);
  });

  test("root's configured key does not sign while its row cannot be read: the row may say that it is disabled", async () => {
    const { view, apply } = w.node();
    await apply();
    expect(view.find(ROOT_KEY)).toBeDefined();
    const put = (text: string) =>
      w.kv.transact({
        conditions: [],
        mutations: [{ kind: "put", key: iamKey("key", ROOT_KEY), value: new TextEncoder().encode(text) }],
      });
    await put("{");
    await apply();
    expect(view.find(ROOT_KEY)).toBeUndefined();
    await w.kv.transact({
      conditions: [],
      mutations: [{ kind: "delete", key: iamKey("key", ROOT_KEY) }],
    });
    await apply();
    expect(view.find(ROOT_KEY)).toBeDefined();
  });

  test("disabled: none of its keys signs, at once for what a node has applied; enabled again they do", async () => {
    const { user } = await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    const { view, apply } = w.node();
    await apply();
    await w.iam.users.disable("ann", true);
    expect(view.find("AKIAANN")).toBeDefined();
    await apply();
    expect(view.find("AKIAANN")).toBeUndefined();
    // Its buckets still show whose they are.
    expect(view.user(user.id)?.name).toBe("ann");
    await w.iam.users.disable("ann", false);
    await apply();
    expect(view.find("AKIAANN")).toBeDefined();
  });

  test("deleted: its keys and memberships go with it, and one of the same name is somebody else", async () => {
    const { user } = await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    await w.iam.groups.create("staff");
    await w.iam.groups.add("staff", "ann");
    await w.iam.users.delete("ann");
    const view = await w.node().apply();
    expect([view.find("AKIAANN"), view.user(user.id)]).toEqual([undefined, undefined]);
    expect((await w.iam.groups.list()).groups[0]?.members).toEqual([]);
    const { user: again } = await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    expect(again.id).not.toBe(user.id);
  });

  test("that owns a bucket is not deleted, and the refusal names the bucket", async () => {
    const { user } = await w.iam.users.create({ name: "ann" });
    const record = {
      generation: 1n,
      createdMs: 1,
      region: "us-east-1",
      owner: rowOwner(user.id),
      versioning: "off",
      objectLock: false,
    } as const;
    await w.kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key: bucketKey("anns-bucket"), value: encodeBucket(record) }],
    });
    const refused = w.iam.users.delete("ann");
    expect(refused).rejects.toMatchObject({
      code: "IN_USE",
      message: expect.stringContaining("anns-bucket"),
    });
    await refused.catch(() => {});
    await w.kv.transact({ conditions: [], mutations: [{ kind: "delete", key: bucketKey("anns-bucket") }] });
    await w.iam.users.delete("ann");
    expect(await refusal(w.iam.users.show("ann"))).toBe("UNKNOWN_USER");
  });

  test("what is refused", async () => {
    await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    for (const [work, code] of [
      [w.iam.users.create({ name: "ann" }), "EXISTS"],
      [w.iam.users.create({ name: "root" }), "EXISTS"],
      [w.iam.users.create({ name: "bob", accessKey: "AKIAANN" }), "EXISTS"],
      [w.iam.users.create({ name: "bob", accessKey: ROOT_KEY }), "EXISTS"],
      [w.iam.users.create({ name: "bob", secretKey: "without-its-access-key" }), "INVALID"],
      [w.iam.users.create({ name: "bob", withoutKey: true, accessKey: "AKIABOB" }), "INVALID"],
      [w.iam.users.create({ name: "bob", policies: ["none"] }), "UNKNOWN_POLICY"],
      [w.iam.users.disable("root", true), "INVALID"],
      [w.iam.users.disable("bob", true), "UNKNOWN_USER"],
      [w.iam.users.delete("root"), "INVALID"],
      [w.iam.users.delete("bob"), "UNKNOWN_USER"],
    ] as const) {
      expect(await refusal(work)).toBe(code);
    }
    expect((await w.iam.users.list()).users.map(({ name }) => name)).toEqual(["root", "ann"]);
  });

  test("no more than the bound", async () => {
    const table = Array.from({ length: USERS_MAX }, (_, i) => i);
    for (let i = 0; i < table.length; i += 500) {
      await w.kv.transact({
        conditions: [],
        mutations: table.slice(i, i + 500).map((n) => ({
          kind: "put",
          key: iamKey("user", `user-${n}`),
          value: Buffer.from(
            JSON.stringify({
              v: 1,
              id: n.toString(16).padStart(64, "0"),
              displayName: "",
              disabled: false,
              createdMs: 1,
              policies: [],
            }),
          ),
        })),
      });
    }
    expect(await refusal(w.iam.users.create({ name: "one-more" }))).toBe("TOO_MANY");
    // More than one page is read at a start, too.
    const { rows, apply } = w.node();
    await apply();
    expect(rows.table.users.size).toBe(USERS_MAX);
  });

  test("a node without the sealing key says so, and its gateway asks for patience", async () => {
    await w.iam.users.create({ name: "ann", accessKey: "AKIAANN" });
    w.setSealing(undefined);
    expect(await refusal(w.iam.users.create({ name: "bob" }))).toBe("UNAVAILABLE");
    await w.iam.users.create({ name: "carl", withoutKey: true });
    const view = await w.node().apply();
    expect([view.find("AKIAANN"), view.find("AKIANOBODY")]).toEqual(["later", undefined]);
    w.setSealing("lost");
    expect(view.find("AKIAANN")).toBeUndefined();
    w.setSealing(SealingKey.make(systemRandom));
    expect(view.find("AKIAANN")).toBeUndefined();
  });

  test("a node that cannot read says so", async () => {
    w.down();
    expect(await refusal(w.iam.users.list())).toBe("UNAVAILABLE");
  });

  test("of two that are made at once with one name, or one access key, one is refused", async () => {
    const both = (one: Parameters<typeof w.iam.users.create>[0], other: typeof one) =>
      Promise.all([refusal(w.iam.users.create(one)), refusal(w.iam.users.create(other))]);
    expect(await both({ name: "ann" }, { name: "ann" })).toContain("EXISTS");
    expect(await both({ name: "bob", accessKey: "AKIA1" }, { name: "carl", accessKey: "AKIA1" })).toContain(
      "EXISTS",
    );
    // Others are only in each other's way, and both are made.
    expect((await both({ name: "d" }, { name: "e" })).filter((one) => typeof one === "string")).toEqual([]);
  });
});

describe("an access key", () => {
  test("of one user there are several: disabled, enabled, deleted one by one", async () => {
    await w.iam.users.create({ name: "ann", accessKey: "AKIAONE" });
    await w.iam.keys.create({ user: "ann", accessKey: "AKIATWO", description: "for the laptop" });
    const { view, apply } = w.node();
    const valid = async () => {
      await apply();
      return ["AKIAONE", "AKIATWO"].filter((key) => view.find(key) !== undefined);
    };
    expect(await valid()).toEqual(["AKIAONE", "AKIATWO"]);
    await w.iam.keys.enable("AKIAONE", false);
    expect(await valid()).toEqual(["AKIATWO"]);
    await w.iam.keys.enable("AKIAONE", true);
    expect(await valid()).toEqual(["AKIAONE", "AKIATWO"]);
    await w.iam.keys.delete("AKIATWO");
    expect(await valid()).toEqual(["AKIAONE"]);
    expect(await w.iam.keys.list("ann")).toMatchObject({ keys: [{ accessKey: "AKIAONE", user: "ann" }] });
    expect(await refusal(w.iam.keys.delete("AKIATWO"))).toBe("UNKNOWN_KEY");
    expect(await refusal(w.iam.keys.create({ user: "nobody" }))).toBe("UNKNOWN_USER");
  });

  test("expires by the clock of the node that checks it", async () => {
    await w.iam.users.create({ name: "ann", accessKey: "AKIAANN", expiresInMs: DAY });
    const view = await w.node().apply();
    await w.time.advance(DAY - 1);
    expect([view.find("AKIAANN") !== undefined, (await w.iam.keys.list("ann")).keys[0]?.expired]).toEqual([
      true,
      false,
    ]);
    await w.time.advance(1);
    expect([view.find("AKIAANN"), (await w.iam.keys.list("ann")).keys[0]?.expired]).toEqual([
      undefined,
      true,
    ]);
  });

  test("rotated: another pair for the same user, and the old one stays as long as it is told to", async () => {
    await w.iam.users.create({ name: "ann", accessKey: "AKIAONE", description: "laptop" });
    const made = await w.iam.keys.rotate("AKIAONE", DAY);
    const view = await w.node().apply();
    expect(view.find(made.accessKey)).toMatchObject({ secretKey: made.secretKey ?? "" });
    expect(view.find("AKIAONE")).toBeDefined();
    await w.time.advance(DAY);
    expect([view.find("AKIAONE"), view.find(made.accessKey) !== undefined]).toEqual([undefined, true]);
    const { keys } = await w.iam.keys.list("ann");
    expect(keys.map(({ description }) => description)).toEqual(["laptop", "laptop"]);
    // An expiry that comes earlier is kept.
    const short = await w.iam.keys.create({ user: "ann", expiresInMs: 60_000 });
    await w.iam.keys.rotate(short.accessKey, DAY);
    const old = (await w.iam.keys.list("ann")).keys.find(({ accessKey }) => accessKey === short.accessKey);
    expect(old?.expiresMs).toBe(short.expiresMs);
  });

  test("of root: more of them, and the configured one is disabled, enabled, rotated while the cluster runs", async () => {
    const { view, apply } = w.node();
    const valid = async (...keys: string[]) => {
      await apply();
      return keys.filter((key) => view.find(key) !== undefined);
    };
    const second = await w.iam.keys.create({ user: "root", accessKey: "AKIASECOND" });
    expect(await valid(ROOT_KEY, "AKIASECOND")).toEqual([ROOT_KEY, "AKIASECOND"]);
    expect(view.find("AKIASECOND")).toEqual({
      userId: ROOT_ID,
      accessKey: "AKIASECOND",
      secretKey: second.secretKey ?? "",
    });
    await w.iam.keys.enable(ROOT_KEY, false);
    expect(await valid(ROOT_KEY, "AKIASECOND")).toEqual(["AKIASECOND"]);
    await w.iam.keys.enable(ROOT_KEY, true);
    expect(view.find(ROOT_KEY)).toBeUndefined();
    await apply();
    expect(view.find(ROOT_KEY)).toEqual({
      userId: ROOT_ID,
      accessKey: ROOT_KEY,
      secretKey: "secret-of-root",
    });
    const rotated = await w.iam.keys.rotate(ROOT_KEY, 0);
    expect(await valid(ROOT_KEY, rotated.accessKey)).toEqual([rotated.accessKey]);
    const shown = (await w.iam.keys.list("root")).keys.map((key) => [
      key.accessKey,
      key.configured,
      key.expired,
    ]);
    expect(shown.toSorted()).toEqual(
      [
        [ROOT_KEY, true, true],
        ["AKIASECOND", false, false],
        [rotated.accessKey, false, false],
      ].toSorted(),
    );
    // Without its row the configured key would be valid again.
    expect(await refusal(w.iam.keys.delete(ROOT_KEY))).toBe("IN_USE");
  });

  test("no more than the bound for one user", async () => {
    await w.iam.users.create({ name: "ann", withoutKey: true });
    for (let i = 0; i < KEYS_PER_USER_MAX; i++) await w.iam.keys.create({ user: "ann" });
    expect(await refusal(w.iam.keys.create({ user: "ann" }))).toBe("TOO_MANY");
  });
});
