/**
 * Random histories of one node: stores, pushes, references and their ends, sweeps, snapshots, restarts and time in any
 * order, while the store thread's messages come late. What the node has acknowledged and somebody may still need is
 * there at every step, and in the end nothing is left that nobody needs.
 */
import { expect, test } from "bun:test";
import { mapKeyOf } from "../../../src/platform/bytes.ts";
import { seededRandom } from "../../raft/log/support/seeded-random.ts";
import type { AppliedBlobs } from "../../support/blobs/blob-keyspace.ts";
import { BlobNode, blobOf, HOUR, MINUTE, PIN_MS, type TestBlob } from "./support/blob-node.ts";

const SEEDS = 25;
const STEPS = 120;
const BLOBS = ["a", "b", "c", "d"].map((name) => blobOf(name));
/** Short, so that sweeps and scans race with uploads. */
const SETTINGS = { orphanScanIntervalMs: 2 * MINUTE, graceMs: MINUTE, scrubRate: 0 };

/** An upload that has its acknowledgement, and may still refer to the blob. */
interface Upload {
  readonly blob: TestBlob;
  readonly pinUntilMs: number;
}

class History {
  node = new BlobNode(SETTINGS);
  readonly steps: string[] = [];
  readonly #random;
  #uploads: Upload[] = [];
  /** Names of objects, with the blob of each. */
  readonly #objects = new Map<string, TestBlob>();
  /** Blobs that this node holds for an object. */
  readonly #owed = new Set<TestBlob>();
  /** Applied, and not yet told to the blob thread. */
  #late: AppliedBlobs[] = [];
  #names = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async run(): Promise<void> {
    await this.node.start();
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      this.#check();
    }
    await this.#end();
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.#random.nextInt(items.length)];
  }

  async #step(): Promise<void> {
    const { node } = this;
    const kind = this.#random.nextInt(100);
    const blob = this.#pick(BLOBS) as TestBlob;
    if (kind < 20) await this.#upload(blob);
    else if (kind < 35) this.#refer();
    else if (kind < 50) this.#unrefer();
    else if (kind < 65) this.#sweep(blob);
    else if (kind < 80) await this.#tell();
    else if (kind < 92)
      await this.#pass([1_000, 3 * MINUTE, 8 * MINUTE, PIN_MS][this.#random.nextInt(4)] ?? 0);
    else if (kind < 96) {
      // The snapshot has what was applied; nobody tells the entries.
      this.steps.push("snapshot");
      this.#late = [];
      node.state.send({ kind: "keyspace-replaced" });
      await node.time.advance(10);
    } else {
      this.steps.push("restart");
      this.#late = [];
      this.node = node.restarted(SETTINGS);
      node.control.send({ kind: "stop" });
      await node.time.advance(0);
      node.store.closed = false;
      await this.node.start();
    }
  }

  async #upload(blob: TestBlob): Promise<void> {
    const { node } = this;
    const pinUntilMs = node.time.nowMs() + PIN_MS;
    this.steps.push(`upload ${BLOBS.indexOf(blob)}`);
    if (this.#random.nextInt(2) === 0)
      expect(await node.storeBlob(blob, pinUntilMs)).toMatchObject({ kind: "stored" });
    else {
      const pushed = node.push(blob, pinUntilMs);
      await node.time.advance(1);
      expect(await pushed).toBe("stored");
    }
    this.#uploads.push({ blob, pinUntilMs });
  }

  /** An upload ends: its reference is applied, unless the log's time has passed the pin (condition `not-after`). */
  #refer(): void {
    const upload = this.#pick(this.#uploads);
    if (upload === undefined) return;
    this.#uploads = this.#uploads.filter((other) => other !== upload);
    const { node } = this;
    const ms = Math.max(node.time.nowMs(), node.keyspace.appliedMs);
    const given = this.#random.nextInt(4) === 0;
    this.steps.push(`${given ? "give up" : "refer"} ${BLOBS.indexOf(upload.blob)}`);
    if (given || ms > upload.pinUntilMs) return;
    const name = `o${++this.#names}`;
    this.#late.push(node.keyspace.reference(ms, name, [upload.blob]));
    this.#objects.set(name, upload.blob);
    this.#owed.add(upload.blob);
  }

  #unrefer(): void {
    const name = this.#pick([...this.#objects.keys()]);
    if (name === undefined) return;
    this.steps.push(`unrefer ${name}`);
    this.#objects.delete(name);
    this.#late.push(this.node.keyspace.unreference(this.node.time.nowMs(), name));
  }

  #sweep(blob: TestBlob): void {
    const { keyspace, time } = this.node;
    if (keyspace.references(blob.sha256) !== 0) return;
    this.steps.push(`sweep ${BLOBS.indexOf(blob)}`);
    this.#late.push(keyspace.sweep(time.nowMs(), blob.sha256));
    this.#owed.delete(blob);
  }

  async #tell(): Promise<void> {
    const next = this.#late.shift();
    if (next === undefined) return;
    this.steps.push("tell");
    await this.node.apply(next);
  }

  async #pass(ms: number): Promise<void> {
    this.steps.push(`pass ${ms}`);
    await this.node.time.advance(ms);
    if (this.#random.nextInt(3) > 0) this.node.keyspace.tick(this.node.time.nowMs());
    await this.node.time.advance(3 * MINUTE);
  }

  /** An upload whose pin has not passed may still refer; an object's blob is needed until it is swept. */
  #check(): void {
    const { store, keyspace, fatal } = this.node;
    const needed = new Set(this.#owed);
    for (const { blob, pinUntilMs } of this.#uploads) {
      if (keyspace.appliedMs <= pinUntilMs) needed.add(blob);
    }
    const lost = [...needed].filter(({ sha256 }) => !store.has(sha256)).map((blob) => BLOBS.indexOf(blob));
    if (lost.length > 0 || fatal.length > 0) {
      throw new Error(`lost ${lost.join(", ")} ${fatal.join("; ")} after: ${this.steps.join(", ")}`);
    }
  }

  async #end(): Promise<void> {
    this.#uploads = [];
    while (this.#objects.size > 0) this.#unrefer();
    for (const blob of BLOBS) this.#sweep(blob);
    while (this.#late.length > 0) await this.#tell();
    for (let round = 0; round < 3; round++) {
      await this.node.time.advance(HOUR);
      this.node.keyspace.tick(this.node.time.nowMs());
    }
    await this.node.time.advance(10 * MINUTE);
    const left = this.node.store.list(undefined, 10).map(({ sha256 }) => mapKeyOf(sha256));
    if (left.length > 0)
      throw new Error(`${left.length} blobs stay for ever after: ${this.steps.join(", ")}`);
  }
}

test("nothing needed is deleted, and nothing unneeded stays", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await new History(seed).run();
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
});
