/** Tokens of the admin API: what is kept of them, when they count, and what a node knows that others changed. */
import { describe, expect, test } from "bun:test";
import {
  ADMIN_TOKENS_PREFIX,
  adminTokenId,
  adminTokenKey,
  newAdminToken,
} from "../../src/iam/admin-tokens.ts";
import { ReplicatedRows } from "../../src/iam/replicated-rows.ts";
import { ReplicatedAdminTokens, TOKENS_MAX } from "../../src/node/admin-tokens.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { prefixEnd } from "../../src/store/key-encoding.ts";
import { KvError } from "../../src/txn/types.ts";
import { TestKv } from "../s3/support/test-kv.ts";
import { ManualTime } from "../support/manual-time.ts";

const DAY = 86_400_000;
const FRESH = { freshly: true, mayAsk: true };
const APPLIED = { freshly: false, mayAsk: false };

function world() {
  const kv = new TestKv();
  const time = new ManualTime();
  const unreadable: unknown[] = [];
  let up = true;
  /** A node, with rows as of its last `apply`. */
  const node = () => {
    const rows = new ReplicatedRows((error) => unreadable.push(error));
    const tokens = new ReplicatedAdminTokens({
      keyspace: () => (up ? { group: kv, rows } : undefined),
      clock: time,
      timers: time,
      random: systemRandom,
    });
    const apply = async () => {
      const view = await kv.snapshot();
      rows.load({
        getMetaAt: kv.store.getMetaAt.bind(kv.store),
        scanAt: kv.store.scanAt.bind(kv.store),
        appliedState: () => ({ index: 0, term: 0, commitTs: view.readTs }),
      });
    };
    return { tokens, apply };
  };
  return { kv, time, unreadable, node, down: () => void (up = false) };
}

const VIEWER = { role: "viewer", expiresInMs: DAY } as const;

