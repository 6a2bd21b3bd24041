import { describe, expect, test } from "bun:test";
import { UpdateLockError } from "../../src/api/operations.ts";
import { UpdateLocks } from "../../src/node/update-lock.ts";
import { settingKey } from "../../src/txn/keys.ts";
import { Rows } from "./support/rows.ts";

const locksOn = (rows: Rows) => new UpdateLocks({ kv: () => rows, clock: { nowMs: () => 90_000 } });

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UpdateLockError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "";
}

describe("the update lock", () => {
  test("is kept by its owner, refused to others by name, and given back by the owner or by force", async () => {
    const locks = locksOn(new Rows());
    expect(await locks.show()).toEqual({ lock: null });
    const first = await locks.acquire("ann@a");
    expect([first.changed, first.lock?.owner]).toEqual([true, "ann@a"]);
    const again = await locks.acquire("ann@a");
    expect(again).toEqual({ ...first, changed: false });
    expect(await refusal(locks.acquire("bob"))).toContain('HELD: "ann@a" has the update lock since');
    expect(await refusal(locks.release("bob", false))).toContain("HELD");
    expect((await locks.show()).lock?.owner).toBe("ann@a");
    expect(await locks.release("bob", true)).toEqual({ lock: null, changed: true });
    expect(await locks.release("ann@a", false)).toEqual({ lock: null, changed: false });
  });

  test("goes to whoever was first when two ask at once", async () => {
    const rows = new Rows();
    let other: Promise<unknown> = Promise.resolve();
    rows.beforeWrite.push(() => {
      other = locksOn(rows).acquire("bob");
    });
    const mine = await refusal(locksOn(rows).acquire("ann"));
    const his = await refusal(other);
    expect([mine, his].filter((text) => text.startsWith("HELD"))).toHaveLength(1);
  });

  test("of a later release is held by somebody, and is released by force alone", async () => {
    const rows = new Rows();
    rows.put(settingKey("update-lock"), new Uint8Array([1, 2]));
    expect((await locksOn(rows).show()).lock?.owner).toBeNull();
    expect(await refusal(locksOn(rows).acquire("ann"))).toContain("cannot read");
    expect(await refusal(locksOn(rows).release("ann", false))).toContain("HELD");
    expect((await locksOn(rows).release("ann", true)).changed).toBe(true);
  });

  test.each(["", "  ", "a\nb", "x".repeat(201)])("has no owner %p", async (owner) => {
    expect(await refusal(locksOn(new Rows()).acquire(owner))).toContain("INVALID");
  });

  test("is not there before the keyspace is open", async () => {
    const locks = new UpdateLocks({ kv: () => undefined, clock: { nowMs: () => 0 } });
    expect(await refusal(locks.show())).toContain("UNAVAILABLE");
  });
});
