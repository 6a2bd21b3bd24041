import { describe, expect, test } from "bun:test";
import { version } from "../../package.json";
import { banner } from "../../src/cli/banner.ts";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { generalHelp, serveHelp } from "../../src/cli/help.ts";
import { runCli } from "../../src/cli/run.ts";
import type { LoadedConfig } from "../../src/config/config.ts";
import { Secret } from "../../src/config/secret.ts";
import { SETTING_ROWS, variableOf } from "../../src/config/settings.ts";
import { FORMATS } from "../../src/node/formats.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { StartError } from "../../src/platform/start-error.ts";

async function run(words: string[], serve: (loaded: LoadedConfig) => Promise<number> = async () => 0) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli({
    words,
    environment: {},
    formats: FORMATS,
    verify: () => {},
    print: (text) => out.push(text),
    readInput: () => new TextEncoder().encode("A=$x B=2"),
    complain: (line) => err.push(line),
    serve,
    fetch: () => Promise.reject(new Error("nobody is to be asked")),
    listens: async () => false,
    clock: { monotonicMs: () => 0 },
    sleep: async () => {},
  });
  return { code, out: out.join(""), err };
}

describe("runCli", () => {
  test("help and version go to standard output, exit 0", async () => {
    expect(await run(["--help"])).toEqual({ code: 0, out: generalHelp(), err: [] });
    // Every usage, the longest too, is apart from its summary.
    for (const { summary } of COMMANDS.filter(({ words }) => words[0] !== "cluster")) {
      expect(generalHelp()).toContain(` ${summary}\n`);
    }
    expect(await run(["serve", "--help"])).toEqual({ code: 0, out: serveHelp(), err: [] });
    const { code, out } = await run(["version"]);
    expect(code).toBe(0);
    expect(out).toStartWith(`elastickv ${version} (`);
  });

  test("version --json names the build, the release and every format", async () => {
    const { code, out } = await run(["version", "--json"]);
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain("\n");
    expect(JSON.parse(out)).toEqual({
      version,
      commit: "source",
      bun: Bun.version,
      release: `${version}~source`,
      formats: FORMATS,
    });
    for (const [name, { reads, writes }] of Object.entries(FORMATS)) {
      expect([name, Number.isSafeInteger(writes), reads.includes(writes)]).toEqual([name, true, true]);
    }
    for (const words of [
      ["version", "--yaml"],
      ["version", "--json", "--json"],
      ["version", "json"],
    ])
      expect((await run(words)).code).toBe(2);
  });

  test("wrong usage: one line on standard error, exit 2, nothing served", async () => {
    let served = false;
    const result = await run(["serve", "--nope"], async () => {
      served = true;
      return 0;
    });
    expect(result.code).toBe(2);
    expect(result.out).toBe("");
    expect(result.err).toHaveLength(1);
    expect(result.err[0]).toStartWith('elastickv: unknown flag "--nope"');
    expect(served).toBe(false);
  });

  test("a start that cannot go on: its line and its code", async () => {
    const result = await run(["serve"], async () => {
      throw new StartError("127.0.0.1:9000 is in use\nby another", { exitCode: EXIT.LASTING });
    });
    expect(result).toEqual({ code: 78, out: "", err: ["elastickv: 127.0.0.1:9000 is in use by another"] });
  });

  test("a bug is not dressed up as a usage error", () =>
    expect(
      run(["serve"], async () => {
        throw new TypeError("undefined is not a function");
      }),
    ).rejects.toThrow(TypeError));

  test("serve's own exit code is passed on", async () =>
    expect((await run(["serve"], async () => 7)).code).toBe(7));
});

describe("serve --help", () => {
  test("names every flag, variable and default", () => {
    const help = serveHelp();
    for (const [, row] of SETTING_ROWS) {
      expect(help).toContain(variableOf(row));
      if (row.type.isSecret === true) expect(help).not.toContain(`--${row.flag} `);
      else expect(help).toContain(`--${row.flag} ${row.type.placeholder}`);
      const shown = row.type.format(row.default);
      if (shown !== "") expect(help.replaceAll(/\s+/g, " ")).toContain(`[default ${shown}`);
    }
  });
  test("fits a terminal of 120 columns", () => {
    for (const line of serveHelp().split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe("banner", () => {
  const facts = {
    s3: { host: "0.0.0.0", port: 9000 },
    admin: { host: "::1", port: 9001 },
    tls: { s3: false, admin: false },
    region: "us-east-1",
    credentials: {
      accessKey: "operator",
      secretKey: new Secret("it's $secret"),
      source: "generated" as const,
    },
    dataDir: "/var/lib/elastickv",
    showSecret: true,
  };
  test("shows endpoint, keys and a command that a shell reads right", () => {
    const text = banner(facts);
    expect(text).toContain("http://127.0.0.1:9000");
    expect(text).toContain("http://[::1]:9001/");
    expect(text).toContain("AWS_ACCESS_KEY_ID=operator");
    expect(text).toContain("AWS_SECRET_ACCESS_KEY='it'\\''s $secret'");
    expect(text).toMatch(/aws --endpoint-url http:\/\/127\.0\.0\.1:9000 s3 cp /);
  });
  test("says https where an address speaks TLS", () => {
    const text = banner({ ...facts, tls: { s3: true, admin: true } });
    expect(text).toContain("aws --endpoint-url https://127.0.0.1:9000");
    expect(text).toContain("https://[::1]:9001/");
  });
  test("hides the secret where output is kept, and says where it is", () => {
    const text = banner({ ...facts, showSecret: false });
    expect(text).not.toContain("$secret");
    expect(text).toContain("root-credentials.env in /var/lib/elastickv");
  });
});
