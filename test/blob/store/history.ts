/** A drawn history of a blob store on a disk that fails when the test says so, and what must be true of it afterwards. */

import { BLOCK_BYTES, RECORD_HEADER_BYTES, recordBytes } from "../../../src/blob/store/record.ts";
import { BlobError, type BlobStore, type NewBlob } from "../../../src/blob/types.ts";
import { hexOf } from "../../../src/platform/bytes.ts";
import type { DiskFile, DiskOperation, OpenMode } from "../../../src/platform/disk.ts";
import { seededRandom } from "../../raft/log/support/seeded-random.ts";
import { SeededRandom } from "../../store/helpers.ts";
import { MemoryBlobIndex } from "../../support/blobs/memory-index.ts";
import { SimulatedDisk, type SimulatedDiskOptions } from "../../support/simulated-disk/simulated-disk.ts";
import { CrashIndex } from "./crash-index.ts";
import { blob, openStore } from "./helpers.ts";

const SIZES = [100, 900, 4_096, 5_000, 20_000, 70_000];
const BLOBS = 24;
const STEPS = 30;
export const DIRECTORY = "/data/blobs";

/** The program has ended in the middle of an operation of its disk. */
class PowerCut extends Error {}

/** A sync that the disk forgets, as if somebody had left the line out. */
export type Forgotten = "records" | "marks" | "holes" | "recovered" | "names" | "directory";

/** What the open file has done since its last sync. */
interface Doings {
  wrote: "nothing" | "header" | "records";
  punched: boolean;
}

function kindOf({ wrote, punched }: Doings): Forgotten {
  if (punched) return "holes";
  if (wrote === "header") return "marks";
  return wrote === "records" ? "records" : "recovered";
}

class ForgetfulDisk extends SimulatedDisk {
  readonly #forgotten: Forgotten | undefined;

  constructor(options: SimulatedDiskOptions, forgotten: Forgotten | undefined) {
    super(options);
    this.#forgotten = forgotten;
  }

