import type { Random } from "../../../src/platform/random.ts";

/** What a disk writes in one piece: a crash leaves a sector as it was before a write or after it, never between. */
const SECTOR_BYTES = 512;
const PAGE_BYTES = 4 << 10;
/** When something happens on a disk without a clock: in the past. */
export const LONG_AGO = Number.NEGATIVE_INFINITY;

/** `at`: when it began; see `SimulatedDiskOptions.time`. */
type Change =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: "hole"; readonly position: number; readonly length: number; readonly at: number }
  | { readonly kind: "cut"; readonly size: number; readonly at: number };

/** A sync that is not done before `doneAt`: it covers so many of the unsynced changes, from the first. */
interface PendingSync {
  readonly doneAt: number;
  changes: number;
  sizes: number;
  readonly size: number;
}

/** What there was before a sync that failed at `doneAt`. */
interface BeforeFailure {
  readonly doneAt: number;
  readonly durable: Pages;
  readonly unsynced: Change[];
  readonly unsyncedSizes: { readonly size: number; readonly at: number }[];
  readonly syncs: PendingSync[];
}

/** How a crash treats the unsynced changes of one file. */
const FATES = ["kept", "lost", "torn"] as const;

/** Bytes of a file, in pages that exist only where something was written. */
class Pages {
  size = 0;
  readonly pages = new Map<number, Uint8Array>();

  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.byteLength, this.size - position));
    target.fill(0, 0, count);
    forPages(position, count, (page, from, at, length) => {
      const bytes = this.pages.get(page);
      if (bytes !== undefined) target.set(bytes.subarray(from, from + length), at);
    });
    return count;
  }

  write(bytes: Uint8Array, position: number): void {
    forPages(position, bytes.byteLength, (page, from, at, length) => {
      let target = this.pages.get(page);
      if (target === undefined) {
        target = new Uint8Array(PAGE_BYTES);
        this.pages.set(page, target);
      }
      target.set(bytes.subarray(at, at + length), from);
    });
  }

  /** A range reads as zeros from now on, and takes no space where it covers whole pages. */
  punch(position: number, length: number): void {
    forPages(position, length, (page, from, _at, piece) => {
      if (piece === PAGE_BYTES) this.pages.delete(page);
      else this.pages.get(page)?.fill(0, from, from + piece);
    });
  }

  hasPagesAfter(size: number): boolean {
    for (const page of this.pages.keys()) if (page * PAGE_BYTES >= size) return true;
    return false;
  }

  /** Everything at or above `size` reads as zeros from now on. */
  cut(size: number): void {
    for (const [page, bytes] of this.pages) {
      const start = page * PAGE_BYTES;
      if (start >= size) this.pages.delete(page);
      else if (start + PAGE_BYTES > size) bytes.fill(0, size - start);
    }
  }

  clone(): Pages {
    const copy = new Pages();
    copy.size = this.size;
    for (const [page, bytes] of this.pages) copy.pages.set(page, bytes.slice());
    return copy;
  }
}

function forPages(
  position: number,
  length: number,
  visit: (page: number, from: number, at: number, length: number) => void,
): void {
  for (let at = 0; at < length; ) {
    const page = Math.floor((position + at) / PAGE_BYTES);
    const from = (position + at) % PAGE_BYTES;
    const piece = Math.min(PAGE_BYTES - from, length - at);
    visit(page, from, at, piece);
    at += piece;
  }
}

/**
 * The content of one simulated file, twice: as running programs see it (the page cache), and as it would certainly be
 * after a power cut, with the changes that lie between the two.
 */
export class SimulatedContent {
  #cached = new Pages();
  #durable = new Pages();
  /** Changes since the last sync, in order. */
  #unsynced: Change[] = [];
  #unsyncedSizes: { readonly size: number; readonly at: number }[] = [];
  #syncs: PendingSync[] = [];
  /** Syncs whose failure may still lie in the future of a power cut, in order. */
  #failures: BeforeFailure[] = [];
  #reserved = 0;

  get size(): number {
    return this.#cached.size;
  }

