import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { runConfigCheck } from "../../src/cli/config-check.ts";
import { SETTING_ROWS } from "../../src/config/settings.ts";
import { checkDistinctListeners } from "../../src/node/listeners.ts";
import { topologyOf } from "../../src/node/topology.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "elastickv-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function check(words: string[], environment: Record<string, string> = {}) {
  const command = parseCommandLine(["config", "check", ...words], environment);
  if (command.kind !== "config") throw new Error(command.kind);
  const out: string[] = [];
  const err: string[] = [];
  const code = runConfigCheck(command.request, {
    print: (text) => out.push(text),
    complain: (line) => err.push(line),
    verify: (config) => checkDistinctListeners(config, topologyOf(config)),
  });
  return { code, out: out.join(""), err };
}

const json = (words: string[], environment: Record<string, string> = {}) => {
  const { code, out, err } = check(["--json", ...words], environment);
  return {
    code,
    err,
    ...(JSON.parse(out) as { valid: boolean; settings: Record<string, unknown>; problems: string[] }),
  };
};

function envFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("where a value comes from", () => {
  test("flag, file, variable, default", () => {
    const first = envFile("first.env", "ELASTICKV_REGION=eu-1\nELASTICKV_LOG_LEVEL=debug\n");
    const second = envFile("second.env", 'ELASTICKV_REGION="eu-2"\n');
    const environment = { ELASTICKV_REGION: "us-1", ELASTICKV_LOG_FORMAT: "json", ELASTICKV_NODE_ID: "n7" };
    const { code, settings, valid, problems } = json(
      ["--env-file", first, `--env-file=${second}`, "--node-id", "n2"],
      environment,
    );
    expect([code, valid, problems]).toEqual([0, true, []]);
    expect(settings["node-id"]).toEqual({ value: "n2", source: "flag", from: "--node-id" });
    expect(settings["region"]).toEqual({ value: "eu-2", source: "file", from: second });
    expect(settings["log-level"]).toEqual({ value: "debug", source: "file", from: first });
    expect(settings["log-format"]).toEqual({
      value: "json",
      source: "variable",
      from: "ELASTICKV_LOG_FORMAT",
    });
    expect(settings["s3-address"]).toEqual({ value: "127.0.0.1:9000", source: "default", from: null });
    expect(Object.keys(settings)).toEqual(SETTING_ROWS.map(([, row]) => row.flag));
  });

  test("a variable that a file sets to nothing is not set", () => {
    const file = envFile("empty.env", "ELASTICKV_REGION=\n");
    const { settings } = json(["--env-file", file], { ELASTICKV_REGION: "us-1" });
    expect(settings["region"]).toEqual({ value: "", source: "default", from: null });
  });

  test("as a table, one line a setting; secrets are not in it", () => {
    const secret = "do-not-show-me-0123456789";
    const environment = { ELASTICKV_ROOT_SECRET_KEY: secret, ELASTICKV_ROOT_ACCESS_KEY: "root" };
    const { code, out, err } = check(["--s3-address", ":9000"], environment);
    expect([code, err]).toEqual([0, []]);
    expect(out.trimEnd().split("\n")).toHaveLength(SETTING_ROWS.length);
    expect(out).toMatch(/^s3-address +0\.0\.0\.0:9000 +--s3-address$/m);
    expect(out).toMatch(/^root-secret-key +\(secret\) +ELASTICKV_ROOT_SECRET_KEY$/m);
    expect(out).toMatch(/^region +- +default$/m);
    expect(out + JSON.stringify(json([], environment))).not.toContain(secret);
  });
});

describe("what is wrong", () => {
  test("every problem is named, and the exit code is 2", () => {
    const file = envFile(
      "bad.env",
      "ELASTICKV_S3_ADDRES=:9000\nELASTICKV_NODE_ID=not/a/name\nELASTICKV_LOG_LEVEL=loud\nOTHER=1\n",
    );
    // Of a tuning setting: a start would warn and take the default.
    const { code, err, problems, valid } = json(["--env-file", file], { ELASTICKV_S3_INLINE_LIMIT: "9GiB" });
    expect([code, valid]).toEqual([2, false]);
    expect(problems).toHaveLength(4);
    for (const [index, part] of [
      'ELASTICKV_NODE_ID: "not/a/name"',
      'ELASTICKV_LOG_LEVEL: "loud"',
      'ELASTICKV_S3_INLINE_LIMIT: "9GiB" is outside',
      "ELASTICKV_S3_ADDRES: no such setting; did you mean ELASTICKV_S3_ADDRESS?",
    ].entries()) {
      expect(problems[index]).toContain(part);
    }
    expect(problems.join()).not.toContain("using the default");
    expect(err).toEqual(problems.map((problem) => `elastickv: ${problem}`));
  });

  test("settings that do not go together", () => {
    const { code, problems } = json([], { ELASTICKV_ADMIN_ADDRESS: ":9000", ELASTICKV_S3_ADDRESS: ":9000" });
    expect([code, problems.length]).toEqual([2, 1]);
    expect(json(["--raft-max-inflight-bytes", "1MiB"]).problems).toHaveLength(1);
    expect(json([], { ELASTICKV_RAFT_MAX_INFLIGHT_BYTES: "1MiB" }).problems).toHaveLength(1);
  });

  test("a file that is not there, or that systemd would not read", () => {
    const missing = join(folder, "missing.env");
    expect(json(["--env-file", missing]).problems[0]).toContain("ENOENT");
    const file = envFile("damaged.env", "ELASTICKV_REGION=eu-1\nnonsense\n");
    const { code, problems } = json(["--env-file", file]);
    expect([code, problems]).toEqual([2, [`${file}:2: is no NAME=value line`]]);
  });

  test.each([
    [["config"], "config needs a verb: write elastickv config check"],
    [["config", "show"], 'unknown verb "show" after config'],
    [["config", "check", "--env-file"], "--env-file: the value is missing"],
    [["config", "check", "--env-file="], "--env-file: the value is missing"],
    [["config", "check", "--no-such"], 'unknown flag "--no-such"'],
    [["config", "check", "x"], 'unexpected argument "x"'],
  ])("%j", (words, message) => expect(() => parseCommandLine(words, {})).toThrow(message));
});

test("a former name is taken, said, and no problem; the file or flag that has it is named", () => {
  const path = envFile("old.env", "ELASTICKV_S3_ATTEMPT_TTL=2h\n");
  const { code, err, settings, valid } = json(["--env-file", path]);
  expect([code, valid]).toEqual([0, true]);
  expect(err).toEqual(["elastickv: ELASTICKV_S3_ATTEMPT_TTL is now called ELASTICKV_S3_PENDING_WRITE_TTL"]);
  expect(settings["s3-pending-write-ttl"]).toEqual({ value: "2h", source: "file", from: path });
  const byFlag = json(["--s3-attempt-ttl", "3h"]);
  expect(byFlag.settings["s3-pending-write-ttl"]).toEqual({
    value: "3h",
    source: "flag",
    from: "--s3-attempt-ttl",
  });
});

test("a node that runs with these addresses is no problem: the check binds nothing", () => {
  const held = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  try {
    const { code, problems } = json(["--s3-address", `127.0.0.1:${held.port}`]);
    expect([code, problems]).toEqual([0, []]);
  } finally {
    held.stop(true);
  }
});
