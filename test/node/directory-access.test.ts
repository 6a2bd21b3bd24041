/** A data directory belongs to one user: what others could read is closed, what others could write is refused. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareDataDirectory } from "../../src/node/directory-access.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { needs } from "../platform/support/needs.ts";

let base: string;
let dir: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-access-"));
  dir = join(base, "data");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

type Warning = readonly [message: string, fields: Readonly<Record<string, string | number>>];

function prepare(uid?: number): Warning[] {
  const warnings: Warning[] = [];
  const warn = (...warning: Warning) => warnings.push(warning);
  prepareDataDirectory(dir, { warn, ...(uid === undefined ? {} : { uid }) });
  return warnings;
}

function refusal(uid?: number): StartError {
  try {
    prepare(uid);
  } catch (error) {
    if (error instanceof StartError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

const mode = (path: string) => statSync(path).mode & 0o777;

/** As a release that followed the umask left it. */
function oldDirectory(directoryMode: number, fileMode: number): void {
  mkdirSync(join(dir, "keyspace", "0000000001"), { recursive: true });
  mkdirSync(join(dir, "wal"));
  for (const name of [
    "node.json",
    "LOCK",
    "wal/0001.wal",
    "keyspace/CURRENT",
    "keyspace/0000000001/keyspace.db",
  ]) {
    writeFileSync(join(dir, name), "x");
  }
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    const path = join(dir, name);
    chmodSync(path, statSync(path).isDirectory() ? directoryMode : fileMode);
  }
  chmodSync(dir, directoryMode);
}

test("a new one is made 0700 and says nothing", () => {
  dir = join(base, "a", "b");
  expect(prepare()).toEqual([]);
  expect([mode(join(base, "a")), mode(dir), mode(join(dir, ".probe"))]).toEqual([0o700, 0o700, 0o600]);
});

test.each([0o755, 0o775, 0o777, 0o1777])(
  "an empty one, mode %o, is closed with a warning: nobody can have left anything",
  (open) => {
    mkdirSync(dir);
    mkdirSync(join(dir, "lost+found"), { mode: 0o700 });
    chmodSync(dir, open);
    expect(prepare()).toEqual([
      [
        "the data directory was open to other users and is closed to them now",
        { path: dir, mode: open.toString(8).padStart(4, "0"), now: "0700" },
      ],
    ]);
    expect(mode(dir)).toBe(0o700);
  },
);

test("one that others could read is closed, with everything in it, and says which mode it had", () => {
  oldDirectory(0o755, 0o644);
  const warnings = prepare();
  expect(warnings.map(([, fields]) => fields["mode"])).toEqual(["0755", "0644"]);
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    const path = join(dir, name);
    expect([name, mode(path)]).toEqual([name, statSync(path).isDirectory() ? 0o700 : 0o600]);
  }
  expect(prepare()).toEqual([]);
});

test("files that a closed directory protected may have any mode: they are closed too", () => {
  oldDirectory(0o777, 0o666);
  chmodSync(dir, 0o700);
  expect(prepare()).toHaveLength(1);
  expect([mode(join(dir, "keyspace")), mode(join(dir, "node.json"))]).toEqual([0o700, 0o600]);
});

describe("refused, and nothing is changed", () => {
  const cases: readonly (readonly [what: string, directory: number, file: number, said: RegExp])[] = [
    [
      "the directory was writable",
      0o775,
      0o600,
      /data may be written by other users \(mode 0775\).*"chmod 700 /,
    ],
    [
      "a file in a directory that let others in",
      0o755,
      0o666,
      /LOCK may be written by other users \(mode 0666\).*"chmod 600 /,
    ],
  ];
  test.each(cases)("%s", (_what, directory, file, said) => {
    oldDirectory(directory, file);
    const error = refusal();
    expect(error.message).toMatch(said);
    expect(error.exitCode).toBe(EXIT.LASTING);
    expect([mode(dir), mode(join(dir, "node.json"))]).toEqual([directory, file]);
    // Refused today, refused tomorrow.
    expect(refusal().message).toBe(error.message);
  });

  test("another user's directory names both users and what to type", () => {
    mkdirSync(dir, { mode: 0o700 });
    const own = statSync(dir).uid;
    const error = refusal(own + 1);
    expect(error.message).toContain(`belongs to user ${own}, and this process runs as user ${own + 1}`);
    expect(error.message).toContain(`"chown -R ${own + 1} ${dir}"`);
    expect(error.exitCode).toBe(EXIT.LASTING);
  });

  test.if(needs("root"))("another user's file in it", () => {
    oldDirectory(0o700, 0o600);
    chownSync(join(dir, "wal", "0001.wal"), 65_534, 65_534);
    expect(refusal().message).toContain(`${join(dir, "wal", "0001.wal")} belongs to user 65534`);
  });

  test("an open directory that holds other things is not closed under their users", () => {
    mkdirSync(dir);
    chmodSync(dir, 0o755);
    writeFileSync(join(dir, "index.html"), "");
    expect(refusal().message).toContain("holds files that are not elastickv's (index.html)");
    expect([mode(dir), readdirSync(dir)]).toEqual([0o755, ["index.html"]]);
  });

  test("a file in its place, or on the way to it, is called a file", () => {
    writeFileSync(dir, "");
    expect(refusal().message).toStartWith(`data directory ${dir} is a file: name a directory`);
    const file = dir;
    dir = join(file, "below", "it");
    const error = refusal();
    expect(error.message).toStartWith(`data directory ${dir} cannot be made: ${file} is a file`);
    expect(error.exitCode).toBe(EXIT.LASTING);
  });
});

test("a link in the place of the log is followed, and a link below is left alone", () => {
  const elsewhere = join(base, "fast");
  mkdirSync(elsewhere, { mode: 0o755 });
  chmodSync(elsewhere, 0o755);
  writeFileSync(join(base, "foreign"), "");
  chmodSync(join(base, "foreign"), 0o644);
  mkdirSync(dir, { mode: 0o700 });
  symlinkSync(elsewhere, join(dir, "wal"));
  symlinkSync(join(base, "foreign"), join(elsewhere, "link"));
  expect(prepare()).toHaveLength(1);
  expect([mode(elsewhere), mode(join(base, "foreign"))]).toEqual([0o700, 0o644]);
  expect(existsSync(join(dir, ".probe"))).toBe(true);
});

test("secrets in it keep their mode: whoever opens them refuses them, because others may have read them", () => {
  mkdirSync(dir, { mode: 0o700 });
  for (const name of ["root-credentials.env", "node.key", "cluster-secret"]) {
    writeFileSync(join(dir, name), "");
    chmodSync(join(dir, name), 0o644);
  }
  expect(prepare()).toEqual([]);
  expect(mode(join(dir, "node.key"))).toBe(0o644);
});
