/** The parts of scripts/rolling-update.sh that need no host. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Output, run } from "../support/run.ts";

const script = join(import.meta.dir, "../../scripts/rolling-update.sh");

/** Runs shell code that has the script's functions. */
function shell(code: string, ...words: readonly string[]): Promise<Output> {
  return run(["bash", "-c", `script=$1; shift; . "$script"; ${code}`, "bash", script, ...words]);
}

async function values(json: string): Promise<string[]> {
  const { code, out } = await run(["bash", "-c", '. "$1"; host_json', "bash", script], { input: json });
  return code === 0 ? out.split("\n").filter(Boolean) : [`exit code ${code}`];
}

describe("host_json", () => {
  const status = {
    view: "leader",
    members: [
      { id: "n1", lag: 0 },
      { lag: null, id: "n2" },
    ],
    joint: false,
  };
  const lines = [
    "view=leader",
    "members.0.id=n1",
    "members.0.lag=0",
    "members.1.lag=null",
    "members.1.id=n2",
    "joint=false",
  ];

  test.each([undefined, 2, "\t"] as const)("reads a status that is indented by %p", async (indent) => {
    expect(await values(JSON.stringify(status, undefined, indent))).toEqual(lines);
    expect(await values(JSON.stringify(status, undefined, indent).replaceAll(":", " :\n "))).toEqual(lines);
  });

  test("brackets, quotes and commas in a text are text", async () => {
    const problem = `}, {"id":"n1","reachable":true} \\" [`;
    expect(await values(JSON.stringify({ problem, id: "n2" }))).toEqual([
      `problem=${JSON.stringify(problem).slice(1, -1)}`,
      "id=n2",
    ]);
  });

  test("what is nested has a place of its own", async () => {
    const json = { a: { id: "x", b: [[1, -2500], [], {}] }, id: "y", empty: "" };
    expect(await values(JSON.stringify(json))).toEqual([
      "a.id=x",
      "a.b.0.0=1",
      "a.b.0.1=-2500",
      "id=y",
      "empty=",
    ]);
  });

  test.each(['{"a":1', '{"a":"', '{"a":1}}', "{%}"])("%s is an error", async (text) => {
    expect(await values(text)).toEqual(["exit code 1"]);
  });
});

describe("host_healthy", () => {
  /** What a host's programs would say. */
  async function health(node: string, status: unknown, says = "serves"): Promise<Output> {
    const programs = `
      systemctl() { case "$*" in *StatusText*) echo "$text" ;; is-active*) echo active ;; esac; }
      timeout() { printf '%s' "$json"; }`;
    return shell(
      `json=$1 text=$2 elastickv=elastickv; ${programs}; host_healthy "$3"`,
      JSON.stringify(status, undefined, 1),
      says,
      node,
    );
  }
  const member = (more: object) => ({ role: "follower", nested: { id: "n9" }, ...more });
  const members = [
    member({ reachable: true, lag: 7, id: "n1" }),
    member({ id: "n2", reachable: false, lag: 7, problem: '"reachable":true}' }),
    member({ lag: 1000, id: "n3", reachable: true }),
    member({ lag: null, id: "n4", reachable: true }),
  ];

  test.each([
    ["n1", "", 0],
    ["n2", "the leader does not reach it", 1],
    ["n3", "it has not caught up", 1],
    ["n4", "it has not caught up", 1],
    ["n9", "the cluster has no member n9", 1],
  ] as const)("%s: %p", async (node, why, code) => {
    const { out, code: ended } = await health(node, { view: "leader", members });
    expect([out.trim(), ended]).toEqual([why, code]);
  });

  test("only the leader's view counts, and what the service says of itself", async () => {
    expect((await health("n1", { members, view: "own" })).out).toBe("it hears from no leader\n");
    expect((await health("n1", { members, view: "leader" }, "draining")).out).toBe("it says: draining\n");
  });
});

describe("host_compatible", () => {
  const version = (formats: Record<string, { reads: number[]; writes: number }>) =>
    JSON.stringify({ release: "r", formats }, undefined, 2);
  const both = async (fresh: string, installed: string): Promise<[number, string]> => {
    const { code, err } = await shell('host_compatible "$1" "$2"', fresh, installed);
    return [code, err.trim()];
  };
  const one = { wal: { reads: [1], writes: 1 }, store: { reads: [1, 2], writes: 2 } };

  test("releases that read each other's formats", async () => {
    expect(await both(version(one), version(one))).toEqual([0, ""]);
    const more = { ...one, blob: { reads: [1], writes: 1 }, wal: { writes: 1, reads: [12, 1] } };
    expect(await both(version(more), version(one))).toEqual([0, ""]);
  });

  test.each([
    [
      { ...one, wal: { reads: [2], writes: 2 } },
      one,
      "the new release does not read format wal 1 of the installed one",
    ],
    [
      { ...one, wal: { reads: [1, 2], writes: 2 } },
      one,
      "the installed release does not read format wal 2 of the new one",
    ],
    [{ store: one.store }, one, "the new release does not know the format wal of the installed one"],
    [
      { ...one, wal: { reads: [11], writes: 1 } },
      one,
      "the new release does not read format wal 1 of the installed one",
    ],
    [one, {}, "the installed release does not say which formats it reads"],
  ] as const)("%j over %j", async (fresh, installed, why) => {
    expect(await both(version(fresh as never), version(installed as never))).toEqual([1, why]);
  });
});