  /** Disk space it takes. */
  get allocatedBytes(): number {
    return Math.max(this.#reserved, this.#cached.pages.size * PAGE_BYTES);
  }

  /** Disk space that writing this range would add. */
  growth(position: number, length: number): number {
    let pages = 0;
    forPages(position, length, (page) => {
      if (!this.#cached.pages.has(page) && (page + 1) * PAGE_BYTES > this.#reserved) pages++;
    });
    return pages * PAGE_BYTES;
  }

  read(target: Uint8Array, position: number): number {
    return this.#cached.read(target, position);
  }

  write(bytes: Uint8Array, position: number, at: number): void {
    if (bytes.byteLength === 0) return;
    this.#cached.write(bytes, position);
    this.#unsynced.push({ kind: "write", position, bytes: bytes.slice(), at });
    this.#resize(Math.max(this.#cached.size, position + bytes.byteLength), at);
  }

  /** Blocks up to there, without the size. */
  reserveBlocks(bytes: number): void {
    this.#reserved = Math.max(this.#reserved, Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES);
  }

  punch(position: number, length: number, at: number): void {
    const inside = Math.max(0, Math.min(length, this.#cached.size - position));
    this.#cached.punch(position, inside);
    this.#unsynced.push({ kind: "hole", position, length: inside, at });
    // Reserved blocks are counted from the beginning of the file, so a hole in them gives all of them back.
    this.#reserved = 0;
  }

  reserve(bytes: number, at: number): void {
    this.reserveBlocks(bytes);
    this.#resize(Math.max(this.#cached.size, bytes), at);
  }

  truncate(size: number, at: number): void {
    // A crash may have kept pages whose size it has lost; the truncation frees those too.
    if (size < this.#cached.size || this.#cached.hasPagesAfter(size)) {
      this.#cached.cut(size);
      this.#unsynced.push({ kind: "cut", size, at });
    }
    this.#reserved = Math.min(this.#reserved, size);
    this.#resize(size, at);
  }

  sync(doneAt: number): void {
    const sync = { doneAt, changes: this.#unsynced.length, sizes: this.#unsyncedSizes.length };
    this.#syncs.push({ ...sync, size: this.#cached.size });
    if (doneAt === LONG_AGO) this.passed(doneAt);
  }

  /** Syncs that are done by now have made durable what they cover. */
  passed(now: number): void {
    while (this.#failures[0] !== undefined && this.#failures[0].doneAt <= now) this.#failures.shift();
    this.#syncsDone(now);
  }

  #syncsDone(now: number): void {
    while (this.#syncs[0] !== undefined && this.#syncs[0].doneAt <= now) {
      const { changes, sizes, size } = this.#syncs.shift() as PendingSync;
      for (const change of this.#unsynced.splice(0, changes)) apply(this.#durable, change);
      this.#unsyncedSizes.splice(0, sizes);
      this.#durable.size = size;
      for (const later of this.#syncs) {
        later.changes -= changes;
        later.sizes -= sizes;
      }
    }
  }

  /**
   * A sync that failed: some of the changes reached the disk, and the kernel now believes that all are clean, so that
   * no later sync writes the others. Programs go on seeing everything, until a crash.
   */
  failSync(random: Random, doneAt: number): void {
    if (doneAt !== LONG_AGO) {
      this.#failures.push({
        doneAt,
        durable: this.#durable.clone(),
        unsynced: [...this.#unsynced],
        unsyncedSizes: [...this.#unsyncedSizes],
        syncs: this.#syncs.map((sync) => ({ ...sync })),
      });
    }
    // Earlier ones were done before this one began.
    this.#syncsDone(Number.POSITIVE_INFINITY);
    this.#settle(random);
    this.#forget();
  }

  /** Power cut: each sector keeps some prefix of its unsynced changes. What begins after `now` never happened. */
  crash(random: Random, now: number): void {
    this.passed(now);
    const [undone] = this.#failures;
    if (undone !== undefined) {
      // The thread that saw it fail had run ahead of the clock: the power went before.
      this.#durable = undone.durable;
      this.#unsynced = undone.unsynced;
      this.#unsyncedSizes = undone.unsyncedSizes;
      this.#syncs = undone.syncs;
      this.#failures = [];
      this.#syncsDone(now);
    }
    this.#unsynced = this.#unsynced.filter((change) => change.at <= now);
    this.#unsyncedSizes = this.#unsyncedSizes.filter((change) => change.at <= now);
    this.#settle(random);
    this.#forget();
    this.#cached = this.#durable.clone();
  }

  /** The kernel drops clean pages: after a failed sync, reads find what the disk holds. The size is the inode's and stays. */
  dropClean(): void {
    const size = this.#cached.size;
    this.#cached = this.#durable.clone();
    this.#cached.size = size;
    for (const change of this.#unsynced) apply(this.#cached, change);
    this.#cached.size = size;
  }

  /** Rot: changes what is on the disk, and what is cached, behind everybody's back. */
  damage(position: number, bytes: Uint8Array): void {
    this.#cached.write(bytes, position);
    this.#durable.write(bytes, position);
  }

  #resize(size: number, at: number): void {
    if (size === this.#cached.size) return;
    this.#cached.size = size;
    this.#unsyncedSizes.push({ size, at });
  }

  #forget(): void {
    this.#syncs = [];
    this.#unsynced = [];
    this.#unsyncedSizes = [];
  }

  #settle(random: Random): void {
    const fate = FATES[random.nextInt(FATES.length)];
    const prefix = (count: number): number => {
      if (fate === "kept") return count;
      return fate === "lost" ? 0 : random.nextInt(count + 1);
    };
    for (const [sector, changes] of this.#changesBySector()) {
      for (const change of changes.slice(0, prefix(changes.length)))
        applyToSector(this.#durable, change, sector);
    }
    const size = this.#unsyncedSizes[prefix(this.#unsyncedSizes.length) - 1]?.size;
    if (size === undefined) return;
    this.#durable.size = size;
    this.#durable.cut(size);
  }

  /** In the order in which the sectors were first touched: the same for every run of the same program. */
  #changesBySector(): Map<number, Change[]> {
    const bySector = new Map<number, Change[]>();
    const note = (sector: number, change: Change): void => {
      const changes = bySector.get(sector);
      if (changes === undefined) bySector.set(sector, [change]);
      else changes.push(change);
    };
    for (const change of this.#unsynced) {
      if (change.kind !== "cut") {
        const length = change.kind === "write" ? change.bytes.byteLength : change.length;
        const last = Math.floor((change.position + length - 1) / SECTOR_BYTES);
        for (let s = Math.floor(change.position / SECTOR_BYTES); s <= last; s++) note(s, change);
      } else {
        for (const sector of this.#sectorsFrom(change.size, bySector)) note(sector, change);
      }
    }
    return bySector;
  }

  #sectorsFrom(size: number, touched: ReadonlyMap<number, unknown>): Set<number> {
    const sectors = new Set<number>();
    for (const page of this.#durable.pages.keys()) {
      for (let s = 0; s < PAGE_BYTES / SECTOR_BYTES; s++) sectors.add((page * PAGE_BYTES) / SECTOR_BYTES + s);
    }
    for (const sector of touched.keys()) sectors.add(sector);
    for (const sector of sectors) if ((sector + 1) * SECTOR_BYTES <= size) sectors.delete(sector);
    return sectors;
  }
}

function apply(pages: Pages, change: Change): void {
  if (change.kind === "write") pages.write(change.bytes, change.position);
  else if (change.kind === "hole") pages.punch(change.position, change.length);
  else pages.cut(change.size);
}

/** The part of a change that falls into one sector. */
function applyToSector(pages: Pages, change: Change, sector: number): void {
  const start = sector * SECTOR_BYTES;
  const end = start + SECTOR_BYTES;
  if (change.kind === "cut") {
    const from = Math.max(start, change.size);
    pages.write(new Uint8Array(end - from), from);
    return;
  }
  if (change.kind === "hole") {
    const from = Math.max(start, change.position);
    pages.punch(from, Math.min(end, change.position + change.length) - from);
    return;
  }
  const from = Math.max(start, change.position);
  const to = Math.min(end, change.position + change.bytes.byteLength);
  pages.write(change.bytes.subarray(from - change.position, to - change.position), from);
}
