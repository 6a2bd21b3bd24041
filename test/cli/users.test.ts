/** `elastickv user | key | group | policy` against the admin application: what is printed, what is asked, what is refused. */
import { beforeEach, describe, expect, test } from "bun:test";
import { createAdminApp } from "../../src/admin/app.ts";
import { runCli } from "../../src/cli/run.ts";
import { FORMATS } from "../../src/node/formats.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { ADMIN_DEPS } from "../admin/deps.ts";
import { type World, world } from "../node/users/world.ts";

let w: World;
let run: (line: string, input?: string) => Promise<{ code: number; out: string; err: string }>;
let asked: string[];

beforeEach(async () => {
  w = await world();
  asked = [];
  const app = createAdminApp({ ...ADMIN_DEPS, iam: w.iam }, (error) => {
    throw error;
  });
  run = async (line, input) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCli({
      words: line.split(" "),
      environment: {},
      formats: FORMATS,
      verify: () => {},
      print: (text) => out.push(text),
      readInput: () => {
        if (input === undefined) throw new Error("standard input was not to be read");
        return new TextEncoder().encode(input);
      },
      complain: (text) => err.push(text),
      serve: async () => 0,
      fetch: (url, { unix: _, tls: __, ...init }) => {
        asked.push(`${init.method} ${new URL(url).pathname} ${init.body ?? ""}`);
        return app.handle(new Request(url.replace(/^http:\/\/[^/]+/, "http://admin.localhost"), init));
      },
      listens: async () => true,
      clock: { monotonicMs: () => 0 },
      sleep: async () => {},
    });
    return { code, out: out.join(""), err: err.join("\n") };
  };
});

const done = (out: string) => ({ code: 0, out: `${out}\n`, err: "" });

describe("user create", () => {
  test("prints the pair alone on standard output, once", async () => {
    const { code, out, err } = await run("user create ann --display-name Ann");
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^user ann, account \d{12}; the secret key is not shown again:$/),
    ]);
    const pair = /^ELASTICKV_ACCESS_KEY=([A-Z2-7]{20})\nELASTICKV_SECRET_KEY=(\w{40})\n$/.exec(out);
    expect(pair).not.toBeNull();
    const shown = await run("user show ann --json");
    expect(JSON.parse(shown.out)).toMatchObject({ name: "ann", displayName: "Ann", policies: ["owner"] });
    for (const line of ["user show ann", "user list", "key list", "key list ann --json"]) {
      const answer = await run(line);
      expect([answer.code, answer.out.includes(pair?.[1] ?? "?")]).toEqual([0, line !== "user list"]);
      expect(answer.out).not.toContain(pair?.[2] ?? "?");
    }
  });

  test("a given secret comes on standard input, and goes to the node only", async () => {
    const { code, out, err } = await run(
      "user create ann --access-key AKIAANN --secret-key-stdin",
      "given/Secret+1\n",
    );
    expect([code, out]).toEqual([0, "ELASTICKV_ACCESS_KEY=AKIAANN\n"]);
    expect(err).not.toContain("given/Secret+1");
    expect((await w.node().apply()).find("AKIAANN")).toMatchObject({ secretKey: "given/Secret+1" });
  });

  test.each([
    ["no line", ""],
    ["two lines", "first-secret\nsecond-secret\n"],
    ["a blank in it", "first secret\n"],
    ["too short", "short\n"],
    ["too much", "x".repeat(50_000)],
  ])("standard input with %s is refused, and not shown", async (_what, input) => {
    const { code, out, err } = await run("user create ann --access-key AKIAANN --secret-key-stdin", input);
    expect([code, out, asked]).toEqual([EXIT.USAGE, "", []]);
    if (input !== "") expect(err).not.toContain(input.trim());
  });

  test("a secret without its access key, or as an argument, is wrong usage", async () => {
    expect((await run("user create ann --secret-key-stdin")).code).toBe(EXIT.USAGE);
    expect((await run("user create ann --access-key AKIA1 --secret-key s3cr3ts3cr3t")).code).toBe(EXIT.USAGE);
    expect((await run("user create ann --access-key AKIA1 --secret-key-stdin=s3cr3t")).code).toBe(EXIT.USAGE);
    expect(asked).toEqual([]);
  });

  test("without a key, with other policies", async () => {
    const { err } = await run("user create ann --without-key --policy readonly,full");
    expect(err).toContain("without a key");
    await run("user create bob --without-key --policy none");
    const { users } = JSON.parse((await run("user list --json")).out);
    expect(users.map((user: { policies: string[] }) => user.policies)).toEqual([
      [],
      ["readonly", "full"],
      [],
    ]);
  });
});