describe("a token", () => {
  test("has 256 random bits and an id, and the keyspace has its hash only", async () => {
    const { kv, node } = world();
    const { tokens } = node();
    const made = await tokens.create({ ...VIEWER, note: "for the dashboard" }, "local");
    expect(made.token).toMatch(/^ekv_admin_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(adminTokenId(made.token)).toBe(made.id);
    const secret = made.token.split("_").slice(3).join("_");
    const stored = kv.rows(ADMIN_TOKENS_PREFIX).map(({ value }) => Buffer.from(value).toString());
    expect(stored).toHaveLength(1);
    expect(JSON.parse(stored[0] ?? "")).toMatchObject({
      v: 1,
      sha256: new Bun.CryptoHasher("sha256").update(made.token).digest("hex"),
      role: "viewer",
      note: "for the dashboard",
      createdBy: "local",
    });
    expect(stored[0]).not.toContain(secret);
    const list = await tokens.list();
    expect(JSON.stringify(list)).not.toContain(secret);
    expect(JSON.stringify(list)).not.toContain("sha256");
    expect(list.tokens).toMatchObject([{ id: made.id, role: "viewer", expired: false }]);
  });

  test("counts at every node, at once for those who may ask the leader", async () => {
    const { node } = world();
    const [one, other] = [node(), node()];
    const { token, id } = await one.tokens.create(VIEWER, "local");
    const valid = { kind: "valid", id, role: "viewer" } as const;
    expect(await other.tokens.check(token, APPLIED)).toEqual({ kind: "refused" });
    expect(await other.tokens.check(token, { freshly: false, mayAsk: true })).toEqual(valid);
    await other.apply();
    expect(await other.tokens.check(token, APPLIED)).toEqual(valid);
  });

  test("that was revoked counts nowhere for a change, and for reading until the node has applied that", async () => {
    const { node } = world();
    const [one, other] = [node(), node()];
    const { token, id } = await one.tokens.create({ role: "operator", expiresInMs: null }, "local");
    await other.apply();
    await one.tokens.revoke(id);
    expect(await other.tokens.check(token, FRESH)).toEqual({ kind: "refused" });
    expect((await other.tokens.check(token, APPLIED)).kind).toBe("valid");
    await other.apply();
    expect(await other.tokens.check(token, APPLIED)).toEqual({ kind: "refused" });
    await expect(one.tokens.revoke(id)).rejects.toMatchObject({ code: "UNKNOWN_TOKEN" });
  });

  test("ends at its time, by the clock of the node that is asked", async () => {
    const { node, time } = world();
    const { tokens, apply } = node();
    const { token } = await tokens.create(VIEWER, "local");
    await apply();
    await time.advance(DAY - 1);
    expect((await tokens.check(token, APPLIED)).kind).toBe("valid");
    await time.advance(1);
    for (const options of [APPLIED, FRESH]) {
      expect(await tokens.check(token, options)).toEqual({ kind: "refused" });
    }
    expect((await tokens.list()).tokens).toMatchObject([{ expired: true }]);
  });

  test("with the id of another, cut short or made up, is refused", async () => {
    const { node } = world();
    const { tokens, apply } = node();
    const { token, id } = await tokens.create(VIEWER, "local");
    await apply();
    const other = newAdminToken(systemRandom).token.split("_").slice(3).join("_");
    for (const wrong of [
      "",
      "x",
      token.slice(0, -1),
      `${token}x`,
      `ekv_admin_${id}_${other}`,
      token.toUpperCase(),
    ]) {
      expect([wrong, await tokens.check(wrong, FRESH)]).toEqual([wrong, { kind: "refused" }]);
    }
  });
});

test("a node that cannot read, or that has no leader for a change, says so and lets nobody in", async () => {
  const { kv, node, down } = world();
  const { tokens, apply } = node();
  const { token } = await tokens.create(VIEWER, "local");
  await apply();
  kv.snapshot = () => Promise.reject(new KvError("UNAVAILABLE", "no leader"));
  expect(await tokens.check(token, FRESH)).toEqual({ kind: "unavailable" });
  // Reading goes on while the cluster has no leader: that is when somebody looks.
  expect((await tokens.check(token, APPLIED)).kind).toBe("valid");
  await expect(tokens.list()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  down();
  expect(await tokens.check(token, APPLIED)).toEqual({ kind: "unavailable" });
  await expect(tokens.create(VIEWER, "local")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a leader that never answers is given up", async () => {
  const { kv, node, time } = world();
  const { tokens } = node();
  kv.snapshot = () => new Promise(() => {});
  const list = tokens.list().catch((error: unknown) => error);
  await time.advance(5_000);
  expect(await list).toMatchObject({ code: "UNAVAILABLE" });
});

test("a damaged row, and one of a newer release, give no rights and hide no other token", async () => {
  const { kv, node, unreadable } = world();
  const { tokens, apply } = node();
  const { token, id } = await tokens.create(VIEWER, "local");
  const put = (row: string, text: string) =>
    kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key: adminTokenKey(row), value: Buffer.from(text) }],
    });
  const value = Buffer.from((await (await kv.snapshot()).get(adminTokenKey(id)))?.value ?? []).toString();
  await put("00000000000000aa", "not JSON");
  await put("00000000000000bb", value.replace('"viewer"', '"auditor"'));
  await put("not-an-id", value);
  await apply();
  expect(unreadable).toHaveLength(2);
  expect((await tokens.check(token, APPLIED)).kind).toBe("valid");
  expect((await tokens.list()).tokens.map((row) => row.id)).toEqual([id]);
});

test("there is a limit, and tokens that ended long ago make room", async () => {
  const { kv, node, time } = world();
  const { tokens } = node();
  const first = await tokens.create({ role: "viewer", expiresInMs: DAY }, "local");
  const view = await (await kv.snapshot()).get(adminTokenKey(first.id));
  const value = view?.value ?? new Uint8Array();
  for (let i = 1; i < TOKENS_MAX; i++) {
    const key = adminTokenKey(i.toString(16).padStart(16, "0"));
    await kv.transact({ conditions: [], mutations: [{ kind: "put", key, value }] });
  }
  await expect(tokens.create(VIEWER, "local")).rejects.toMatchObject({ code: "TOO_MANY_TOKENS" });
  await time.advance(9 * DAY);
  await tokens.create(VIEWER, "local");
  const left = await (await kv.snapshot()).scan(ADMIN_TOKENS_PREFIX, prefixEnd(ADMIN_TOKENS_PREFIX), {
    limit: 10,
  });
  expect(left).toHaveLength(1);
});
