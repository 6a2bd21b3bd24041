/** Drives a log with random but lawful batches, beside a model of it. */
import type { Disk } from "../../../../src/platform/disk.ts";
import type { Random } from "../../../../src/platform/random.ts";
import type { HardState, SnapshotMetadata } from "../../../../src/raft/core/types.ts";
import { WalError } from "../../../../src/raft/log/errors.ts";
import type { WalBatch } from "../../../../src/raft/log/types.ts";
import type { Wal } from "../../../../src/raft/log/wal.ts";
import { entry, marker, openWal, readAll } from "./log-fixture.ts";
import { LogModel, lastIndexOf, type ModelState, termOf } from "./log-model.ts";
import { seededRandom } from "./seeded-random.ts";

export class LogDriver {
  readonly model = new LogModel();
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #random: Random;
  #wal: Wal | undefined;
  tornTails = 0;

  constructor(disk: Disk, directory: string, random: Random) {
    this.#disk = disk;
    this.#directory = directory;
    this.#random = random;
  }

  get wal(): Wal {
    if (this.#wal === undefined) throw new Error("not open");
    return this.#wal;
  }

  /** Opens the log and compares it with the model. */
  open(): void {
    const { wal, recovered } = openWal(this.#disk, this.#directory, { random: seededRandom(7) });
    this.#wal = wal;
    if (recovered.tornTail !== undefined) this.tornTails++;
    this.model.reopened(stateOf(wal, recovered));
  }

  /** One random step. @throws WalError when the disk fails; the model knows what had been acknowledged. */
  step(): void {
    const choice = this.#random.nextInt(10);
    if (choice < 6) this.#append(this.#randomBatch());
    else if (choice < 8) this.sync();
    else if (choice === 8) this.wal.maintain();
    else this.#compact();
  }

  sync(): void {
    this.wal.sync();
    this.model.synced();
  }

  close(): void {
    this.wal.close();
    this.model.synced();
  }

  #append(batch: WalBatch): void {
    try {
      this.wal.append(batch);
    } catch (error) {
      // A full disk has taken nothing of it. After any other error, part of it may be on the disk.
      if (!(error instanceof WalError) || error.code !== "DISK_FULL") this.model.append(batch);
      throw error;
    }
    this.model.append(batch);
  }

  #randomBatch(): WalBatch {
    const random = this.#random;
    const { now } = this.model;
    const last = lastIndexOf(now);
    const floor = Math.max(now.hardState.commit, now.snapshot?.index ?? 0, now.baseIndex);
    if (random.nextInt(40) === 0) return receivedSnapshot(now, random);
    const replace = last > floor && random.nextInt(5) === 0;
    const from = replace ? floor + 1 + random.nextInt(last - floor) : last + 1;
    const term = replace
      ? now.hardState.term + 1
      : Math.max(1, now.hardState.term + (random.nextInt(8) === 0 ? 1 : 0));
    const count = random.nextInt(5);
    const batchEntries = Array.from({ length: count }, (_, i) => entry(from + i, term, random.nextInt(900)));
    const end = count === 0 ? last : from + count - 1;
    const hardState: HardState = {
      term,
      vote: term === now.hardState.term ? now.hardState.vote : random.nextInt(4),
      commit: Math.max(now.hardState.commit, Math.min(end, floor + random.nextInt(3))),
    };
    return random.nextInt(4) === 0 && term === now.hardState.term
      ? { entries: batchEntries }
      : { entries: batchEntries, hardState };
  }

  #compact(): void {
    const { now } = this.model;
    const index = now.hardState.commit;
    if (index > (now.snapshot?.index ?? 0) && index > now.baseIndex) {
      const snapshot: SnapshotMetadata = marker(index, termOf(now, index));
      this.#append({ entries: [], snapshot });
    }
    this.wal.compact(Math.max(0, index - this.#random.nextInt(10)), { maxSegments: 6 });
    this.model.synced();
  }
}

function receivedSnapshot(now: ModelState, random: Random): WalBatch {
  const index = lastIndexOf(now) + 1 + random.nextInt(20);
  const term = now.hardState.term + 1;
  const snapshot = marker(index, term);
  return { entries: [entry(index + 1, term)], snapshot, hardState: { term, vote: 0, commit: index } };
}

function stateOf(
  wal: Wal,
  recovered: { hardState: HardState; snapshot: SnapshotMetadata | undefined },
): ModelState {
  const { hardState, snapshot } = recovered;
  return { hardState, snapshot, baseIndex: wal.firstIndex - 1, entries: readAll(wal) };
}
