/**
 * The files of a backup target (docs/operations/backup.md):
 *
 *   blobs/ab/abcd...                 content, named by its SHA-256; shared by all backups of the target
 *   backups/ID/page-000000 ...       rows (api/backup-pages.ts)
 *   backups/ID/manifest.json         what belongs to the backup, written when everything else is there
 *   latest.json                      the newest complete backup, and the SHA-256 of its manifest; written last
 */

import { AnswerError, checkAnswer, type Schema } from "../../api/answers.ts";
import { type BackupRecord, decodePage, PageError } from "../../api/backup-pages.ts";
import { type BackupManifest, backupManifestSchema, latestBackupSchema } from "../../api/maintenance.ts";
import { hexOf } from "../../platform/bytes.ts";
import { ClusterError } from "../cluster-client.ts";
import type { BackupStore } from "./backup-store.ts";

export interface Blob {
  readonly name: string;
  readonly size: number;
}

export const blobPath = (name: string): string => `blobs/${name.slice(0, 2)}/${name}`;
export const pagePath = (id: string, page: number): string =>
  `backups/${id}/page-${String(page).padStart(6, "0")}`;
const manifestPath = (id: string): string => `backups/${id}/manifest.json`;
const LATEST = "latest.json";

export function sha256Hex(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function blobsOf(records: readonly BackupRecord[]): Blob[] {
  const blobs = new Map<string, Blob>();
  for (const record of records) {
    if (record.kind !== "references") continue;
    for (const { sha256, size } of record.blobs) {
      const name = hexOf(sha256);
      blobs.set(name, { name, size });
    }
  }
  return [...blobs.values()];
}

/** Writes the manifest and then the pointer to it: only now there is a backup. */
export async function writeManifest(store: BackupStore, manifest: BackupManifest): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  await store.write(manifestPath(manifest.id), bytes);
  await store.settle();
  const latest = { id: manifest.id, sha256: sha256Hex(bytes) };
  await store.write(LATEST, Buffer.from(`${JSON.stringify(latest)}\n`));
  await store.settle();
}

/** The newest backup, or the one with this id. @throws ClusterError NO_BACKUP | DAMAGED */
export async function readManifest(store: BackupStore, id: string | undefined): Promise<BackupManifest> {
  let wanted = id;
  let sha256: string | undefined;
  if (wanted === undefined) {
    const latest = await store.read(LATEST);
    if (latest === undefined) {
      throw new ClusterError("NO_BACKUP", "there is no complete backup: latest.json is missing");
    }
    ({ id: wanted, sha256 } = parsed(latestBackupSchema, latest, LATEST));
  }
  const path = manifestPath(wanted);
  const bytes = await store.read(path);
  if (bytes === undefined)
    throw new ClusterError("NO_BACKUP", `backup ${wanted} is not complete: no ${path}`);
  if (sha256 !== undefined && sha256Hex(bytes) !== sha256) {
    throw new ClusterError("DAMAGED", `${path} is not what ${LATEST} names`);
  }
  return parsed(backupManifestSchema, bytes, path);
}

/** A page and its records, verified. @throws ClusterError DAMAGED */
export async function readPage(
  store: BackupStore,
  manifest: BackupManifest,
  page: number,
): Promise<{ readonly bytes: Uint8Array; readonly records: readonly BackupRecord[] }> {
  const path = pagePath(manifest.id, page);
  const bytes = await store.read(path);
  if (bytes === undefined) throw new ClusterError("DAMAGED", `${path} is missing`);
  if (sha256Hex(bytes) !== manifest.pages[page]?.sha256) {
    throw new ClusterError("DAMAGED", `${path} has other bytes than were written`);
  }
  try {
    return { bytes, records: decodePage(bytes) };
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    throw new ClusterError("DAMAGED", `${path}: ${error.message}`);
  }
}

/** @throws ClusterError DAMAGED */
export async function readBlob(store: BackupStore, { name, size }: Blob): Promise<Uint8Array> {
  const bytes = await store.read(blobPath(name));
  if (bytes === undefined) throw new ClusterError("DAMAGED", `${blobPath(name)} is missing`);
  if (bytes.byteLength === size && sha256Hex(bytes) === name) return bytes;
  throw new ClusterError("DAMAGED", `${blobPath(name)} has other bytes than were written`);
}

function parsed<S extends Schema>(schema: S, bytes: Uint8Array, path: string) {
  try {
    return checkAnswer(schema, JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (error) {
    if (!(error instanceof AnswerError || error instanceof SyntaxError)) throw error;
    throw new ClusterError("DAMAGED", `${path} cannot be read: ${error.message}`);
  }
}

/** Runs `work` for every item, a few at a time; the first failure ends it. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const item = items[next++] as T;
      await work(item).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
