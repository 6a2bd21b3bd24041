import { expect, test } from "bun:test";
import { KeyTurns } from "../../../src/s3/versions/turns.ts";

test("one writer of a key after the other, whatever becomes of each; other keys do not wait", async () => {
  const turns = new KeyTurns({ later: () => () => {} });
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take("b", "k", async () => {
    await gate.promise;
    order.push("first");
    throw new Error("failed");
  });
  const second = turns.take("b", "k", async () => order.push("second"));
  await turns.take("b", "other", async () => order.push("other"));
  gate.resolve();
  await expect(first).rejects.toThrow("failed");
  await second;
  expect(order).toEqual(["other", "first", "second"]);
});

test("nobody waits for a writer that takes long", async () => {
  const waits: (() => void)[] = [];
  const turns = new KeyTurns({
    later: (task) => {
      waits.push(task);
      return () => {};
    },
  });
  const never = turns.take("b", "k", () => new Promise<void>(() => {}));
  const second = turns.take("b", "k", async () => "done");
  await Bun.sleep(0);
  for (const task of waits) task();
  expect(await second).toBe("done");
  expect(never).toBeInstanceOf(Promise);
});
