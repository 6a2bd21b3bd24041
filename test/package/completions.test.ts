/** The scripts are driven by the shells themselves: what is asked for is what Tab would offer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bashCompletion, fishCompletion, zshCompletion } from "../../scripts/package/completions.ts";
import { serveHelp } from "../../src/cli/help.ts";
import { needs } from "../platform/support/needs.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-completions-"));
  writeFileSync(join(directory, "elastickv.bash"), bashCompletion());
  writeFileSync(join(directory, "elastickv.fish"), fishCompletion());
  mkdirSync(join(directory, "zsh"));
  writeFileSync(join(directory, "zsh/_elastickv"), zshCompletion());
  mkdirSync(join(directory, "files"));
  for (const name of ["node.key", "node data"]) writeFileSync(join(directory, "files", name), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Every flag that a person reads in `serve --help`. */
const FLAGS = [...serveHelp().matchAll(/^ {2}(--[a-z0-9-]+) /gm)].map(([, flag]) => flag ?? "");

function run(words: string[], input?: string): string {
  const { stdout, stderr } = Bun.spawnSync(words, {
    cwd: join(directory, "files"),
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: directory,
      TERM: "dumb",
      LC_ALL: "C.UTF-8",
      EKV: directory,
    },
    ...(input === undefined ? {} : { stdin: Buffer.from(input) }),
  });
  expect(stderr.toString()).toBe("");
  return stdout.toString();
}

/** Candidates for the last word of a line: as a set, without descriptions. */
type Complete = (line: string) => string[];

const lines = (out: string): string[] => [...new Set(out.split("\n").filter((line) => line !== ""))].sort();

const bash: Complete = (line) => {
  // As readline takes a line apart: at blanks, and around each equals sign.
  const words = line.split(/ |(?==)|(?<==)/);
  const array = words.map((word) => `'${word}'`).join(" ");
  return lines(
    run([
      "bash",
      "--norc",
      "-c",
      `source "$EKV/elastickv.bash"; COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _elastickv; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]),
  );
};

const fish: Complete = (line) =>
  lines(run(["fish", "--no-config", "-c", `source $EKV/elastickv.fish; complete -C '${line}'`])).map(
    (candidate) => candidate.split("\t")[0] ?? "",
  );

/** A terminal with a shell that completes: every candidate that is offered to the line editor is written down. */
const zsh: Complete = (line) => {
  const shell = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PS1=; fpath=($EKV/zsh $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=100000'
    zpty -w shell 'compadd () { local -a found; builtin compadd -A found "$@"; print -rl -- $found >>$EKV/found; builtin compadd "$@" }'
    zpty -w shell 'done-now () { print -r -- END >>$EKV/found }; zle -N done-now; bindkey "^I" complete-word; bindkey "^X" done-now; print READY'
    local out=
    while zpty -r shell out '*READY*'; do [[ $out == *$'\\n'READY* || $out == READY* ]] && break; done
    zpty -w -n shell '${line}'$'\\t'$'\\x18'
    repeat 600 { grep -q END $EKV/found 2>/dev/null && break; zpty -r -t shell out; sleep 0.05 }
    zpty -d shell
    print -r -- "$(<$EKV/found)"`;
  rmSync(join(directory, "found"), { force: true });
  return lines(run(["zsh", "-f", "-c", shell])).filter((word) => word !== "END");
};

const SHELLS = [
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
] as const;

describe.each(SHELLS.filter(([name]) => needs(name)))("%s", (_, complete) => {
  test("verbs, and their verbs", () => {
    const first = complete("elastickv ");
    for (const verb of ["serve", "cluster", "credentials", "version", "help"]) expect(first).toContain(verb);
    expect(complete("elastickv cluster pro")).toEqual(["promote"]);
    expect(complete("elastickv credentials s")).toEqual(["show"]);
    expect(complete("elastickv admin ")).toContain("token");
    for (const verb of ["create", "list", "revoke"])
      expect(complete("elastickv admin token ")).toContain(verb);
  });

  test("every flag of serve --help", () => {
    expect(FLAGS.length).toBeGreaterThan(30);
    const offered = complete("elastickv serve --");
    expect(FLAGS.filter((flag) => !offered.includes(flag))).toEqual([]);
    expect(offered).not.toContain("--root-secret-key");
    expect(offered).not.toContain("--json");
  });

  test("flags of the other verbs", () => {
    expect(complete("elastickv version --j")).toEqual(["--json"]);
    expect(complete("elastickv cluster status --")).toContain("--admin-socket");
    const promote = complete("elastickv cluster promote --");
    expect([promote.includes("--timeout"), promote.includes("--json")]).toEqual([true, false]);
    expect(complete("elastickv cluster secret --")).not.toContain("--timeout");
    expect(complete("elastickv credentials show --no")).toEqual(["--node-key-file"]);
    expect(complete("elastickv admin token create --ro")).toEqual(["--role"]);
  });

  test("values: one of a few words, a file, nothing", () => {
    expect(complete("elastickv serve --log-level ")).toEqual(["debug", "error", "info", "warn"]);
    expect(complete("elastickv serve --node-key-file node.")).toEqual(["node.key"]);
    expect(complete("elastickv serve --s3-address ")).toEqual([]);
    // Flags that stand alone are followed by the next one.
    expect(complete("elastickv serve --raft-dispatcher-lanes --log-f")).toEqual(["--log-format"]);
  });
});

test("bash: a value after an equals sign", () => {
  expect(bash("elastickv serve --log-format=j")).toEqual(["json"]);
  expect(bash("elastickv serve --log-format=")).toEqual(["json", "logfmt"]);
});

test.if(needs("shellcheck"))("shellcheck has nothing to say about the one for bash", () =>
  expect(run(["shellcheck", "-s", "bash", join(directory, "elastickv.bash")])).toBe(""),
);
