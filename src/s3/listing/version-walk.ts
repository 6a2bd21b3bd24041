/**
 * One page of a listing of versions. Two streams of rows are merged: current objects ("o"), and markers and older
 * versions ("v"). Both are in order of their keys, and a common prefix is skipped in both by seeking. The cost grows with
 * the returned entries, also when one key has a million versions.
 */
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { ScanItem } from "../../store/types.ts";
import type { ReadView } from "../../txn/types.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import {
  afterName,
  CURRENT_MARKER,
  NULL_SLOT,
  namesPrefix,
  objectKey,
  objectsPrefix,
  parseObjectKey,
  parseVersionKey,
  versionKey,
} from "../records/keys.ts";
import { decodeManifest, type Manifest } from "../records/manifest.ts";
import { firstIdFrom, NULL_VERSION, orderOf, type VersionId } from "../records/version-id.ts";
import { commonPrefix, type Entry, type Page } from "./walk.ts";

export interface ListedVersion {
  readonly manifest: Manifest;
  readonly isLatest: boolean;
}

export interface VersionWalkOptions {
  readonly view: ReadView;
  readonly bucket: Bucket;
  readonly prefix: string;
  /** "" = none. */
  readonly delimiter: string;
  /** The key marker; undefined = from the start. */
  readonly after: string | undefined;
  /** The version of the key `after` that the page follows; undefined: the page begins behind that key. */
  readonly afterVersion: VersionId | undefined;
  readonly limit: number;
}

const SCAN_ROWS_MIN = 16;
const SCAN_ROWS_MAX = 1000;

export async function walkVersions(options: VersionWalkOptions): Promise<Page<ListedVersion>> {
  const { limit } = options;
  if (limit === 0) return { entries: [], truncated: false };
  const walk = new VersionWalk(options);
  await walk.run();
  const { entries } = walk;
  if (entries.length > limit) return { entries: entries.slice(0, limit), truncated: true };
  return { entries, truncated: false };
}

/** Rows of one tag in order, read ahead in pages that grow while rows are used, and shrink when they are skipped. */
class RowStream {
  readonly #view: ReadView;
  readonly #end: Uint8Array | undefined;
  #start: Uint8Array | undefined;
  #rows: readonly ScanItem[] = [];
  #at = 0;
  #pageRows = SCAN_ROWS_MIN;

  /** @param start undefined: the stream is empty */
  constructor(view: ReadView, start: Uint8Array | undefined, end: Uint8Array | undefined) {
    this.#view = view;
    this.#start = start;
    this.#end = end;
  }

