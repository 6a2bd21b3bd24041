import { describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeDifference, runCases, type SuiteName, suiteOf } from "./runner.ts";

const CASES = join(import.meta.dir, "cases");

for (const folder of readdirSync(CASES).sort()) {
  describe(`cases/${folder}`, () => {
    for (const name of readdirSync(join(CASES, folder)).sort()) {
      test(name, () => {
        const path = join(CASES, folder, name);
        const difference = runCases(suiteOf(path), readFileSync(path, "utf8"));
        expect(difference === null ? "same" : describeDifference(difference)).toBe("same");
      });
    }
  });
}

describe("the harness itself", () => {
  test("a suite is chosen by the nearest folder that names one", () => {
    expect(suiteOf("/x/confchange/a.txt")).toBe("confchange");
    expect(suiteOf("/x/quorum/testdata/a.txt")).toBe("quorum");
    expect(suiteOf("/x/confchange/raft/quorum.txt")).toBe("interaction");
    expect(suiteOf("/x/y/confchange_v2.txt")).toBe("interaction");
    expect(suiteOf("/x/random-confchange/a.txt")).toBe("interaction");
  });

  // One changed character in the expected output of every suite must be noticed.
  const ALTERED: readonly (readonly [SuiteName, string])[] = [
    ["quorum", "vote cfg=(1) votes=(y)\n----\nVoteLost\n"],
    ["confchange", "simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=2\n"],
    ["interaction", "add-nodes 1 voters=(1) index=2\n----\nok\n\ncampaign 1\n----\nno\n"],
    ["interaction", "add-nodes 1 voters=(1) index=2\n----\nok\n\nraft-state\n----\nok\n"],
  ];
  for (const [suite, text] of ALTERED) {
    test(`a difference is found: ${suite} ${text.split("\n", 1)[0]}`, () => {
      expect(runCases(suite, text)).not.toBeNull();
    });
  }

  test("the first difference names the line and both versions", () => {
    const difference = runCases("quorum", "\nvote cfg=(1) votes=(y)\n----\nVoteLost\n");
    expect(difference).toEqual({ line: 2, command: "vote", expected: "VoteLost\n", actual: "VoteWon\n" });
    expect(describeDifference(difference as NonNullable<typeof difference>)).toContain("- VoteLost");
  });

  test("a recipient may be named twice, but not for delivery and drop at once", () => {
    const start = "add-nodes 1 voters=(1) index=2\n----\nok\n\n";
    const twice = `${start}deliver-msgs 1 1 drop=(7,7)\n----\nno messages\n`;
    expect(runCases("interaction", twice)).toBeNull();
    const both = `${start}deliver-msgs 1 drop=(1)\n----\nno messages\n`;
    expect(runCases("interaction", both)?.actual).toContain("both to be delivered and to be dropped");
  });

  test("a command that only the prototype of objects knows is unknown", () => {
    for (const command of ["constructor", "toString", "__proto__"]) {
      expect(runCases("interaction", `${command} 1\n----\nunknown command\n`)).toBeNull();
    }
    expect(runCases("confchange", "leave\n----\nunknown command\n")).toBeNull();
  });

  test("level none silences, yet the directive is executed", () => {
    const text =
      "log-level none\n----\nok\n\nadd-nodes 1 voters=(1) index=2\n----\nok\n\ncampaign 1\n----\nok\n\n" +
      "stabilize\n----\nok\n\npropose 9 x\n----\nno node 9\n\nlog-level loud\n----\n" +
      "log levels must be either of [DEBUG INFO WARN ERROR FATAL NONE]\n\nlog-level DEBUG\n----\nok\n\n" +
      "raft-state\n----\n1: StateLeader (Voter) Term:1 Lead:1\n";
    expect(runCases("interaction", text)).toBeNull();
  });

  test("of a folder every file is run, whatever its suffix, and what is passed over is named", () => {
    const folder = mkdtempSync(join(tmpdir(), "raft-cases-"));
    try {
      mkdirSync(join(folder, "quorum"));
      const good = "vote cfg=(1) votes=(y)\n----\nVoteWon\n";
      for (const name of ["a", "b.txt", "c.v2.case"]) writeFileSync(join(folder, "quorum", name), good);
      writeFileSync(join(folder, "quorum", "d.golden"), good.replace("Won", "Lost"));
      writeFileSync(join(folder, ".hidden"), "no case");
      symlinkSync("nowhere", join(folder, "quorum", "e"));
      const run = (path: string) => {
        const { stdout, exitCode } = Bun.spawnSync([
          process.execPath,
          join(import.meta.dir, "run.ts"),
          join(folder, path),
        ]);
        const lines = stdout.toString().split("\n");
        return { exitCode, lines: lines.filter((line) => /^(ok|FAIL|skip|\d)/.test(line)) };
      };
      const all = run(".");
      expect(all.exitCode).toBe(1);
      expect(all.lines.map((line) => line.replace(folder, ""))).toEqual([
        "skip /.hidden",
        "skip /quorum/e",
        "ok /quorum/a",
        "ok /quorum/b.txt",
        "ok /quorum/c.v2.case",
        "FAIL /quorum/d.golden",
        "3 passed, 1 failed",
      ]);
      expect(run("quorum/a").exitCode).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
