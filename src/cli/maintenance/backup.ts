/** `elastickv backup TARGET`, `elastickv backup verify SOURCE` and `elastickv restore SOURCE`. */
import { decodePage } from "../../api/backup-pages.ts";
import {
  type BackupBegun,
  type BackupManifest,
  backupBegunSchema,
  backupCountsSchema,
  emptySchema,
  restoreStoredSchema,
} from "../../api/maintenance.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import { ClusterError } from "../cluster-client.ts";
import {
  type Blob,
  blobPath,
  blobsOf,
  inParallel,
  pagePath,
  readBlob,
  readManifest,
  readPage,
  sha256Hex,
  writeManifest,
} from "./backup-files.ts";
import type { BackupStore } from "./backup-store.ts";
import type { MaintenanceClient } from "./client.ts";
import { bar, type Progress, roughSize, Throttle } from "./progress.ts";

export interface BackupContext {
  readonly client: Pick<MaintenanceClient, "json" | "bytes" | "sendFor">;
  readonly store: BackupStore;
  readonly progress: Progress;
  readonly clock: { monotonicMs(): number };
  sleep(ms: number): Promise<void>;
  print(text: string): void;
}

export interface BackupOptions {
  readonly json: boolean;
  /** Bytes a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
}

/** Blobs that are copied at once: each is in memory once. */
const PARALLEL = 4;
/** A blob that was stored longer ago is stored again: its pin may end before the rows of its page are written. */
const PIN_AGE_MS = 5 * 60_000;
/** How often a page's blobs are stored again. */
const PIN_ATTEMPTS = 3;

/** @returns the exit code. @throws ClusterError */
export async function runBackup(options: BackupOptions, context: BackupContext): Promise<number> {
  return duringBackup(context, (begun) => copyAll(options, context, begun));
}

/** Begins a backup; ends it when `work`, which ends it otherwise, fails. @throws ClusterError */
async function duringBackup<T>(
  { client }: Pick<BackupContext, "client">,
  work: (begun: BackupBegun) => Promise<T>,
): Promise<T> {
  const begun = await client.json(backupBegunSchema, "POST", "/v1/backup/begin", {});
  try {
    return await work(begun);
  } catch (error) {
    // Without an end, the node keeps old versions and blobs for an hour more.
    await client.json(backupCountsSchema, "POST", "/v1/backup/end", { id: begun.id }).catch(() => {});
    throw error;
  }
}

async function copyAll(options: BackupOptions, context: BackupContext, begun: BackupBegun): Promise<number> {
  const { client, store, progress } = context;
  const throttle = new Throttle(options.rate, context.clock, (ms) => context.sleep(ms));
  const { id } = begun;
  const known = new Map<string, number>();
  const pages: { sha256: string; bytes: number }[] = [];
  const digest = new Bun.CryptoHasher("sha256");
  let copied = 0;
  let copiedBytes = 0;
  const copy = async ({ name, size }: Blob): Promise<void> => {
    // A file of another size is of a target that was damaged, and is replaced.
    if ((await store.size(blobPath(name))) === size) return;
    const bytes = await client.bytes("/v1/backup/blob", { id, sha256: name, size });
    if (bytes.byteLength !== size || sha256Hex(bytes) !== name) {
      throw new ClusterError("DAMAGED", `blob ${name} came with other bytes`);
    }
    await store.write(blobPath(name), bytes);
    copied++;
    copiedBytes += size;
    progress.show(() => `${pages.length} pages of rows, ${copied} new blobs (${roughSize(copiedBytes)})`);
    await throttle.took(size);
  };
  for (let page = 0; ; page++) {
    const bytes = await client.bytes("/v1/backup/page", { id, page });
    if (bytes.byteLength === 0) break;
    digest.update(bytes);
    const blobs = blobsOf(decodePage(bytes)).filter(({ name }) => !known.has(name));
    await inParallel(blobs, PARALLEL, copy);
    for (const { name, size } of blobs) known.set(name, size);
    await store.write(pagePath(id, page), bytes);
    pages.push({ sha256: sha256Hex(bytes), bytes: bytes.byteLength });
    await throttle.took(bytes.byteLength);
  }
  const counts = await client.json(backupCountsSchema, "POST", "/v1/backup/end", { id });
  const manifest: BackupManifest = {
    format: 1,
    ...begun,
    counts,
    blobs: known.size,
    blobBytes: [...known.values()].reduce((sum, size) => sum + size, 0),
    digest: digest.digest("hex"),
    pages,
  };
  await store.settle();
  await writeManifest(store, manifest);
  progress.clear();
  if (options.json) context.print(`${JSON.stringify({ ...report(manifest), copied, copiedBytes })}\n`);
  else {
    context.print(
      `backup ${id} of ${new Date(manifest.positionMs).toISOString()}: ${summary(manifest)}; ` +
        `${copied} blobs (${roughSize(copiedBytes)}) were new\n`,
    );
  }
  return EXIT.DONE;
}

/** Reads everything and compares it with its SHA-256. @returns the exit code. @throws ClusterError */
export async function runBackupVerify(
  { json, rate, id }: BackupOptions & { readonly id: string | undefined },
  context: Omit<BackupContext, "client">,
): Promise<number> {
  const { store, progress } = context;
  const throttle = new Throttle(rate, context.clock, (ms) => context.sleep(ms));
  const manifest = await readManifest(store, id);
  const problems: string[] = [];
  const known = new Set<string>();
  const digest = new Bun.CryptoHasher("sha256");
  const check = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== "DAMAGED") throw error;
      problems.push(error.message);
    }
  };
  for (let page = 0; page < manifest.pages.length; page++) {
    await check(async () => {
      const { bytes, records } = await readPage(store, manifest, page);
      digest.update(bytes);
      const blobs = blobsOf(records).filter(({ name }) => !known.has(name));
      await inParallel(blobs, PARALLEL, async (blob) => {
        await check(async () => void (await readBlob(store, blob)));
        await throttle.took(blob.size);
      });
      for (const { name } of blobs) known.add(name);
    });
    progress.show(
      () => `${bar((page + 1) / manifest.pages.length)} ${known.size} blobs, ${problems.length} problems`,
    );
  }
  if (problems.length === 0 && (digest.digest("hex") !== manifest.digest || known.size !== manifest.blobs)) {
    problems.push("the pages are not those that the manifest counts");
  }
  progress.clear();
  if (json) context.print(`${JSON.stringify({ ...report(manifest), problems })}\n`);
  else {
    const lines = problems.map((problem) => `damaged: ${problem}\n`).join("");
    const end =
      problems.length === 0
        ? "everything is there and intact"
        : `${problems.length} files are damaged or missing`;
    context.print(`${lines}backup ${manifest.id}: ${summary(manifest)}; ${end}\n`);
  }
  return problems.length === 0 ? EXIT.DONE : 1;
}

