/** The parts of scripts/rolling-update.sh that need no host. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

describe("host_extra: the new release judges the settings as its own unit will give them", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elastickv-rolling-"));
    for (const name of ["state/candidate", "settings"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(
      join(folder, "state/candidate/elastickv"),
      `#!/bin/sh\nenv | grep ^ELASTICKV_ | sort >${folder}/variables\necho "$@" >${folder}/words\n`,
      { mode: 0o755 },
    );
    writeFileSync(
      join(folder, "installed.service"),
      "[Service]\nEnvironment=ELASTICKV_DATA_DIR=/data\nEnvironment=ELASTICKV_ENV_FILES=/a,/b ELASTICKV_BOTH=1\n",
    );
    writeFileSync(
      join(folder, "drop-in.conf"),
      '[Service]\nEnvironment="ELASTICKV_BOTH=2" ELASTICKV_MINE=3\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** @param unit the new release's. @param variables of the service's process */
  async function judged(unit: string, variables: Record<string, string>) {
    writeFileSync(
      join(folder, "state/candidate/elastickv.service"),
      unit.replaceAll("SETTINGS", `${folder}/settings`),
    );
    const service = Bun.spawn(["sleep", "60"], { env: { PATH: process.env["PATH"] ?? "", ...variables } });
    try {
      const { code, err } = await shell(
        `folder=$1 service=$2
         host_names() { state=$folder/state settings=$folder/settings elastickv=false; }
         systemctl() { case "$*" in *FragmentPath*) echo "$folder/installed.service" ;; *DropIn*) echo "$folder/drop-in.conf" ;; *MainPID*) echo "$service" ;; esac; }
         host_extra leave ""`,
        folder,
        String(service.pid),
      );
      const read = (name: string) =>
        existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
      return {
        code,
        err: err.trim(),
        variables: read("variables").trim().split("\n"),
        words: read("words").trim(),
      };
    } finally {
      service.kill();
      await service.exited;
    }
  }

  const running = {
    ELASTICKV_DATA_DIR: "/data",
    ELASTICKV_ENV_FILES: "/a,/b",
    ELASTICKV_BOTH: "2",
    ELASTICKV_MINE: "3",
    ELASTICKV_IN_FILE: "4",
    OTHER: "5",
  };
  const unit = "[Service]\nEnvironment=ELASTICKV_DATA_DIR=%S\nEnvironmentFile=-SETTINGS/elastickv.env\n";

  test("a variable that only the installed unit sets is left out; those of drop-ins and of both units are not", async () => {
    writeFileSync(join(folder, "settings/elastickv.env"), "ELASTICKV_IN_FILE=4\n");
    const { code, err, variables, words } = await judged(unit, running);
    expect([code, err]).toEqual([0, ""]);
    expect(variables).toEqual(["ELASTICKV_BOTH=2", "ELASTICKV_DATA_DIR=/data", "ELASTICKV_MINE=3"]);
    expect(words).toBe(`config check --env-file ${folder}/settings/elastickv.env`);
  });

  test("the files are the new unit's, in its order", async () => {
    const files = ["cluster.env", "elastickv.env", "extra.env"];
    for (const name of files) writeFileSync(join(folder, "settings", name), "A=1\n");
    const more = `${unit}EnvironmentFile=-SETTINGS/extra.env\nEnvironmentFile=SETTINGS/cluster.env\n`;
    const { code, words } = await judged(more, running);
    expect(code).toBe(0);
    const order = ["settings/elastickv.env", "state/extra.env.new", "settings/cluster.env"];
    expect(words).toBe(`config check ${order.map((name) => `--env-file ${folder}/${name}`).join(" ")}`);
  });

  test.each(["cluster.env", "extra.env"])(
    "settings in %s, which the new unit does not read, end the update",
    async (name) => {
      writeFileSync(join(folder, "settings", name), "ELASTICKV_NODE_ID=n1\n");
      const { code, err } = await judged(unit, running);
      expect([code, err]).toEqual([
        1,
        `the unit of the new release does not read ${folder}/settings/${name}, by which this host has settings`,
      ]);
    },
  );
});
