/**
 * Backup and restore, from the command line to the rows and back: nothing is lost, whatever is interrupted.
 *
 * More than 400 lines: backup, restore and what interrupts them share one stage.
 */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUCKETS_PREFIX } from "../../src/s3/records/keys.ts";
import { blobsAreHeld } from "../../src/txn/blob-holds.ts";
import { blobCountKey } from "../../src/txn/references.ts";
import { KvError } from "../../src/txn/types.ts";
import { pattern } from "../s3/support/harness.ts";
import { putBlobObject, refOf } from "./support/blobs.ts";
import { Site } from "./support/site.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const root = mkdtempSync(join(tmpdir(), "elastickv-backup-"));
afterAll(() => rmSync(root, { recursive: true }));
let target: string;
let number = 0;
beforeEach(() => {
  target = join(root, `t${number++}`);
});

const tagged = (tag: string): Buffer => Buffer.from(`${tag}\0\u0001`);
/** Rows that a backup contains. */
const TAGS = ["b", "g", "f", "o", "v", "u", "p", "c", "r"];

/** Key, value, payload and garbage of every row that belongs to a backup; references without their source. */
function rowsOf({ kv }: Site): string[] {
  const readTs = kv.store.appliedState().commitTs;
  return TAGS.flatMap((tag) =>
    kv.rows(tagged(tag)).map(({ key, value }) => {
      const row = kv.store.getAt(key, readTs);
      const shown = tag === "r" ? value.subarray(0, 36) : value;
      const parts = [key, shown, row?.payload ?? [], row?.garbage ?? []];
      return parts.map((part) => brief(Buffer.from(part))).join(" ");
    }),
  );
}

const brief = (part: Buffer): string =>
  part.length < 500 ? part.toString("latin1") : new Bun.CryptoHasher("sha256").update(part).digest("hex");

