import { describe, expect, test } from "bun:test";
import { Secret } from "../../src/config/secret.ts";
import { createLogger, type LogFormat, type LogLevel } from "../../src/monitoring/log.ts";
import { noLog } from "../support/no-log.ts";

function capture(format: LogFormat, level: LogLevel = "debug", extra: { journalPriority?: boolean } = {}) {
  const lines: string[] = [];
  const counted: LogLevel[] = [];
  const log = createLogger({
    thread: "front",
    level,
    format,
    clock: { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6), monotonicMs: () => 0 },
    write: (line) => lines.push(line),
    onLine: (written) => counted.push(written),
    ...extra,
  });
  return { log, lines, counted };
}

describe("logfmt", () => {
  test("one line, fields in order", () => {
    const { log, lines } = capture("logfmt");
    log.info("listening", { address: "127.0.0.1:9000", port: 9000, tls: false });
    expect(lines).toEqual([
      "ts=2026-01-02T03:04:05.006Z level=info thread=front msg=listening address=127.0.0.1:9000 port=9000 tls=false\n",
    ]);
  });

  test.each([
    ["a b", '"a b"'],
    ["", '""'],
    ["a=b", '"a=b"'],
    ['say "x"', '"say \\"x\\""'],
    ["x\nlevel=error msg=forged", '"x\\nlevel=error msg=forged"'],
    ["\u001b[31mred", '"\\u001b[31mred"'],
    ["csi\u009bx", '"csi\\u009bx"'],
    ["ключ", '"ключ"'],
    [12345678901234567890n, "12345678901234567890"],
    [null, "null"],
    [[1, 2n], '"[1,\\"2\\"]"'],
    [new Uint8Array([1, 255]), "01ff"],
    [new Secret("hidden"), "***"],
  ])("%p is shown as %s", (value, shown) => {
    const { log, lines } = capture("logfmt");
    log.warn("m", { value });
    expect(lines[0]).toEndWith(` value=${shown}\n`);
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
  });

  test("undefined is left out", () => {
    const { log, lines } = capture("logfmt");
    log.info("m", { gone: undefined });
    expect(lines[0]).toEndWith("msg=m\n");
  });

  test("an error says what, where, and what caused it", () => {
    const { log, lines } = capture("logfmt");
    log.error("apply failed", { err: new Error("outer", { cause: new RangeError("inner") }) });
    expect(lines[0]).toContain("Error: outer");
    expect(lines[0]).toContain("caused by RangeError: inner");
    expect(lines[0]).toContain("log.test.ts");
  });

  test("what cannot be shown does not throw", () => {
    const { log, lines } = capture("logfmt");
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    log.info("m", { circular, f: () => 1, s: Symbol("s") });
    expect(lines[0]).toContain("circular=");
  });
});

describe("json", () => {
  test("each line is an object", () => {
    const { log, lines } = capture("json");
    log.info("x\ny", { n: 1n, secret: new Secret("hidden"), list: [1] });
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      ts: "2026-01-02T03:04:05.006Z",
      level: "info",
      thread: "front",
      msg: "x\ny",
      n: "1",
      secret: "***",
      list: [1],
    });
    expect(lines[0]?.split("\n")).toHaveLength(2);
  });
});

describe("levels and fields", () => {
  test("below the level nothing is written or counted", () => {
    const { log, lines, counted } = capture("logfmt", "warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => /msg=(\w)/.exec(line)?.[1])).toEqual(["c", "d"]);
    expect(counted).toEqual(["warn", "error"]);
  });

  test("with() adds fields, and the call's own win", () => {
    const { log, lines } = capture("logfmt");
    const request = log.with({ request: "R1", n: 1 });
    request.info("m", { n: 2 });
    log.info("m");
    expect(lines[0]).toEndWith("msg=m request=R1 n=2\n");
    expect(lines[1]).toEndWith("msg=m\n");
  });

  test("the journal gets a priority", () => {
    const { log, lines } = capture("logfmt", "debug", { journalPriority: true });
    log.error("m");
    log.info("m");
    expect(lines.map((line) => line.slice(0, 3))).toEqual(["<3>", "<6>"]);
  });

  test("noLog takes everything", () => noLog.with({ a: 1 }).error("m"));
});