test("a user's and a key's life", async () => {
  await run("user create ann --access-key AKIAANN");
  expect(await run("user disable ann")).toEqual(done("user ann is disabled"));
  expect((await run("user list")).out).toMatch(/^ann +\d{12} +disabled +1 /m);
  expect(await run("user enable ann")).toEqual(done("user ann is enabled"));
  const second = await run("key create ann --expires 1h --description laptop");
  expect(second.err).toMatch(/^key [A-Z2-7]{20}, valid until 1970-.*; the secret key is not shown again:$/);
  expect((await run("key list ann")).out).toMatch(/valid +1970-.* 1970-.* laptop$/m);
  expect(await run("key disable AKIAANN")).toEqual(done("key AKIAANN is disabled"));
  expect((await run("key list ann")).out).toMatch(/^AKIAANN +ann +disabled /m);
  expect(await run("key enable AKIAANN")).toEqual(done("key AKIAANN is enabled"));
  expect((await run("key rotate AKIAANN --keep 0")).out).toMatch(/^ELASTICKV_ACCESS_KEY=/);
  expect((await run("key list ann")).out).toMatch(/^AKIAANN +ann +expired /m);
  expect(asked.at(-2)).toBe('POST /v1/keys/AKIAANN/rotate {"keepMs":0}');
  await run("key rotate AKIAROOT");
  expect(asked.at(-1)).toBe('POST /v1/keys/AKIAROOT/rotate {"keepMs":86400000}');
  expect(await run("key delete AKIAANN")).toEqual(done("key AKIAANN is deleted"));
  expect(await run("user delete ann")).toEqual(done("user ann is deleted"));
});

test("groups and policies", async () => {
  await run("user create ann --without-key");
  const document = '{ "Statement" : {"Effect":"Allow","Action":"s3:*","Resource":"*"} }';
  expect(await run("policy put mine", document)).toEqual(done("policy mine is stored"));
  expect(await run("policy show mine")).toEqual(done(document));
  expect(await run("group create staff")).toEqual(done("group staff is made"));
  expect(await run("group add staff ann")).toEqual(done("user ann is in group staff"));
  expect(await run("policy attach mine --group staff")).toEqual(done("group staff has policy mine"));
  expect(await run("policy attach mine --user ann")).toEqual(done("user ann has policy mine"));
  expect((await run("group list")).out).toBe("NAME   POLICIES  MEMBERS\nstaff  mine      ann\n");
  expect((await run("policy list")).out).toMatch(/^mine +1970-\S+ +ann +staff$/m);
  expect((await run("policy list")).out).toMatch(/^owner +in every cluster +ann +-$/m);
  expect(await run("policy detach mine --user ann")).toEqual(done("user ann has policy mine no more"));
  expect(await run("policy detach mine --group staff")).toEqual(done("group staff has policy mine no more"));
  expect(await run("group remove staff ann")).toEqual(done("user ann is not in group staff any more"));
  expect(await run("group delete staff")).toEqual(done("group staff is deleted"));
  expect(await run("policy delete mine")).toEqual(done("policy mine is deleted"));
});

test.each([
  ["user", "user needs a verb: create"],
  ["user crate ann", "did you mean create?"],
  ["user create", "user create takes NAME; given: nothing"],
  ["user create a/b", '"a/b" is no name: 1 to 64 letters'],
  ["user create ann --expires 1s", "--expires"],
  ["user create ann --expires soon", "--expires"],
  ["user create ann --description=", "--description: the value is missing"],
  ["key rotate A", '"A" is no access key'],
  ["key rotate AKIAANN --keep 1000000d", "--keep"],
  ["policy attach mine", "name one of --user USER and --group GROUP"],
  ["policy attach mine --user a --group b", "name one of --user USER and --group GROUP"],
  ["key list a b", "key list takes [USER]"],
])("wrong usage: %s", async (line, message) => {
  const { code, err } = await run(line);
  expect([code, asked]).toEqual([EXIT.USAGE, []]);
  expect(err).toContain(message);
});

test("a refusal of the node is one line, and the exit code says so", async () => {
  expect(await run("user delete nobody")).toEqual({
    code: 1,
    out: "",
    err: "elastickv: UNKNOWN_USER: there is no user nobody",
  });
  expect((await run("policy put mine", "no json")).err).toContain(
    "INVALID: the policy is not valid: Policies must be valid JSON",
  );
});

test.each(["user", "key", "group", "policy"])("%s --help shows every verb of it", async (word) => {
  const { code, out } = await run(`${word} --help`);
  expect([code, out]).toEqual([0, expect.stringContaining(`Usage: elastickv ${word} `)]);
  expect((await run(`help ${word}`)).out).toBe(out);
});