const blobFiles = (): string[] =>
  readdirSync(join(target, "blobs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function filled(): Promise<Site> {
  const site = new Site();
  const { paths } = site;
  await paths.start();
  await site.call("PUT", "/empty");
  await site.call("PUT", "/bucket/inline", "hello", { "x-amz-meta-color": "blue" });
  await site.call("PUT", "/bucket/blobs", pattern(3 * MIB + 5));
  await site.call("PUT", "/bucket/same", pattern(3 * MIB + 5));
  paths.blobs.open = false;
  await site.call("PUT", "/bucket/log", pattern(2 * MIB, 7));
  const upload = await paths.startUpload("mixed");
  const parts = [await paths.uploadPart("mixed", upload, 1, pattern(5 * MIB, 3))];
  paths.blobs.open = true;
  parts.push(await paths.uploadPart("mixed", upload, 2, pattern(6 * MIB, 4)));
  await paths.complete("mixed", upload, parts);
  const open = await paths.startUpload("open");
  await paths.uploadPart("open", open, 1, pattern(MIB, 9));
  // The parts of the completed upload wait for their collection, and are not part of a backup.
  await paths.collect();
  return site;
}

async function sameObjects(site: Site): Promise<void> {
  expect(await site.paths.get("inline")).toEqual(Buffer.from("hello"));
  expect(Buffer.compare(await site.paths.get("blobs"), pattern(3 * MIB + 5))).toBe(0);
  expect(Buffer.compare(await site.paths.get("same"), pattern(3 * MIB + 5))).toBe(0);
  expect(Buffer.compare(await site.paths.get("log"), pattern(2 * MIB, 7))).toBe(0);
  const mixed = Buffer.concat([pattern(5 * MIB, 3), pattern(6 * MIB, 4)]);
  expect(Buffer.compare(await site.paths.get("mixed"), mixed)).toBe(0);
}

describe("backup and restore", () => {
  test("every row and byte comes back, counts included; the copy can be written and swept", async () => {
    const site = await filled();
    const backup = await site.run("backup", target, "--json");
    expect([backup.code, backup.err, site.errors]).toEqual([0, "", []]);
    expect(JSON.parse(backup.out)).toMatchObject({
      clusterId: "the-cluster",
      counts: { buckets: 2, objects: 5, uploads: 1 },
      blobs: 4 + 6 + 1,
      copied: 4 + 6 + 1,
    });
    expect(blobFiles()).toHaveLength(11);
    expect(await site.run("backup", "verify", target)).toMatchObject({ code: 0, err: "" });
    const other = new Site();
    const restore = await other.run("restore", target, "--json");
    expect([restore.code, restore.err, other.errors]).toEqual([0, "", []]);
    expect(JSON.parse(restore.out)).toMatchObject({ verified: true, restored: 11 });
    expect(rowsOf(other)).toEqual(rowsOf(site));
    expect(other.paths.state()).toEqual(site.paths.state());
    await sameObjects(other);
    // No row of the restored content waits for its collection.
    await other.paths.collect();
    await sameObjects(other);
    const head = await other.call("HEAD", "/bucket/inline");
    expect(head.headers.get("x-amz-meta-color")).toBe("blue");
    for (const key of ["blobs", "same", "log", "mixed"]) await other.call("DELETE", `/bucket/${key}`);
    await other.paths.collect();
    expect(other.paths.blobs.held.size).toBeGreaterThan(0);
    expect((await other.call("GET", "/bucket?uploads")).text).toContain("<Key>open</Key>");
  });

  test("versions and delete markers come back, under their ids", async () => {
    const site = new Site();
    const { paths } = site;
    await paths.start();
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await site.call("PUT", "/bucket/key", "the version null");
    await site.call("PUT", "/bucket?versioning", enabled);
    await site.call("PUT", "/bucket/key", pattern(3 * MIB, 1));
    paths.blobs.open = false;
    await site.call("PUT", "/bucket/key", pattern(2 * MIB, 2));
    paths.blobs.open = true;
    await site.call("DELETE", "/bucket/key");
    await site.call("PUT", "/bucket/other", "current");
    const lock =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    expect((await site.call("PUT", "/bucket?object-lock", lock)).status).toBe(200);
    const list = await site.call("GET", "/bucket?versions");
    const backup = await site.run("backup", target, "--json");
    expect([backup.code, backup.err, site.errors]).toEqual([0, "", []]);
    expect(JSON.parse(backup.out)).toMatchObject({ counts: { objects: 4 }, blobs: 3 });
    const other = new Site();
    const restore = await other.run("restore", target, "--json");
    expect([restore.code, restore.err, other.errors]).toEqual([0, "", []]);
    expect(rowsOf(other)).toEqual(rowsOf(site));
    expect((await other.call("GET", "/bucket?versions")).text).toBe(list.text);
    const [, second, first] = list.tags("VersionId");
    const read = (id: string | undefined) => other.call("GET", `/bucket/key?versionId=${id}`);
    expect((await read(first)).bytes.equals(pattern(3 * MIB, 1))).toBe(true);
    expect((await read(second)).bytes.equals(pattern(2 * MIB, 2))).toBe(true);
    expect((await read("null")).text).toBe("the version null");
    // The bucket is versioned, can be written, and locks what is written.
    const added = (await other.call("PUT", "/bucket/key", "new")).headers.get("x-amz-version-id");
    expect(added).toHaveLength(48);
    expect((await other.call("DELETE", `/bucket/key?versionId=${added}`)).status).toBe(403);
    const headers = { "x-amz-bypass-governance-retention": "true" };
    expect((await other.call("DELETE", `/bucket/key?versionId=${added}`, undefined, headers)).status).toBe(
      204,
    );
    for (const id of (await other.call("GET", "/bucket?versions")).tags("VersionId")) {
      for (const key of ["key", "other"]) await other.call("DELETE", `/bucket/${key}?versionId=${id}`);
    }
    await other.paths.collect();
    expect(other.paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("many pages: 1,000 references of one object, 300 rows, 70 buckets", async () => {
    const site = new Site();
    await site.paths.start();
    const chunks = Array.from({ length: 1_000 }, (_, i) => pattern(20, i + 1));
    const blobs = chunks.map((chunk) => {
      const sha256 = new Bun.CryptoHasher("sha256").update(chunk).digest();
      site.paths.blobs.held.set(sha256.toString("hex"), chunk);
      return { sha256, size: 20 };
    });
    await putBlobObject(site.kv, await refOf(site.kv, "bucket"), "big", blobs, 20);
    for (let i = 0; i < 300; i++) await site.call("PUT", `/bucket/k${i}`, pattern(40 * KIB, i + 1));
    for (let i = 0; i < 70; i++) await site.call("PUT", `/bucket-${i}`);
    const backup = await site.run("backup", target, "--json");
    const { pages } = JSON.parse(backup.out) as { pages: number };
    expect([backup.code, pages]).toEqual([0, 9]);
    const other = new Site();
    expect(await other.run("restore", target)).toMatchObject({ code: 0, err: "" });
    expect(rowsOf(other)).toEqual(rowsOf(site));
    expect(other.paths.state()).toEqual(site.paths.state());
    expect(Buffer.compare(await other.paths.get("big"), Buffer.concat(chunks))).toBe(0);
  });

  test("the second backup copies new blobs only; the first can still be restored", async () => {
    const site = await filled();
    await site.run("backup", target);
    const before = rowsOf(site);
    await site.call("PUT", "/bucket/blobs", pattern(2 * MIB, 77));
    const second = await site.run("backup", target, "--json");
    expect(JSON.parse(second.out)).toMatchObject({ copied: 2, copiedBytes: 2 * MIB });
    const ids = readdirSync(join(target, "backups"));
    expect(ids).toHaveLength(2);
    const latest = JSON.parse(readFileSync(join(target, "latest.json"), "utf8")) as { id: string };
    const older = ids.find((id) => id !== latest.id) ?? "";
    const other = new Site();
    expect(await other.run("restore", target, "--backup", older)).toMatchObject({ code: 0, err: "" });
    expect(rowsOf(other)).toEqual(before);
    const newest = new Site();
    expect(await newest.run("restore", target)).toMatchObject({ code: 0 });
    await site.paths.collect();
    expect(rowsOf(newest)).toEqual(rowsOf(site));
  });

  test("is of one moment: what is written, deleted and collected meanwhile does not show", async () => {
    const site = await filled();
    const before = rowsOf(site);
    let pages = 0;
    let queued = 0;
    site.before = async (path) => {
      if (path !== "/v1/backup/page" || ++pages !== 1) return;
      await site.call("PUT", "/bucket/later", pattern(MIB, 99));
      await site.call("PUT", "/bucket/blobs", "other");
      await site.call("DELETE", "/bucket/log");
      await site.call("DELETE", "/bucket/mixed");
      await site.call("PUT", "/third");
      // The sweeper runs as if every grace period were over, and the nodes delete what it has swept.
      await site.paths.collect();
      queued = site.paths.queued();
      for (const name of site.paths.blobs.held.keys()) {
        if (site.kv.rows(blobCountKey(Buffer.from(name, "hex"))).length === 0)
          site.paths.blobs.held.delete(name);
      }
    };
    expect(await site.run("backup", target)).toMatchObject({ code: 0, err: "" });
    expect(queued).toBeGreaterThan(0);
    const other = new Site();
    expect(await other.run("restore", target)).toMatchObject({ code: 0, err: "" });
    expect(rowsOf(other)).toEqual(before);
    await sameObjects(other);
  });

  test("holds blobs and versions only while it runs", async () => {
    const site = await filled();
    const held = async () => blobsAreHeld(await site.kv.snapshot(), site.paths.h.clock.nowMs());
    let during = false;
    site.before = async (path) => {
      if (path === "/v1/backup/blob") during ||= await held();
    };
    await site.run("backup", target);
    expect([during, await held(), site.kept]).toEqual([true, false, [true, false]]);
    site.before = (path) => {
      if (path === "/v1/backup/blob") throw new Error("ECONNRESET");
    };
    rmSync(target, { recursive: true });
    const failed = await site.run("backup", target);
    expect([failed.code, failed.err.includes("ECONNRESET")]).toEqual([1, true]);
    expect([await held(), site.kept.at(-1)]).toEqual([false, false]);
    expect(await site.run("backup", "verify", target)).toMatchObject({ code: 1 });
  });

  test("its end may be asked for again, and does not depend on the hold's row", async () => {
    const site = await filled();
    const { id } = await site.service.beginBackup();
    expect((await site.service.backupPage(id, 0)).byteLength).toBeGreaterThan(0);
    site.kv.before = async () => {
      throw new KvError("UNAVAILABLE", "no leader");
    };
    const counts = await site.service.endBackup(id);
    expect(counts.objects).toBeGreaterThan(0);
    site.kv.before = undefined;
    expect(await site.service.endBackup(id)).toEqual(counts);
    expect(await blobsAreHeld(await site.kv.snapshot(), site.paths.h.clock.nowMs())).toBe(false);
    expect(site.kept).toEqual([true, false]);
    await expect(site.service.endBackup("unknown")).rejects.toMatchObject({ code: "BACKUP_GONE" });
  });

  test("a hold is renewed by requests, and expires without them", async () => {
    const site = await filled();
    const { clock } = site.paths.h;
    const { id } = await site.service.beginBackup();
    const held = async () => blobsAreHeld(await site.kv.snapshot(), clock.nowMs());
    for (let i = 0; i < 5; i++) {
      clock.now += 20 * 60_000;
      await site.service.backupPage(id, i);
      expect(await held()).toBe(true);
    }
    clock.now += 31 * 60_000;
    expect(await held()).toBe(false);
    await expect(site.service.backupPage(id, 5)).rejects.toMatchObject({ code: "BACKUP_GONE" });
    expect(site.kept.at(-1)).toBe(false);
    // The row of the expired hold goes with the next backup's.
    const next = await site.service.beginBackup();
    await site.service.endBackup(next.id);
    expect(site.kv.rows(Buffer.from("s\0\u0001blobs\0\u0001hold"))).toHaveLength(0);
  });
});

describe("nothing is taken for a backup that is none", () => {
  test("interrupted at any request: the target has no backup, or the older one; the next run completes it", async () => {
    const site = await filled();
    const whole = await site.run("backup", target);
    expect(whole.code).toBe(0);
    const requests = site.asked.length;
    for (let stop = 1; stop < requests; stop += 3) {
      target = join(root, `i${number++}`);
      let asked = 0;
      site.before = () => {
        if (++asked >= stop) throw new Error("gone");
      };
      expect((await site.run("backup", target, "--timeout", "0")).code).toBe(1);
      site.before = undefined;
      const verified = await site.run("backup", "verify", target);
      expect([verified.code, verified.err.includes("no complete backup")]).toEqual([1, true]);
      site.paths.h.clock.now += 31 * 60_000;
    }
    const rest = await site.run("backup", target, "--json");
    expect((JSON.parse(rest.out) as { copied: number }).copied).toBeLessThan(11);
    expect((await site.run("backup", "verify", target)).code).toBe(0);
  });

  test("damage of any file is found, offline and before it is restored", async () => {
    const site = await filled();
    await site.run("backup", target);
    const [id] = readdirSync(join(target, "backups"));
    const directory = join(target, "backups", id ?? "");
    const files = [...blobFiles(), ...readdirSync(directory).map((name) => join(directory, name))];
    for (const file of files) {
      const bytes = readFileSync(file);
      const flipped = Buffer.from(bytes);
      flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 4;
      for (const wrong of [flipped, bytes.subarray(1), undefined]) {
        if (wrong === undefined) rmSync(file);
        else writeFileSync(file, wrong);
        expect([file, (await site.run("backup", "verify", target)).code]).toEqual([file, 1]);
      }
      writeFileSync(file, bytes);
    }
    expect((await site.run("backup", "verify", target)).code).toBe(0);
    const [blob = ""] = blobFiles();
    const bytes = readFileSync(blob);
    writeFileSync(blob, bytes.subarray(1));
    const other = new Site();
    expect((await other.run("restore", target)).code).toBe(1);
    expect(other.kv.rows(BUCKETS_PREFIX)).toEqual([]);
    // The next backup replaces the short file.
    const again = await site.run("backup", target, "--json");
    expect(JSON.parse(again.out)).toMatchObject({ copied: 1 });
    expect(readFileSync(blob)).toEqual(bytes);
  });

  test("an object that is damaged fails the backup, and is named", async () => {
    const site = await filled();
    const [first] = site.kv.rows(tagged("c"));
    if (first === undefined) throw new Error("no chunk");
    const { key, value } = first;
    const rotten = { kind: "put", key, value, payload: new Uint8Array(MIB) } as const;
    await site.kv.transact({ conditions: [], mutations: [rotten] });
    expect((await site.run("backup", target)).err).toContain('"bucket/log": chunk 0 has other bytes');
    await site.kv.transact({ conditions: [], mutations: [{ kind: "delete", key: first.key }] });
    const { code, err } = await site.run("backup", target);
    expect([code, err]).toEqual([1, expect.stringContaining('DAMAGED: "bucket/log": chunk 0 is missing')]);
    const lost = await filled();
    lost.paths.blobs.held.clear();
    expect((await lost.run("backup", target)).err).toContain("DAMAGED: blob ");
  });
});

describe("restore", () => {
  test("while a member may not know versions, locks and newer rows: refused, and nothing is written", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    other.versionsOpen = false;
    const { code, err } = await other.run("restore", target, "--timeout", "1s");
    expect([code, err.includes("every member on this release")]).toEqual([1, true]);
    expect(rowsOf(other)).toEqual([]);
    other.versionsOpen = true;
    expect(await other.run("restore", target)).toMatchObject({ code: 0 });
  });

  test("into a cluster with buckets is refused", async () => {
    const site = await filled();
    await site.run("backup", target);
    const before = rowsOf(site);
    const { code, err } = await site.run("restore", target);
    expect([code, err.includes("NOT_EMPTY")]).toEqual([1, true]);
    expect(rowsOf(site)).toEqual(before);
  });

  test("interrupted at any request, before or after its answer: the same command completes it; nothing shows before", async () => {
    const site = await filled();
    await site.run("backup", target);
    const trial = new Site();
    await trial.run("restore", target);
    const requests = trial.asked.length;
    expect(requests).toBeGreaterThan(12);
    expect(trial.asked.at(-1)).toBe("/v1/restore/end");
    const wanted = rowsOf(site);
    for (const moment of ["before", "after"] as const) {
      // Every second one before, the others after the answer; the last ones with both.
      for (let stop = moment === "before" ? 1 : 2; stop <= requests; stop += stop < requests - 4 ? 2 : 1) {
        const other = new Site();
        let asked = 0;
        other[moment] = () => {
          if (++asked >= stop) throw new Error("gone");
        };
        expect((await other.run("restore", target, "--timeout", "0")).code).toBe(1);
        other[moment] = undefined;
        const shown = other.kv.rows(BUCKETS_PREFIX).length;
        if (shown > 0) expect(rowsOf(other)).toEqual(wanted);
        const again = await other.run("restore", target);
        // After the last answer was lost, the restore has ended, and the cluster is not empty any more.
        if (moment === "after" && stop === requests) expect(again.err).toContain("NOT_EMPTY");
        else expect([stop, again]).toEqual([stop, { code: 0, err: "", out: expect.any(String) }]);
        expect(rowsOf(other)).toEqual(wanted);
        // Nothing that was written twice has made garbage of itself.
        await other.paths.collect();
        expect(rowsOf(other)).toEqual(wanted);
      }
    }
  }, 120_000);

  test("its end is asked for again when the answer was lost", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    let ends = 0;
    other.after = (path) => {
      if (path === "/v1/restore/end" && ends++ === 0) throw new Error("ECONNRESET");
    };
    expect(await other.run("restore", target)).toMatchObject({ code: 0, err: "" });
    expect(ends).toBe(2);
    expect(rowsOf(other)).toEqual(rowsOf(site));
  });

  test("an error of the S3 endpoint says its code", async () => {
    const site = await filled();
    site.environment = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" };
    const failed = await site.run("backup", "s3://b/p", "--s3-endpoint", "http://127.0.0.1:1");
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining("ConnectionRefused")]);
  });

  test("a bucket that a client makes meanwhile ends it by name, and stays", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    other.before = async (path) => {
      if (path !== "/v1/restore/page") return;
      other.before = undefined;
      await other.call("PUT", "/mine");
    };
    const { code, err } = await other.run("restore", target);
    expect([code, err.includes("NOT_EMPTY")]).toEqual([1, true]);
    expect((await other.call("HEAD", "/mine")).status).toBe(200);
    expect((await other.call("HEAD", "/bucket")).status).toBe(404);
  });

  test("another backup does not go on where one was interrupted", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    await other.service.beginRestore("another-backup");
    expect((await other.run("restore", target)).err).toContain("OTHER_RESTORE");
  });

  test("while not every member stores blobs it waits", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    other.paths.blobs.open = false;
    let refused = 0;
    other.after = (path) => {
      if (path === "/v1/restore/blob" && ++refused === 9) other.paths.blobs.open = true;
    };
    expect((await other.run("restore", target)).code).toBe(0);
    expect(rowsOf(other)).toEqual(rowsOf(site));
  });

  test("blobs that waited too long for their references are stored again", async () => {
    const site = await filled();
    await site.run("backup", target);
    const other = new Site();
    const { blobs } = other.paths;
    const now = blobs.nowMs;
    // The pins of the first page have ended before its references come.
    blobs.nowMs = -15 * 60_000;
    other.after = (path) => {
      if (path === "/v1/restore/page") blobs.nowMs = now;
    };
    const { code, out } = await other.run("restore", target, "--json");
    expect([code, (JSON.parse(out) as { restored: number }).restored]).toEqual([0, 15]);
    expect(rowsOf(other)).toEqual(rowsOf(site));
    const never = new Site();
    never.paths.blobs.nowMs = -15 * 60_000;
    expect((await never.run("restore", target)).err).toContain("PIN_ENDED");
  });

  test("takes only rows that a backup has", async () => {
    const other = new Site();
    await other.service.beginRestore("0011223344");
    const { encodePage } = await import("../../src/api/backup-pages.ts");
    for (const key of [
      tagged("n"),
      tagged("q"),
      tagged("x"),
      tagged("a"),
      Buffer.from("s\0\u0001blobs\0\u0001"),
      Buffer.from("zz"),
    ]) {
      const page = encodePage([
        { kind: "row", key, value: new Uint8Array(1), garbage: undefined, payload: undefined },
      ]);
      await expect(other.service.restorePage("0011223344", page, 1)).rejects.toMatchObject({
        code: "DAMAGED",
      });
    }
    await expect(other.service.restorePage("0011223344", Buffer.from([9]), 1)).rejects.toMatchObject({
      code: "DAMAGED",
    });
  });
});
