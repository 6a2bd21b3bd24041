/** `elastickv verify` against an admin API that plays a walk. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyReport, VerifyStep } from "../../src/api/maintenance.ts";
import { runCli } from "../../src/cli/run.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-verify-"));
afterAll(() => rmSync(directory, { recursive: true }));

const step = (more: Partial<VerifyStep> = {}): VerifyStep => ({
  cursor: null,
  objects: 1,
  bytes: 100,
  blobs: 2,
  copies: 6,
  verifiedBytes: 300,
  problems: [],
  counts: {},
  unreachable: [],
  ...more,
});
const lost = { bucket: "b", key: "k\n", kind: "lost" as const, detail: "blob 00 has no intact copy" };
const refused = (code: string, status: number) => Response.json({ code, message: "not now" }, { status });

async function run(words: string[], answers: readonly (VerifyStep | Response | Error)[], isTerminal = false) {
  const asked: Record<string, unknown>[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const screen: string[] = [];
  let nowMs = 0;
  const code = await runCli({
    words: ["verify", ...words],
    environment: {},
    formats: {},
    verify: () => {},
    print: (text) => out.push(text),
    readInput: () => new Uint8Array(),
    complain: (line) => err.push(line),
    serve: async () => 99,
    listens: async () => false,
    clock: { monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += ms;
    },
    screen: { isTerminal, write: (text) => screen.push(text) },
    fetch: async (url, init) => {
      expect([init.method, url]).toEqual(["POST", "http://127.0.0.1:9001/v1/verify"]);
      const answer = answers[asked.length];
      asked.push(JSON.parse(String(init.body)));
      if (answer === undefined) throw new Error("one request too many");
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
  return { code, asked, out: out.join(""), err, screen: screen.join(""), nowMs };
}

describe("verify", () => {
  test("adds the steps up, as JSON and readable", async () => {
    const steps = [
      step({ cursor: "c1" }),
      step({ counts: { "missing-copy": 2 }, unreachable: ["n3"] }),
    ] as const;
    const json = await run(["--json"], steps);
    expect(json.asked).toEqual([
      { cursor: null, deep: false },
      { cursor: "c1", deep: false },
    ]);
    const report = JSON.parse(json.out) as VerifyReport;
    expect(report).toEqual({
      complete: true,
      deep: false,
      objects: 2,
      bytes: 200,
      blobs: 4,
      copies: 12,
      verifiedBytes: 600,
      counts: { "missing-copy": 2 },
      unreachable: ["n3"],
      problems: [],
    });
    const text = await run([], steps);
    expect([text.code, text.out.includes("not reached: n3")]).toEqual([3, true]);
  });

  test("exit codes", async () => {
    const codeOf = async (more: Partial<VerifyStep>) => (await run([], [step(more)])).code;
    expect(await codeOf({})).toBe(0);
    for (const kind of ["lost", "damaged", "corrupt-copy"])
      expect(await codeOf({ counts: { [kind]: 1, "missing-copy": 1 } })).toBe(1);
    for (const kind of ["missing-copy", "unreachable", "unreadable"])
      expect(await codeOf({ counts: { [kind]: 1 } })).toBe(3);
    expect(await codeOf({ unreachable: ["n1"] })).toBe(3);
    expect((await run(["extra"], [])).code).toBe(2);
    expect((await run(["--rate", "0"], [])).code).toBe(2);
    expect((await run(["--rate", "fast"], [])).code).toBe(2);
  });

  test("a problem is one line, whatever the key", async () => {
    const { out } = await run([], [step({ problems: [lost], counts: { lost: 1 } })]);
    expect(out).toContain('lost: "b/k\\n": blob 00 has no intact copy\n');
  });

  test("names 1,000 problems and counts all", async () => {
    const many = step({ problems: Array.from({ length: 600 }, () => lost), counts: { lost: 600 } });
    const { out } = await run(["--json"], [{ ...many, cursor: "c" }, many]);
    const report = JSON.parse(out) as VerifyReport;
    expect([report.problems.length, report.counts["lost"]]).toEqual([1_000, 1_200]);
  });

  test("--rate: bytes that were read take their time; a step asks for about a second of them", async () => {
    const { asked, nowMs } = await run(
      ["--deep", "--rate", "2MiB"],
      [step({ cursor: "c", verifiedBytes: 6 << 20 }), step()],
    );
    expect(asked[0]).toEqual({ cursor: null, deep: true, maxBytes: 2 << 20 });
    expect(nowMs).toBe(3_000);
  });

  test("waits while there is no leader or no node, and gives up after --timeout", async () => {
    const { code, asked } = await run([], [refused("UNAVAILABLE", 503), new Error("ECONNREFUSED"), step()]);
    expect([code, asked.length]).toEqual([0, 3]);
    const never = await run(
      ["--timeout", "2s"],
      Array.from({ length: 3 }, () => refused("UNAVAILABLE", 503)),
    );
    expect([never.code, never.err]).toEqual([1, ["elastickv: UNAVAILABLE: not now"]]);
    expect((await run([], [refused("INVALID", 400)])).code).toBe(1);
    const old = await run([], [Response.json({ error: "no such page" }, { status: 404 })]);
    expect(old.err[0]).toContain("release does not know");
  });

  test("--state: goes on where it stopped, and is removed at the end", async () => {
    const state = join(directory, "state.json");
    const first = await run(
      ["--state", state],
      [step({ cursor: "c1" }), step({ cursor: "c2", counts: { lost: 1 } }), refused("INVALID", 400)],
    );
    expect([first.code, existsSync(state)]).toEqual([1, true]);
    expect(JSON.parse(readFileSync(state, "utf8"))).toMatchObject({ cursor: "c2", report: { objects: 2 } });
    const other = await run(["--state", state, "--deep"], []);
    expect([other.code, other.err[0]?.includes("without --deep")]).toEqual([2, true]);
    const second = await run(["--state", state, "--json"], [step()]);
    expect(second.asked).toEqual([{ cursor: "c2", deep: false }]);
    expect(JSON.parse(second.out)).toMatchObject({ objects: 3, counts: { lost: 1 }, complete: true });
    expect([second.code, existsSync(state)]).toEqual([1, false]);
    for (const text of ["{", '{"cursor":"x"}']) {
      writeFileSync(state, text);
      const broken = await run(["--state", state], []);
      expect([broken.code, broken.err[0]?.includes("is no state of")]).toEqual([2, true]);
    }
  });

  test("progress: one line on a terminal, now and then a line elsewhere", async () => {
    const steps = Array.from({ length: 30 }, () => step({ cursor: "c", bytes: 1 << 20 }));
    const words = ["--rate", "1MiB"];
    const terminal = await run(words, [...steps, step()], true);
    expect(terminal.screen).toContain("\r\u001b[K2 objects");
    expect(terminal.screen).not.toContain("\n");
    const log = await run(words, [...steps, step()]);
    expect(log.screen.trimEnd().split("\n")).toHaveLength(2);
  });

  test("--help says what the exit codes mean", async () => {
    const { out, code } = await run(["--help"], []);
    expect(code).toBe(0);
    for (const text of ["--deep", "--state PATH", "Exit codes", "3 nothing is known to be lost"])
      expect(out).toContain(text);
  });
});
