/** Root's user id is written until it is there, by the key that is certain, and by nobody after the stop. */
import { expect, test } from "bun:test";
import { ROOT_USER_KEY, rootUserOf, userIdOf } from "../../src/iam/rows.ts";
import { startKeepingRootUser } from "../../src/node/root-user.ts";
import { KvError, type Txn } from "../../src/txn/types.ts";
import { TestKv } from "../s3/support/test-kv.ts";

function world() {
  const kv = new TestKv();
  const later: (() => void)[] = [];
  const warned: string[] = [];
  const key = Promise.withResolvers<string>();
  const stop = startKeepingRootUser({
    kv,
    accessKey: key.promise,
    timers: {
      later: (task) => {
        later.push(task);
        return () => void later.splice(later.indexOf(task), 1);
      },
    },
    log: { warn: (message) => void warned.push(message) },
  });
  const written = (): string | undefined => {
    const [row] = kv.rows(ROOT_USER_KEY);
    return row === undefined ? undefined : rootUserOf(row.value);
  };
  return { kv, later, warned, key, stop, written };
}

const refuse = (): never => {
  throw new KvError("DISK_FULL", "the disk is in its reserve");
};

test("nothing is written before the access key is certain", async () => {
  const { key, written } = world();
  await Bun.sleep(5);
  expect(written()).toBeUndefined();
  key.resolve("AKIAROOT");
  await Bun.sleep(5);
  expect(written()).toBe(userIdOf("AKIAROOT"));
});

test("a refused write is repeated, with one line in the log, until the row is there", async () => {
  const { kv, later, warned, key, written } = world();
  kv.before = refuse as (txn: Txn) => void;
  key.resolve("AKIAROOT");
  await Bun.sleep(5);
  for (let round = 0; round < 2; round++) {
    expect([later.length, written()]).toEqual([1, undefined]);
    later.shift()?.();
    await Bun.sleep(5);
  }
  kv.before = undefined;
  later.shift()?.();
  await Bun.sleep(5);
  expect([later.length, warned.length, written()]).toEqual([0, 1, userIdOf("AKIAROOT")]);
});

test("after the stop nothing is tried again", async () => {
  const { kv, later, key, stop, written } = world();
  kv.before = refuse as (txn: Txn) => void;
  key.resolve("AKIAROOT");
  await Bun.sleep(5);
  stop();
  kv.before = undefined;
  expect([later.length, written()]).toEqual([0, undefined]);
});
