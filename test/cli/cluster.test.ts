/**
 * `elastickv cluster ...` against an admin API that plays a cluster.
 *
 * More than 400 lines: the commands share one admin API that plays a cluster.
 */
import { describe, expect, test } from "bun:test";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { CLUSTER_VERBS } from "../../src/cli/cluster-arguments.ts";
import { runCli } from "../../src/cli/run.ts";
import { ConfigError } from "../../src/config/config.ts";
import { clusterStatus, member } from "../admin/status.ts";

interface Call {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  /** The socket that it went over. */
  readonly unix?: string;
}

/** What the node answers to each call, in order; the last one again and again. */
type Script = readonly ((call: Call) => unknown)[];

const refusal = (code: string, message: string, status = 409) => Response.json({ code, message }, { status });
const done = { changed: true, configurationIndex: 9 };

async function run(
  words: string[],
  script: Script,
  environment: Record<string, string> = {},
  sockets: readonly string[] = [],
) {
  const calls: Call[] = [];
  const out: string[] = [];
  const err: string[] = [];
  let nowMs = 0;
  const code = await runCli({
    words: ["cluster", ...words],
    environment,
    formats: {},
    verify: () => {},
    print: (text) => out.push(text),
    readInput: () => new Uint8Array(),
    complain: (line) => err.push(line),
    serve: async () => 99,
    listens: async (path) => sockets.includes(path),
    clock: { monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += Math.max(ms, 1);
    },
    fetch: async (url, init) => {
      const call = {
        method: init.method ?? "GET",
        url,
        body: typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined,
        ...(init.unix === undefined ? {} : { unix: init.unix }),
      };
      const answer = script[Math.min(calls.length, script.length - 1)]?.(call);
      calls.push(call);
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
  return { code, calls, out: out.join(""), err };
}

test("secret prints a new one and asks nobody; it takes nothing", async () => {
  const [one, two] = [await run(["secret"], []), await run(["secret"], [])];
  expect([one.code, one.calls, one.err]).toEqual([0, [], []]);
  expect(one.out).toMatch(/^[0-9a-f]{64}\n$/);
  expect(two.out).not.toBe(one.out);
  for (const words of [
    ["secret", "n1"],
    ["secret", "--timeout", "1s"],
    ["secret", "--json"],
  ]) {
    const { code, out } = await run(words, []);
    expect([words, code, out]).toEqual([words, 2, ""]);
  }
  const help = await run(["secret", "--help"], []);
  expect(help.out).toContain("umask 077");
  expect(help.out).not.toContain("--admin-address");
});

const healthy = () => clusterStatus({ configurationIndex: 5 });
const API = "http://127.0.0.1:9001/v1/cluster";

describe("what is asked for", () => {
  test.each([
    [
      ["add-learner", "n4=H4:9002"],
      "POST",
      "/learners",
      { name: "n4", address: "h4:9002", configurationIndex: 5 },
    ],
    [["promote", "n4"], "POST", "/members/n4/promote", { configurationIndex: 5 }],
    [["remove", "n3"], "DELETE", "/members/n3?configurationIndex=5", undefined],
    [["transfer-leader"], "POST", "/transfer-leader", { configurationIndex: 5 }],
    [["transfer-leader", "n2"], "POST", "/transfer-leader", { to: "n2", configurationIndex: 5 }],
  ] as const)("%j looks first, and names the configuration it saw", async (words, method, path, body) => {
    const { code, calls, out } = await run([...words], [healthy, () => done]);
    expect(code).toBe(0);
    expect(calls).toEqual([
      { method: "GET", url: API, body: undefined },
      { method, url: `${API}${path}`, body },
    ]);
    expect(out).toContain("configuration 5");
  });

  test("add-learner says how to start the node", async () => {
    const { out } = await run(["add-learner", "n4=h4:9002"], [healthy, () => done]);
    expect(out).toContain(
      "elastickv serve --node-id n4 --peer-address h4:9002 --join n1=n1.example:9002,n2=n2.example:9002,n3=n3.example:9002",
    );
  });

  test("what was like that already is said to be", async () => {
    const { code, out } = await run(["promote", "n2"], [healthy, () => ({ ...done, changed: false })]);
    expect([code, out.includes("n2 is already a voter")]).toEqual([0, true]);
  });

  test("another admin address: the flag, else the variable; a wildcard is asked at loopback", async () => {
    const at = async (words: string[], environment = {}) =>
      (await run(["status", ...words], [healthy], environment)).calls[0]?.url;
    const environment = { ELASTICKV_ADMIN_ADDRESS: ":9101" };
    expect(await at([], environment)).toBe("http://127.0.0.1:9101/v1/cluster");
    expect(await at(["--admin-address", "h:1"], environment)).toBe("http://h:1/v1/cluster");
    expect(await at(["--admin-address=[::1]:2"])).toBe("http://[::1]:2/v1/cluster");
  });
});

describe("who is asked", () => {
  const LIVE = ["/s", "/d/admin.sock", "elastickv-data/admin.sock", "/run/elastickv/admin.sock"];
  const at = async (words: string[], environment: Record<string, string> = {}, sockets = LIVE) => {
    const { code, calls, err } = await run(["status", ...words], [healthy], environment, sockets);
    const [call] = calls;
    return call === undefined ? [code, err[0]] : (call.unix ?? new URL(call.url).host);
  };

  test("a flag decides, whatever else is there", async () => {
    const environment = { ELASTICKV_ADMIN_SOCKET: "/s", ELASTICKV_ADMIN_ADDRESS: "h:1" };
    expect(await at(["--admin-address", "h:2"], environment)).toBe("h:2");
    expect(await at(["--admin-socket", "/other"], environment)).toBe("/other");
  });

  test("else the socket of the node that the environment describes, else its address", async () => {
    const address = { ELASTICKV_ADMIN_ADDRESS: "h:1" };
    expect(await at([], { ELASTICKV_ADMIN_SOCKET: "/s", ELASTICKV_DATA_DIR: "/d", ...address })).toBe("/s");
    expect(await at([], { ELASTICKV_DATA_DIR: "/d", ...address })).toBe("/d/admin.sock");
    expect(await at([], { ELASTICKV_DATA_DIR: "/gone", ...address })).toBe("h:1");
    // It names a node: not the one that happens to run here.
    expect(await at([], address)).toBe("h:1");
  });

  test("else what is here: by hand, as a service, at the address that a node has by default", async () => {
    expect(await at([])).toBe("elastickv-data/admin.sock");
    expect(await at([], {}, ["/run/elastickv/admin.sock"])).toBe("/run/elastickv/admin.sock");
    expect(await at([], {}, [])).toBe("127.0.0.1:9001");
  });

  test("a change goes the same way, with the same body", async () => {
    const { calls } = await run(["promote", "n4"], [healthy, () => done], {}, LIVE);
    expect(calls[1]).toEqual({
      method: "POST",
      url: "http://localhost/v1/cluster/members/n4/promote",
      body: { configurationIndex: 5 },
      unix: "elastickv-data/admin.sock",
    });
  });

  test("a socket that was named and does not answer", async () => {
    const { code, err } = await run(["status", "--admin-socket", "/gone"], [() => new Error("ENOENT")]);
    expect([code, err[0]]).toEqual([1, expect.stringContaining("admin socket /gone: ENOENT")]);
  });

  test("what a node elsewhere says to a change", async () => {
    const refused = () => refusal("NOT_LOCAL", "a change from 10.0.0.9 is refused: run it there", 403);
    const { code, err } = await run(["promote", "n4", "--admin-address", "h:1"], [healthy, refused]);
    expect([code, err]).toEqual([
      1,
      ["elastickv: NOT_LOCAL: a change from 10.0.0.9 is refused: run it there"],
    ]);
  });
});

describe("status", () => {
  test("a table and the advice", async () => {
    const status = clusterStatus({
      members: [
        member("n1", { role: "leader" }),
        member("n2", { reachable: false, problem: "ECONNREFUSED" }),
      ],
      advice: ["Start n2."],
    });
    const { code, out } = await run(["status"], [() => status]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      `cluster ${status.clusterId}  leader n1  term 3  configuration 1  (* answered)`,
      "",
      "MEMBER  ROLE      PEER ADDRESS     ON DISK  APPLIED  BEHIND  REACHABLE",
      "n1 *    leader    n1.example:9002  100      100      0       yes",
      "n2      follower  n2.example:9002  100      100      0       no: ECONNREFUSED",
      "",
      "! Start n2.",
      "",
    ]);
  });

  const slow = () =>
    clusterStatus({
      nodeId: "n2",
      view: "own",
      members: [
        member("n1", { role: "leader", match: null, applied: null, lag: null, snapshot: null }),
        member("n2", { lag: null, snapshot: null }),
        member("n3", {
          match: null,
          applied: null,
          lag: null,
          reachable: null,
          snapshot: null,
          registered: null,
        }),
      ],
      advice: ["The leader, n1, has not answered n2 in time."],
    });

  test("a leader that does not answer: whose view it is, ? for what is not known, and an exit code of its own", async () => {
    const { code, out } = await run(["status"], [slow]);
    expect(code).toBe(3);
    expect(out.split("\n").slice(1, -1)).toEqual([
      "as n2 sees it: the leader, n1, has not answered it; ? is not known there",
      "",
      "MEMBER  ROLE      PEER ADDRESS     ON DISK  APPLIED  BEHIND  REACHABLE",
      "n1      leader    n1.example:9002  ?        ?        ?       yes",
      "n2 *    follower  n2.example:9002  100      100      ?       yes",
      "n3      follower  n3.example:9002  ?        ?        ?       ?",
      "",
      "! The leader, n1, has not answered n2 in time.",
    ]);
    const json = await run(["status", "--json"], [slow]);
    expect([json.code, JSON.parse(json.out)]).toEqual([3, structuredClone(slow()) as never]);
    // As the node sent it, to the letter.
    expect(json.out).toBe(`${JSON.stringify(slow(), undefined, 2)}\n`);
  });

  test("no leader is 1, with the view of the node that answers", async () => {
    const { code, out } = await run(["status"], [() => ({ ...slow(), leaderId: null })]);
    expect([code, out.split("\n")[1]]).toEqual([
      1,
      "as n2 sees it: it knows no leader; ? is not known there",
    ]);
  });

  test("a node that has not found its cluster is asked for no change", async () => {
    const forming = () => ({ ...slow(), leaderId: null, configurationIndex: null });
    const { code, calls, err, out } = await run(["promote", "n4"], [forming]);
    expect([code, calls.length, err[0]]).toEqual([
      1,
      1,
      "elastickv: NO_LEADER: n2 has not found its cluster yet",
    ]);
    expect(out).toContain("configuration ?");
  });

  test("a member that can be reached and does not get its snapshot does not look well", async () => {
    const problem = "the last snapshot did not arrive: the connection broke";
    const sick = member("n2", { problem, snapshot: true });
    const { out } = await run(["status"], [() => clusterStatus({ members: [sick] })]);
    expect(out.split("\n").find((line) => line.startsWith("n2"))).toEndWith("  yes, its snapshot fails");
  });

  test("without a leader the exit code is 1, --json or not", async () => {
    const status = () => clusterStatus({ leaderId: null });
    expect((await run(["status"], [status])).code).toBe(1);
    const { code, out } = await run(["status", "--json"], [status]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual(structuredClone(status()));
  });
});

describe("what goes wrong is one line and exit 1", () => {
  test.each([
    [
      () => refusal("NOT_CAUGHT_UP", "n4 is 9 entries behind"),
      "elastickv: NOT_CAUGHT_UP: n4 is 9 entries behind",
    ],
    [
      () => new Response("<html>", { status: 502 }),
      "127.0.0.1:9001 answered 502 with something that is not JSON",
    ],
    [() => Response.json({ error: "no" }, { status: 421 }), "127.0.0.1:9001 answered 421: no"],
    [() => ({}), "answered something else than what a change is answered with"],
    [() => new Error("Unable to connect"), "admin address 127.0.0.1:9001: Unable to connect"],
  ])("%#", async (answer, line) => {
    const { code, err } = await run(["promote", "n4"], [healthy, answer]);
    expect([code, err.length]).toEqual([1, 1]);
    expect(err[0]).toContain(line);
  });

  test("something else than a node answers", async () => {
    const { code, err } = await run(["status"], [() => ({ hello: 1 })]);
    expect([code, err[0]?.includes("did not answer like the admin address")]).toEqual([1, true]);
  });
});

describe("replace", () => {
  const WORDS = ["replace", "n3", "n4=h4:9002"];
  const learner = { role: "learner", peerAddress: "h4:9002" } as const;
  const withLearner = (more: object) =>
    clusterStatus({
      configurationIndex: 6,
      members: [...healthy().members, member("n4", { ...learner, ...more })],
    });

  test("adds, waits for the start and the copy, then swaps in one change", async () => {
    const { code, calls, out } = await run(WORDS, [
      healthy, // shown
      healthy,
      () => done, // learner added
      () => withLearner({ reachable: false, registered: false }),
      () => withLearner({ snapshot: true }),
      () => withLearner({}),
      () => refusal("NOT_CAUGHT_UP", "12 entries behind"),
      () => withLearner({}),
      () => done,
    ]);
    expect(code).toBe(0);
    expect(
      calls.filter(({ method }) => method !== "GET").map(({ url, body }) => [url.slice(API.length), body]),
    ).toEqual([
      ["/learners", { name: "n4", address: "h4:9002", configurationIndex: 5 }],
      ["/replace", { remove: "n3", promote: "n4", configurationIndex: 6 }],
      ["/replace", { remove: "n3", promote: "n4", configurationIndex: 6 }],
    ]);
    expect(out).toContain("n4 receives a snapshot");
    expect(out).toEndWith("n4 has taken the place of n3\n");
  });

  test("run again after it is done: nothing to do", async () => {
    const after = clusterStatus({
      members: [member("n1", { role: "leader" }), member("n2"), member("n4", { peerAddress: "h4:9002" })],
    });
    const { code, calls } = await run(WORDS, [() => after]);
    expect([code, calls.every(({ method }) => method === "GET")]).toEqual([0, true]);
  });

  test("a name that votes already takes nobody's place: nothing is removed", async () => {
    const both = clusterStatus({ members: [...healthy().members, member("n4", { peerAddress: "h4:9002" })] });
    const { code, calls, err } = await run(WORDS, [() => both]);
    expect([code, calls.every(({ method }) => method === "GET")]).toEqual([1, true]);
    expect(err[0]).toContain("n4 has a vote already and takes nobody's place");
    expect(err[0]).toContain("elastickv cluster remove n3");
  });

  test("run again while the votes change hands: waits for that", async () => {
    const members = [...healthy().members, member("n4", { peerAddress: "h4:9002" })];
    const joint = clusterStatus({ members, joint: true });
    const after = clusterStatus({ members: members.filter(({ id }) => id !== "n3") });
    const { code, calls, out } = await run(WORDS, [() => joint, () => joint, () => after]);
    expect([code, calls.every(({ method }) => method === "GET")]).toEqual([0, true]);
    expect(out).toContain("a change of voters is under way");
  });

  test("an election in between passes; an old node that is no member does not", async () => {
    const { code } = await run(WORDS, [
      healthy,
      () => withLearner({}),
      () => refusal("NO_LEADER", "no leader", 503),
      () => withLearner({}),
      () => done,
    ]);
    expect(code).toBe(0);
    const unknown = await run(["replace", "n7", "n4=h4:9002"], [healthy]);
    expect([
      unknown.code,
      unknown.err[0]?.includes("UNKNOWN_MEMBER") || unknown.err[0]?.includes("n7 is no member"),
    ]).toEqual([1, true]);
  });

  test("another address than the one it was added with", async () => {
    const { code, err } = await run(["replace", "n3", "n4=other:1"], [() => withLearner({})]);
    expect(code).toBe(1);
    expect(err[0]).toContain("n4 is a member at h4:9002, not at other:1");
  });

  test("gives up in the end, and says that it can go on", async () => {
    const { code, err } = await run([...WORDS, "--timeout", "5s"], [() => withLearner({ reachable: false })]);
    expect(code).toBe(1);
    expect(err[0]).toContain("gave up waiting for n4 to catch up; the same command goes on where it stopped");
  });
});

describe("wrong usage", () => {
  test.each([
    [[], "cluster needs a verb: status, add-learner"],
    [["statsu"], 'unknown verb "cluster statsu"; did you mean status?'],
    [["status", "n1"], "cluster status takes no operands; given: n1"],
    [["promote"], "cluster promote takes NAME; given: nothing"],
    [["promote", "a b"], '"a b" is no node name'],
    [["add-learner", "n4"], '"n4" contains "n4", which is not NAME=HOST:PORT'],
    [["replace", "n3", "n3=h:1"], "n3 cannot replace itself"],
    [["promote", "n4", "--json"], 'unknown flag "--json"'],
    [["status", "--admin-addres=h:1"], 'unknown flag "--admin-addres"; did you mean --admin-address?'],
    [["status", "--admin-address", "nowhere"], '--admin-address: "nowhere" is not an address'],
    [
      ["status", "--admin-address", "h:1", "--admin-socket", "/s"],
      "--admin-address and --admin-socket are both",
    ],
    [
      ["status", "--admin-socket", `/${"x".repeat(107)}`],
      "--admin-socket: the path of a unix socket has at most 107",
    ],
    [["status", "--timeout", "5"], '--timeout: "5" has no unit'],
    [["status", "--timeout"], "--timeout: the value is missing"],
    [["status", "--json", "--json"], "--json is given twice"],
  ])("%j", (words, message) => {
    expect(() => parseCommandLine(["cluster", ...words], {})).toThrow(ConfigError);
    expect(() => parseCommandLine(["cluster", ...words], {})).toThrow(message);
  });

  test("the exit codes are in the help", async () => {
    expect((await run(["status", "--help"], [])).out).toContain("3 a leader is known and did not answer");
    expect((await run(["--help"], [])).out).toContain("3 the status is not the leader's");
  });

  test("help for each verb, within 120 columns", async () => {
    for (const words of [[], ...Object.keys(CLUSTER_VERBS).map((verb) => [verb])]) {
      const { code, out, calls } = await run([...words, "--help"], []);
      expect([code, calls]).toEqual([0, []]);
      expect(out).toStartWith(`Usage: elastickv cluster ${words[0] ?? "VERB"}`);
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
    }
    expect(parseCommandLine(["help", "cluster", "replace"], {})).toEqual({ kind: "help", topic: "replace" });
  });
});
