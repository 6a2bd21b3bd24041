import { expect, test } from "bun:test";
import { LineQueue } from "../../src/monitoring/line-queue.ts";

type Done = (error: NodeJS.ErrnoException | null) => void;

function fixture(maxWaiting = 100) {
  const tasks: (() => void)[] = [];
  const writes: { readonly text: string; readonly done: Done }[] = [];
  const now: string[] = [];
  let dropped = 0;
  const queue = new LineQueue<string>({
    maxWaiting,
    format: (item) => `${item}\n`,
    onDropped: (lines) => {
      dropped += lines;
    },
    timers: {
      later: (task) => {
        tasks.push(task);
        return () => void tasks.splice(tasks.indexOf(task), 1);
      },
      every: () => () => {},
      soon: () => {},
    },
    write: (text, done) => void writes.push({ text, done }),
    writeNow: (text) => void now.push(text),
  });
  const tick = (): void => {
    for (const task of tasks.splice(0)) task();
  };
  return { queue, writes, now, tick, dropped: () => dropped };
}

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

test("lines are collected, written in order, one write at a time, none above what a pipe keeps together", () => {
  const { queue, writes, tick } = fixture();
  const lines = Array.from({ length: 90 }, (_, i) => `${i} ${"x".repeat(97)}`);
  for (const line of lines) queue.push(line);
  expect(writes).toHaveLength(0);
  tick();
  expect(writes).toHaveLength(1);
  for (let i = 0; i < writes.length; i++) writes[i]?.done(null);
  expect(Math.max(...writes.map(({ text }) => text.length))).toBeLessThanOrEqual(4096);
  expect(writes.map(({ text }) => text).join("")).toBe(lines.map((line) => `${line}\n`).join(""));
  queue.push("again");
  tick();
  expect(writes.at(-1)?.text).toBe("again\n");
});

test("a line that was written is forgotten, also by a queue that never runs empty", async () => {
  const tasks: (() => void)[] = [];
  const writes: Done[] = [];
  const queue = new LineQueue<{ readonly line: string }>({
    maxWaiting: 10,
    // One line is one write.
    format: ({ line }) => line.padEnd(4000),
    onDropped: () => {},
    timers: {
      later: (task) => {
        tasks.push(task);
        return () => {};
      },
      every: () => () => {},
      soon: () => {},
    },
    write: (_, done) => void writes.push(done),
  });
  const items: WeakRef<object>[] = [];
  const push = (): void => {
    const item = { line: String(items.length) };
    items.push(new WeakRef(item));
    queue.push(item);
  };
  push();
  push();
  tasks[0]?.();
  for (let i = 0; i < 1000; i++) {
    push();
    writes[i]?.(null);
  }
  expect(writes).toHaveLength(1001);
  await Bun.sleep(0);
  Bun.gc(true);
  // At most twice what may wait, and what the collector overlooks.
  expect(items.filter((item) => item.deref() !== undefined).length).toBeLessThan(100);
});

test("a reader that does not read costs lines, which are counted, and no more", () => {
  const { queue, writes, tick, dropped } = fixture(10);
  queue.push("first");
  tick();
  for (let i = 0; i < 1000; i++) queue.push(`${i}`);
  tick();
  expect(writes).toHaveLength(1);
  expect(dropped()).toBe(990);
  writes[0]?.done(null);
  expect(writes[1]?.text).toBe("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
});

test("EAGAIN is tried again; another error costs its lines", () => {
  const { queue, writes, tick, dropped } = fixture();
  queue.push("a");
  tick();
  queue.push("b");
  writes[0]?.done(failure("EAGAIN"));
  tick();
  expect(writes.map(({ text }) => text)).toEqual(["a\n", "a\n"]);
  writes[1]?.done(failure("EPIPE"));
  expect(dropped()).toBe(1);
  expect(writes[2]?.text).toBe("b\n");
});

test("at the end what waits is written at once", () => {
  const { queue, writes, now, tick } = fixture();
  for (let i = 0; i < 3; i++) queue.push(`${i}`);
  queue.close();
  expect(now.join("")).toBe("0\n1\n2\n");
  tick();
  expect(writes).toHaveLength(0);
});
