/** Which errors a supervisor may start a node again after. One row for every code that there is. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { threadFailure } from "../../src/node/thread-failure.ts";
import { DiskError } from "../../src/platform/disk.ts";
import { codesOf, EXIT, lastingKind, mendsItself } from "../../src/platform/exit-codes.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { WalError, type WalErrorCode } from "../../src/raft/log/errors.ts";
import { StoreError, type StoreErrorCode } from "../../src/store/types.ts";

type End = "mends" | "lasts";

/** Complete by its type: a new code does not compile before somebody has decided. */
const LOG: Readonly<Record<WalErrorCode, End>> = {
  LOCKED: "mends",
  NOT_FOUND: "lasts",
  CORRUPT: "lasts",
  MISSING_SEGMENT: "lasts",
  FORMAT_VERSION: "lasts",
  WRONG_CLUSTER: "lasts",
  WRONG_NODE: "lasts",
  IO: "mends",
  FSYNC_FAILED: "mends",
  DISK_FULL: "mends",
  INVALID: "mends",
  COMPACTED: "mends",
  UNAVAILABLE: "mends",
  POISONED: "mends",
  CLOSED: "mends",
};

const STORE: Readonly<Record<StoreErrorCode, End>> = {
  WRITE_CONFLICT: "mends",
  HISTORY_COMPACTED: "mends",
  WRONG_FORMAT: "lasts",
  CORRUPT: "lasts",
  // Of a stream that another node sends: it ends the stream, not the node.
  WRONG_GROUP: "mends",
  DISK_FULL: "mends",
  CLOSED: "mends",
  STALE_POSITION: "mends",
  IO: "mends",
};

const OTHERS: Readonly<Record<string, End>> = {
  // The state machine: the same entry fails in the same way at each start.
  FSM: "lasts",
  COMMAND: "lasts",
  MEMBERSHIP_FORMAT: "lasts",
  RECOVERY: "lasts",
  // Listening for peers.
  EADDRINUSE: "mends",
  EADDRNOTAVAIL: "mends",
  ENOTFOUND: "mends",
  EACCES: "lasts",
  TLS: "lasts",
  // The system.
  EROFS: "lasts",
  EPERM: "lasts",
  ENOTDIR: "lasts",
  EISDIR: "lasts",
  ENOENT: "lasts",
  ENOSPC: "mends",
  EDQUOT: "mends",
  EIO: "mends",
  EMFILE: "mends",
  SQLITE_READONLY: "lasts",
  SQLITE_READONLY_DBMOVED: "lasts",
  SQLITE_CANTOPEN: "lasts",
  SQLITE_IOERR_WRITE: "mends",
  SQLITE_BUSY: "mends",
  SQLITE_FULL: "mends",
};

const endOf = (codes: readonly string[]): End => (lastingKind(codes) === undefined ? "mends" : "lasts");

test.each([...Object.entries(LOG), ...Object.entries(STORE), ...Object.entries(OTHERS)])(
  "%s %s",
  (code, end) => {
    const failure = threadFailure("the thread says", [code], "/data");
    expect(endOf([code])).toBe(end);
    expect(failure.exitCode).toBe(end === "lasts" ? EXIT.LASTING : EXIT.MAY_MEND);
    // Whoever is not started again says what to do.
    if (end === "lasts" && code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") {
      expect(failure.message.length).toBeGreaterThan("the thread says; ".length);
    }
  },
);

test("what nobody foresaw may mend: a restart is the usual cure", () => expect(endOf([])).toBe("mends"));

test("an input/output error is what caused it", () => {
  const wal = (code: string) =>
    new WalError(
      "IO",
      { file: "/data/wal/1" },
      "cannot be opened",
      new DiskError(code, "/data/wal/1", "open"),
    );
  expect(codesOf(wal("EACCES"))).toEqual(["IO", "EACCES"]);
  expect([endOf(codesOf(wal("EACCES"))), endOf(codesOf(wal("EIO")))]).toEqual(["lasts", "mends"]);
  const cause = Object.assign(new Error("readonly"), { code: "SQLITE_READONLY" });
  expect(endOf(codesOf(new StoreError("IO", "not writable", { cause })))).toBe("lasts");
});

test("a ring of causes ends", () => {
  const error = new StartError("a");
  Object.assign(error, { cause: error });
  expect(codesOf(error)).toEqual([]);
});

test("no system error that passes by itself lasts", () => {
  for (const code of ["ENOSPC", "EIO", "EMFILE", "ENOMEM"])
    expect([mendsItself(code), endOf([code])]).toEqual([true, "mends"]);
  for (const code of ["EACCES", "EROFS", "ENOTDIR", undefined]) expect(mendsItself(code)).toBe(false);
});

const root = join(import.meta.dir, "../..");

test("the unit starts a node again after every failure but those that last", () => {
  const unit = readFileSync(join(root, "systemd/elastickv.service"), "utf8");
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
  expect(value("Restart")).toBe("on-failure");
  expect(value("RestartPreventExitStatus")).toBe(`${EXIT.USAGE} ${EXIT.LASTING}`);
});

test.if(Bun.which("systemd-analyze") !== null)("systemd understands the unit", () => {
  const unit = join(root, "systemd/elastickv.service");
  const { stderr } = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", unit]);
  // The binary is not installed where the test runs, nor may the user and the network be known to it.
  const complaints = stderr
    .toString()
    .split("\n")
    .filter(
      (line) => line.includes("elastickv.service") && !line.includes("/usr/lib/elastickv/current/elastickv"),
    );
  expect(complaints).toEqual([]);
});

test("errors.md lists every exit code", () => {
  const text = readFileSync(join(root, "docs/operations/errors.md"), "utf8");
  for (const code of Object.values(EXIT)) expect(text).toContain(`**${code}** =`);
});
