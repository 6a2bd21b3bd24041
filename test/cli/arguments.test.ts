import { describe, expect, test } from "bun:test";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { ConfigError, type LoadedConfig } from "../../src/config/config.ts";

const parse = (...words: string[]) => parseCommandLine(words, {});

function served(...words: string[]): LoadedConfig {
  const command = parse(...words);
  if (command.kind !== "serve") throw new Error(`parsed as ${command.kind}`);
  return command.loaded;
}

describe("verbs", () => {
  test.each([
    [[], { kind: "help", topic: "general" }],
    [["--help"], { kind: "help", topic: "general" }],
    [["-h"], { kind: "help", topic: "general" }],
    [["help", "serve"], { kind: "help", topic: "serve" }],
    [["serve", "--help"], { kind: "help", topic: "serve" }],
    [["serve", "--data-dir", "x", "-h"], { kind: "help", topic: "serve" }],
    [["version"], { kind: "version", json: false }],
    [["--version"], { kind: "version", json: false }],
    [["version", "--json"], { kind: "version", json: true }],
  ])("%j", (words, command) => expect(parse(...words)).toEqual(command as never));

  test("serve alone is a working node", () => expect(served("serve").config.s3Address.port).toBe(9000));
});

describe("flags", () => {
  test("value after a blank or an equals sign", () => {
    const { config } = served("serve", "--data-dir", "/a", "--s3-address=:1", "--node-id=n2");
    expect([config.dataDir, config.s3Address.port, config.nodeId]).toEqual(["/a", 1, "n2"]);
  });
  test("a value may contain an equals sign", () =>
    expect(served("serve", "--data-dir=/a=b").config.dataDir).toBe("/a=b"));
  test("a switch may stand alone", () => {
    const flag = "--s3-put-admission-chunked-incremental";
    expect(served("serve", flag).config.s3PutAdmissionChunkedIncremental).toBe(true);
    expect(served("serve", `${flag}=false`).config.s3PutAdmissionChunkedIncremental).toBe(false);
  });
  test("the environment is read too", () => {
    const command = parseCommandLine(["serve"], { ELASTICKV_NODE_ID: "n9" });
    expect(command.kind === "serve" && command.loaded.config.nodeId).toBe("n9");
  });
});

describe("errors are one line that names the fault", () => {
  test.each([
    [["srve"], 'unknown verb "srve"; did you mean serve?'],
    [["frobnicate"], 'unknown verb "frobnicate" (see'],
    [["--data-dir", "x"], 'unknown option "--data-dir" before the verb: write elastickv serve --data-dir'],
    [["version", "x"], 'unexpected argument "x"'],
    [["serve", "--datadir", "x"], 'unknown flag "--datadir"; did you mean --data-dir?'],
    [["serve", "--frobnicate"], 'unknown flag "--frobnicate" (see'],
    [["serve", "--constructor=1"], 'unknown flag "--constructor"'],
    [["serve", "x"], 'unexpected argument "x"'],
    [["serve", "--"], 'unexpected argument "--"'],
    [["serve", "-d", "x"], 'unexpected argument "-d"'],
    [["serve", "--data-dir"], "--data-dir: the value is missing (PATH)"],
    [["serve", "--data-dir="], "--data-dir: the value is missing"],
    [["serve", "--data-dir", "--s3-address", ":1"], "--data-dir: the value is missing"],
    [["serve", "--node-id", "a", "--node-id", "b"], "--node-id is given twice"],
    [["serve", "--s3-address", "junk"], '--s3-address: "junk" is not an address'],
    [["serve", "--root-secret-key", "hunter22"], "--root-secret-key is not accepted"],
    [
      ["serve", "--root-access-key=hunter22"],
      "set ELASTICKV_ROOT_ACCESS_KEY or ELASTICKV_ROOT_ACCESS_KEY_FILE",
    ],
  ])("%j", (words, message) => {
    expect(() => parse(...words)).toThrow(ConfigError);
    expect(() => parse(...words)).toThrow(message);
    try {
      parse(...words);
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
      expect((error as Error).message).not.toContain("hunter22");
    }
  });
});
