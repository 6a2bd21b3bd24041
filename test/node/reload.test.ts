/** A reload takes the log level from the files of variables, for every logger that shares it, and nothing else. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { createLogger, type LogFields, sharedLogLevel } from "../../src/monitoring/log.ts";
import { reloadSettings } from "../../src/node/reload.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-reload-"));
afterAll(() => rmSync(directory, { recursive: true }));
const [first, second] = [join(directory, "first.env"), join(directory, "second.env")];

function world(flags: Record<string, string> = {}) {
  const started = { ELASTICKV_ENV_FILES: `${first},${second}`, ELASTICKV_REGION: "eu-1" };
  const loaded = loadConfig(new Map(Object.entries(flags)), started);
  const shared = sharedLogLevel(loaded.config.logLevel);
  const written: string[] = [];
  const other = createLogger({
    thread: "store",
    level: shared,
    format: "json",
    write: (line) => written.push(line),
  }).with({ more: 1 });
  const said: [string, LogFields | undefined][] = [];
  const say = (message: string, fields?: LogFields): void => void said.push([message, fields]);
  const reload = (one: string, two: string | undefined) => {
    writeFileSync(first, one);
    if (two === undefined) rmSync(second, { force: true });
    else writeFileSync(second, two);
    reloadSettings(loaded, started, shared, { info: say, warn: say });
  };
  const writes = (level: "debug" | "info" | "error"): boolean => {
    written.length = 0;
    other[level]("line");
    return written.length > 0;
  };
  return { reload, writes, said };
}

test("a later file wins, a missing one is empty, and a file that does not say it leaves the level", () => {
  const { reload, writes } = world();
  expect([writes("debug"), writes("info")]).toEqual([false, true]);
  reload("ELASTICKV_LOG_LEVEL=error\n", "ELASTICKV_LOG_LEVEL=debug\n");
  expect(writes("debug")).toBe(true);
  reload("ELASTICKV_LOG_LEVEL=error\n", undefined);
  expect([writes("info"), writes("error")]).toEqual([false, true]);
  reload("# nothing\n", undefined);
  expect([writes("info"), writes("error")]).toEqual([false, true]);
});

test("a value that is none, and a line that is none, change nothing and are named", () => {
  const { reload, writes, said } = world();
  reload("ELASTICKV_LOG_LEVEL=loud\n", undefined);
  reload("nonsense\n", undefined);
  expect([writes("debug"), writes("info")]).toEqual([false, true]);
  expect(String(said[0]?.[1]?.["problem"])).toContain('ELASTICKV_LOG_LEVEL: "loud" is not one of');
  expect(String(said[1]?.[1]?.["problem"])).toContain(`${first}:1: is no NAME=value line`);
});

test("a flag wins; changes that need a restart are named, without their values", () => {
  const { reload, writes, said } = world({ "log-level": "warn" });
  reload(
    "ELASTICKV_LOG_LEVEL=debug\nELASTICKV_REGION=eu-1\nELASTICKV_ROOT_SECRET_KEY=hidden\nOTHER=1\n",
    undefined,
  );
  expect(writes("debug")).toBe(false);
  expect(said).toEqual([
    ["changed settings are taken at the next restart", { variables: ["ELASTICKV_ROOT_SECRET_KEY"] }],
    ["the log level is set by a flag, and the files do not change it", undefined],
  ]);
});
