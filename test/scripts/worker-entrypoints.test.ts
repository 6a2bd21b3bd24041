import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { WORKER_ENTRYPOINTS, type WorkerName, workerUrl } from "../../src/threads/worker-entrypoints.ts";

const src = join(import.meta.dir, "../../src");

test("the list names every Worker's file, and no other", async () => {
  const found: string[] = [];
  for await (const path of new Bun.Glob("**/*-worker.ts").scan({ cwd: src })) found.push(path);
  expect(found.sort()).toEqual(Object.values<string>(WORKER_ENTRYPOINTS).sort());
});

test("their URLs lead to the files", () => {
  for (const name of Object.keys(WORKER_ENTRYPOINTS) as WorkerName[]) {
    expect([name, existsSync(new URL(workerUrl(name)))]).toEqual([name, true]);
  }
});