  async peek(): Promise<ScanItem | undefined> {
    if (this.#at < this.#rows.length) return this.#rows[this.#at];
    const start = this.#start;
    if (start === undefined) return undefined;
    if (this.#end !== undefined && Buffer.compare(start, this.#end) >= 0) return undefined;
    this.#rows = await this.#view.scan(start, this.#end, { limit: this.#pageRows });
    this.#at = 0;
    const last = this.#rows[this.#rows.length - 1];
    this.#start = last === undefined || this.#rows.length < this.#pageRows ? undefined : keyAfter(last.key);
    this.#pageRows = Math.min(this.#pageRows * 4, SCAN_ROWS_MAX);
    return this.#rows[0];
  }

  next(): void {
    this.#at++;
  }

  /** Skips the rows below `key`. */
  seek(key: Uint8Array | undefined): void {
    const isBelow = (row: ScanItem | undefined): boolean =>
      row !== undefined && (key === undefined || Buffer.compare(row.key, key) < 0);
    while (isBelow(this.#rows[this.#at])) this.#at++;
    if (this.#at < this.#rows.length || this.#start === undefined) return;
    if (key === undefined) this.#start = undefined;
    else if (Buffer.compare(key, this.#start) > 0) {
      this.#start = key;
      this.#pageRows = SCAN_ROWS_MIN;
    }
  }
}

class VersionWalk {
  readonly entries: Entry<ListedVersion>[] = [];
  readonly #options: VersionWalkOptions;
  readonly #objects: RowStream;
  readonly #versions: RowStream;
  readonly #offset: number;

  constructor(options: VersionWalkOptions) {
    const { view, bucket } = options;
    this.#options = options;
    this.#offset = objectsPrefix(bucket).byteLength;
    const bounds = (tag: "o" | "v"): [Uint8Array, Uint8Array | undefined] => [
      firstRow(options, tag),
      prefixEnd(namesPrefix(tag, bucket, options.prefix)),
    ];
    this.#objects = new RowStream(view, ...bounds("o"));
    const [start, end] = bounds("v");
    // Without versioning there are no rows to look for.
    this.#versions = new RowStream(view, bucket.versioning === "off" ? undefined : start, end);
  }

  async run(): Promise<void> {
    const { after, afterVersion, bucket, delimiter, limit, prefix } = this.#options;
    const bound = afterVersion === undefined ? undefined : await this.#orderOfMarker(afterVersion);
    while (this.entries.length <= limit) {
      const name = lower(await this.#objectName(), await this.#versionName());
      if (name === undefined) return;
      const common = commonPrefix(name, prefix, delimiter);
      if (common === undefined) {
        await this.#key(name, name === after ? bound : undefined);
        continue;
      }
      this.entries.push({ kind: "prefix", name: common });
      this.#objects.seek(prefixEnd(namesPrefix("o", bucket, common)));
      this.#versions.seek(prefixEnd(namesPrefix("v", bucket, common)));
    }
  }

  async #objectName(): Promise<string | undefined> {
    const row = await this.#objects.peek();
    return row === undefined ? undefined : parseObjectKey(row.key, this.#offset);
  }

  async #versionName(): Promise<string | undefined> {
    const row = await this.#versions.peek();
    return row === undefined ? undefined : parseVersionKey(row.key).key;
  }

  /** The versions of one key, until the page is full. @param bound only versions of a lower order */
  async #key(name: string, bound: bigint | undefined): Promise<void> {
    const { bucket, limit } = this.#options;
    const add = (manifest: Manifest, isLatest: boolean): void => {
      if (bound !== undefined && orderOf(manifest) >= bound) return;
      this.entries.push({ kind: "item", name, item: { manifest, isLatest } });
    };
    const object = await this.#objects.peek();
    if (object !== undefined && parseObjectKey(object.key, this.#offset) === name) {
      add(decodeManifest(object.value), true);
      this.#objects.next();
    }
    // The slot of the version `null` sorts before all others; the version itself has a place among them.
    let held: Manifest | undefined;
    let sought = false;
    while (this.entries.length <= limit) {
      const row = await this.#versions.peek();
      const place = row === undefined ? undefined : parseVersionKey(row.key);
      if (row === undefined || place?.key !== name) break;
      const isNumbered = place.slot !== CURRENT_MARKER && place.slot !== NULL_SLOT;
      if (isNumbered && bound !== undefined && !sought) {
        sought = true;
        this.#versions.seek(versionKey(bucket, name, firstIdFrom(bound)));
        continue;
      }
      const manifest = decodeManifest(row.value);
      this.#versions.next();
      if (place.slot === NULL_SLOT) held = manifest;
      else if (place.slot === CURRENT_MARKER) add(manifest, true);
      else {
        if (held !== undefined && orderOf(held) > orderOf(manifest)) {
          add(held, false);
          held = undefined;
        }
        add(manifest, false);
      }
    }
    if (held !== undefined) add(held, false);
  }

  /**
   * The place of the version that the page follows. The id of a version says its place, also when the version was deleted
   * meanwhile; a version `null` that was deleted does not: the page then begins with the key's newest version.
   */
  async #orderOfMarker(versionId: VersionId): Promise<bigint | undefined> {
    if (versionId !== NULL_VERSION) return orderOf({ versionId });
    const { after = "", bucket, view } = this.#options;
    const places = [
      objectKey(bucket, after),
      versionKey(bucket, after, CURRENT_MARKER),
      versionKey(bucket, after, NULL_SLOT),
    ];
    for (const place of places) {
      const row = await view.getMeta(place);
      const manifest = row === undefined ? undefined : decodeManifest(row.value);
      if (manifest?.versionId === NULL_VERSION) return orderOf(manifest);
    }
    return undefined;
  }
}

function firstRow(
  { after, afterVersion, bucket, delimiter, prefix }: VersionWalkOptions,
  tag: "o" | "v",
): Uint8Array {
  let start = namesPrefix(tag, bucket, prefix);
  const raise = (candidate: Uint8Array | undefined): void => {
    if (candidate !== undefined && Buffer.compare(candidate, start) > 0) start = candidate;
  };
  if (after === undefined) return start;
  if (afterVersion === undefined) raise(afterName(tag, bucket, after));
  else raise(tag === "o" ? objectKey(bucket, after) : versionKey(bucket, after, CURRENT_MARKER));
  const common = commonPrefix(after, prefix, delimiter);
  if (common !== undefined) raise(prefixEnd(namesPrefix(tag, bucket, common)));
  return start;
}

/** The lower of two names, in the order of their bytes. */
function lower(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 ? a : b;
}