  override open(path: string, mode: OpenMode): DiskFile {
    const file = super.open(path, mode);
    if (this.#forgotten === undefined) return file;
    const forgotten = this.#forgotten;
    let doings: Doings = { wrote: "nothing", punched: false };
    return {
      path,
      pread: (target, position) => file.pread(target, position),
      pwrite: (bytes, position) => {
        doings.wrote = bytes.length === RECORD_HEADER_BYTES ? "header" : doings.wrote;
        file.pwrite(bytes, position);
      },
      pwritev: (buffers, position) => file.pwritev(buffers, position),
      pwritevDirect: (buffers, position) => {
        doings.wrote = "records";
        file.pwritevDirect(buffers, position);
      },
      datasync: () => {
        if (kindOf(doings) !== forgotten) file.datasync();
        doings = { wrote: "nothing", punched: false };
      },
      preallocate: (bytes) => file.preallocate(bytes),
      reserve: (position, bytes) => file.reserve(position, bytes),
      punchHole: (position, bytes) => {
        doings.punched = true;
        return file.punchHole(position, bytes);
      },
      truncate: (bytes) => file.truncate(bytes),
      size: () => file.size(),
      forget: (position, bytes) => file.forget(position, bytes),
      close: () => file.close(),
    };
  }

  override syncDirectory(path: string): void {
    if (this.#forgotten === (path === DIRECTORY ? "names" : "directory")) return;
    super.syncDirectory(path);
  }
}

type State = "held" | "absent" | "either";

export class History {
  readonly disk: SimulatedDisk;
  /** Operations on the disk so far. */
  operations = 0;
  /** From this operation on nothing reaches the disk. */
  endsAt = Number.POSITIVE_INFINITY;
  deletes = 0;
  replaced = 0;
  restarts = 0;
  readonly #random: SeededRandom;
  readonly #diskRandom;
  readonly #withTail: boolean;
  readonly #blobs: readonly NewBlob[];
  readonly #states = new Map<NewBlob, State>();
  #index: CrashIndex | MemoryBlobIndex;
  #strayBlocks = 0;
  #records = 0;

  /** An even seed has an index that survives (CrashIndex), an odd one an index in memory. */
  constructor(seed: number, forgotten?: Forgotten) {
    this.#random = new SeededRandom(seed);
    this.#diskRandom = seededRandom(seed);
    this.#withTail = seed % 2 === 0;
    this.#index = this.#withTail ? new CrashIndex() : new MemoryBlobIndex();
    this.#blobs = Array.from({ length: BLOBS }, (_, i) => blob(i, i === 0 ? 0 : SIZES[i % SIZES.length]));
    this.disk = new ForgetfulDisk(
      { random: this.#diskRandom, onOperation: () => this.#operation() },
      forgotten,
    );
    this.disk.quietly(() => {
      this.disk.mkdir("/data");
      this.disk.syncDirectory("/");
    });
  }

  #operation(): void {
    if (this.operations++ >= this.endsAt) throw new PowerCut();
  }

  #open(): ReturnType<typeof openStore> {
    const opened = openStore(DIRECTORY, { disk: this.disk, index: this.#index });
    this.#strayBlocks += opened.recovery.strayBlocks;
    return opened;
  }

  /** The whole history, or up to the first error. A full disk ends nothing. */
  run(): void {
    let opened = this.#open();
    for (let step = 0; step < STEPS; step++) {
      const { store, timers } = opened;
      const choice = this.#random.below(10);
      if (choice < 5) this.#write(store, false);
      else if (choice < 6) this.#write(store, true);
      else if (choice < 8) this.#delete(store);
      else if (choice < 9) timers.run();
      else {
        this.restarts++;
        store.close();
        this.end("kill");
        opened = this.#open();
      }
    }
    opened.store.close();
  }

  /** Deletes a blob of a segment that no longer grows; the deletion ends after `after` operations of the disk. */
  runDeletion(after: number): void {
    const { store } = this.#open();
    const blobs = this.#blobs.filter(({ bytes }) => bytes.length >= 20_000).slice(0, 4);
    this.#records += blobs.length;
    for (const one of blobs) {
      store.write([one]);
      this.#states.set(one, "held");
    }
    const [first] = blobs;
    if (first === undefined) throw new Error("there is no blob to delete");
    this.#states.set(first, "either");
    this.endsAt = this.operations + after;
    store.delete([first.sha256]);
    this.#states.set(first, "absent");
  }

  #draw(most: number): NewBlob[] {
    return Array.from({ length: 1 + this.#random.below(most) }, () => this.#random.pick(this.#blobs));
  }

  #write(store: BlobStore, replace: boolean): void {
    const blobs = this.#draw(4);
    if (replace) this.replaced++;
    this.#records += blobs.length;
    const absent = blobs.filter((one) => !store.has(one.sha256));
    for (const one of absent) this.#states.set(one, "either");
    try {
      store.write(blobs, replace);
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "DISK_FULL") throw error;
      for (const one of absent)
        if (store.has(one.sha256)) throw new Error("a full disk has added a blob", { cause: error });
      return;
    }
    for (const one of blobs) this.#states.set(one, "held");
  }

  #delete(store: BlobStore): void {
    const blobs = this.#draw(8);
    this.deletes++;
    for (const one of blobs) if (store.has(one.sha256)) this.#states.set(one, "either");
    store.delete(blobs.map(({ sha256 }) => sha256));
    for (const one of blobs) this.#states.set(one, "absent");
  }

  end(end: "kill" | "power cut"): void {
    this.endsAt = Number.POSITIVE_INFINITY;
    if (end === "kill") this.disk.kill();
    else this.disk.crash();
    this.#index =
      this.#index instanceof CrashIndex ? this.#index.after(end, this.#diskRandom) : new MemoryBlobIndex();
  }

  /** The next start. */
  check(): void {
    this.disk.clearFaults();
    const { store } = this.#open();
    for (const one of this.#blobs) this.#checkBlob(store, one);
    const listed = store.list(undefined, 1_000);
    for (const { sha256 } of listed)
      if (!store.has(sha256)) throw new Error(`${hexOf(sha256)} is listed only`);
    const bytes = listed.reduce((sum, { size }) => sum + size, 0);
    const { totals } = store;
    if (totals.blobs !== listed.length || totals.bytes !== bytes)
      throw new Error(`totals ${JSON.stringify(totals)}, listed ${listed.length}, ${bytes}`);
    this.#checkSpace(listed);
    // A new process finds the same, and the store goes on.
    this.#write(store, false);
    store.close();
    this.end("kill");
  }

  #checkBlob(store: BlobStore, one: NewBlob): void {
    const name = hexOf(one.sha256).slice(0, 8);
    const state = this.#states.get(one) ?? "absent";
    const found = store.read(one.sha256);
    if (store.has(one.sha256) !== (found !== undefined)) throw new Error(`${name}: has and read differ`);
    if (found !== undefined && Buffer.compare(found, one.bytes) !== 0)
      throw new Error(`${name}: wrong bytes`);
    if (state === "held" && found === undefined) throw new Error(`${name} is lost`);
    if (state === "absent" && found !== undefined) throw new Error(`${name} has come back`);
    this.#states.set(one, found === undefined ? "absent" : "held");
  }

  /** Dead records keep their header's block until their segment goes. */
  #checkSpace(listed: readonly { readonly size: number }[]): void {
    const { freeBytes, totalBytes } = this.disk.quietly(() => this.disk.space(DIRECTORY));
    const files = this.disk.quietly(() => this.disk.readdir(DIRECTORY)).length;
    const live = listed.reduce((sum, { size }) => sum + recordBytes(size), 0);
    const blocks = files + this.#records + this.#strayBlocks;
    if (totalBytes - freeBytes > live + blocks * BLOCK_BYTES)
      throw new Error(`${totalBytes - freeBytes} bytes are used, ${live} by blobs`);
  }
}

/** Runs up to an end that the test has arranged. */
export function runInto(history: History, run = (): void => history.run()): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof PowerCut || error instanceof BlobError)) throw error;
  }
}

export function injectInto(history: History, code: string, after: number, operation?: DiskOperation): void {
  history.disk.inject(operation === undefined ? { code, after } : { code, after, operation });
}
