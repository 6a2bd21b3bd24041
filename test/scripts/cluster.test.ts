/** `make cluster`'s script: what it prints can be done, several run beside each other, and lines fit. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const SCRIPT = join(ROOT, "scripts/cluster.ts");
const COLUMNS = 100;

let place: string;
const children: Bun.Subprocess[] = [];
const pids: number[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "ekv-"));
  mkdirSync(join(place, "dist"));
  const binary = join(place, "dist/elastickv");
  writeFileSync(binary, `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, "src/main.ts")} "$@"\n`);
  chmodSync(binary, 0o755);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGTERM");
    await child.exited;
  }
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should have.
    }
  }
  rmSync(place, { recursive: true, force: true });
});

interface Output {
  readonly child: Bun.Subprocess;
  text: string;
}

function spawn(words: readonly string[]): Output {
  const child = Bun.spawn([...words], {
    cwd: place,
    env: { PATH: process.env["PATH"] ?? "", ELASTICKV_DISK_RESERVE: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  children.push(child);
  const output = { child, text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    void (async () => {
      for await (const piece of stream) output.text += new TextDecoder().decode(piece);
    })();
  }
  return output;
}

const cluster = (...words: string[]) => spawn([process.execPath, SCRIPT, "dist/elastickv", ...words]);

/** Waits for something to be printed; the test's own timeout is the limit. */
async function printed(output: Output, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = pattern.exec(output.text);
    if (found !== null) return found;
    if (output.child.exitCode !== null) throw new Error(`it ended: ${output.text}`);
    await Bun.sleep(20);
  }
}

/** A base whose first ports are free; the system's own choices lie elsewhere. */
async function basePort(from: number): Promise<number> {
  for (let base = from; base < from + 2_000; base += 40) {
    const free = await Promise.all([10, 11, 12, 20, 21, 22].map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error("no free ports");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

function expectNarrow({ text }: Output): void {
  for (const line of text.split("\n")) expect([line, line.length <= COLUMNS]).toEqual([line, true]);
}

async function isReady(admin: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${admin}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

test("a killed node is brought back by the command that was printed; another cluster runs beside", async () => {
  const base = await basePort(21_000);
  const first = cluster("--base-port", String(base), "--nodes", "2");
  await printed(first, /\^C stops them\./);
  const dir = `.data-cluster/${base}`;
  expect(first.text).toContain(`Data, logs   ${dir}`);
  const commands = [...first.text.matchAll(/^ {2}kill -9 (\d+) {4}# (n\d)\n {2}sh (\S+)$/gm)];
  expect(commands.map(([, , name, script]) => [script, name])).toEqual([
    [`${dir}/n1.sh`, "n1"],
    [`${dir}/n2.sh`, "n2"],
  ]);

  const otherBase = await basePort(24_000);
  const second = cluster("--base-port", String(otherBase), "--nodes", "1");
  await printed(second, /\^C stops them\./);
  expect(existsSync(join(place, ".data-cluster", String(otherBase), "n1"))).toBe(true);
  // Nothing of it lies in what make run calls its own.
  expect(existsSync(join(place, ".data"))).toBe(false);

  process.kill(Number(commands[0]?.[1]), "SIGKILL");
  await printed(first, /n1 ended by SIGKILL/);
  const [, script = ""] = await printed(first, /bring it back, in another terminal: sh (\S+)/);
  expect(statSync(join(place, script)).mode & 0o777).toBe(0o700);
  while (await isReady(base + 21)) await Bun.sleep(50);
  const again = spawn(["sh", script]);
  pids.push(again.child.pid);
  while (!((await isReady(base + 11)) && (await isReady(base + 21)))) await Bun.sleep(50);
  expectNarrow(first);
  expectNarrow(second);
}, 60_000);

test("what is wrong is said in lines that fit, and the data of an earlier day is named", async () => {
  const ended = async (...words: string[]) => {
    const output = cluster(...words);
    const code = await output.child.exited;
    while (output.text === "") await Bun.sleep(10);
    expectNarrow(output);
    return { code, text: output.text };
  };
  const bad = await ended("--base-port", "70000");
  expect([bad.code, bad.text]).toEqual([2, expect.stringContaining('--base-port: "70000" is not a number')]);
  expect((await ended("--nope", "1")).code).toBe(2);
  mkdirSync(join(place, ".data/cluster/n1"), { recursive: true });
  // A busy port ends the only node, and with it the script.
  const base = await basePort(27_000);
  const busy = createServer();
  await new Promise<void>((done) => busy.listen(base + 11, "127.0.0.1", done));
  try {
    const { code, text } = await ended("--base-port", String(base), "--nodes", "1");
    expect(code).toBe(1);
    expect(text).toContain(
      ".data/cluster holds the cluster of an earlier day: --dir .data/cluster goes on with it",
    );
    expect(text.replaceAll(/\s+/g, " ")).toContain(`admin address 127.0.0.1:${base + 11}: in use`);
  } finally {
    busy.close();
  }
}, 60_000);