/** @returns the exit code. @throws ClusterError */
export async function runRestore(
  options: BackupOptions & { readonly id: string | undefined },
  context: BackupContext,
): Promise<number> {
  const { client, store, progress } = context;
  const throttle = new Throttle(options.rate, context.clock, (ms) => context.sleep(ms));
  const manifest = await readManifest(store, options.id);
  const { id } = manifest;
  await client.json(emptySchema, "POST", "/v1/restore/begin", { id });
  /** Names, with the moments at which their blobs were stored and until which they are pinned. */
  const pins = new Map<string, { readonly storedMs: number; readonly untilMs: number }>();
  let restored = 0;
  let restoredBytes = 0;
  const storeAgain = async (blob: Blob): Promise<void> => {
    const bytes = await readBlob(store, blob);
    const storedMs = context.clock.monotonicMs();
    const path = `/v1/restore/blob?id=${id}&sha256=${blob.name}`;
    const { pinUntilMs } = await client.sendFor(restoreStoredSchema, path, bytes);
    pins.set(blob.name, { storedMs, untilMs: pinUntilMs });
    restored++;
    restoredBytes += blob.size;
    await throttle.took(blob.size);
  };
  for (let page = 0; page < manifest.pages.length; page++) {
    const { bytes, records } = await readPage(store, manifest, page);
    const blobs = blobsOf(records);
    for (let attempt = 1; ; attempt++) {
      const now = context.clock.monotonicMs();
      const missing = blobs.filter(({ name }) => {
        const pin = pins.get(name);
        return pin === undefined || now - pin.storedMs > PIN_AGE_MS;
      });
      await inParallel(missing, PARALLEL, storeAgain);
      const pinUntilMs = blobs.reduce(
        (least, { name }) => Math.min(least, pins.get(name)?.untilMs ?? 0),
        Number.MAX_SAFE_INTEGER,
      );
      const until = Math.min(pinUntilMs, 999_999_999_999_999);
      try {
        await client.sendFor(emptySchema, `/v1/restore/page?id=${id}&pinUntilMs=${until}`, bytes);
        break;
      } catch (error) {
        const again = error instanceof ClusterError && error.code === "PIN_ENDED" && attempt < PIN_ATTEMPTS;
        if (!again) throw error;
        for (const { name } of blobs) pins.delete(name);
      }
    }
    progress.show(
      () => `${bar((page + 1) / manifest.pages.length)} ${restored} blobs (${roughSize(restoredBytes)})`,
    );
  }
  // While the restore is not ended, the same command goes on, also when the comparison was interrupted.
  const same = (await digestNow(context)) === manifest.digest;
  await client.json(emptySchema, "POST", "/v1/restore/end", { id });
  progress.clear();
  if (options.json)
    context.print(`${JSON.stringify({ ...report(manifest), restored, restoredBytes, verified: same })}\n`);
  else {
    const end = same
      ? "every row compared, all are there"
      : "the rows differ from the backup's: did clients write meanwhile?";
    context.print(`backup ${id} restored: ${summary(manifest)}; ${end}\n`);
  }
  return same ? EXIT.DONE : 1;
}

/** The digest that a backup of the cluster would have now. */
function digestNow(context: BackupContext): Promise<string> {
  const { client, progress } = context;
  return duringBackup(context, async ({ id }) => {
    const digest = new Bun.CryptoHasher("sha256");
    for (let page = 0; ; page++) {
      const bytes = await client.bytes("/v1/backup/page", { id, page });
      if (bytes.byteLength === 0) break;
      digest.update(bytes);
      progress.show(() => `comparing rows: page ${page}`);
    }
    await client.json(backupCountsSchema, "POST", "/v1/backup/end", { id });
    return digest.digest("hex");
  });
}

function report({ pages, ...manifest }: BackupManifest) {
  return { ...manifest, pages: pages.length };
}

function summary({ counts, blobs, blobBytes }: BackupManifest): string {
  const { buckets, objects, bytes, uploads } = counts;
  const open = uploads === 0 ? "" : `, ${uploads} uploads under way`;
  return `${buckets} buckets, ${objects} objects (${roughSize(bytes)})${open}, ${blobs} blobs (${roughSize(blobBytes)})`;
}
