/** Reads a whole log back from its disk, beside simulated time, and holds it against its shadow. */

import { WalError } from "../../../src/raft/log/errors.ts";
import type { Wal } from "../../../src/raft/log/wal.ts";
import type { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { type ReadLog, shadowOf } from "./log-image.ts";
import type { ShadowLog } from "./shadow-log.ts";

/** Batches between two audits. */
const AUDIT_EVERY = 32;

export class LogAudit {
  readonly #wal: Wal;
  readonly #disk: SimulatedDisk;
  #batches = 0;

  constructor(wal: Wal, disk: SimulatedDisk) {
    this.#wal = wal;
    this.#disk = disk;
  }

  /** After a turn of the log thread. */
  afterTurn(shadow: ShadowLog): void {
    const { appendedBatches } = this.#wal.stats();
    if (appendedBatches - this.#batches < AUDIT_EVERY) return;
    this.#batches = appendedBatches;
    this.now(shadow);
  }

  now(shadow: ShadowLog): void {
    const read = this.read();
    if (read !== undefined) shadow.holds(read, this.#wal.markerIndex);
  }

  /** Undefined: the log has ended, or is in the middle of something. */
  read(): ReadLog | undefined {
    const { firstIndex, lastIndex, owesSync } = this.#wal;
    // Reading would write what is staged, earlier than the log thread wants it.
    if (owesSync) return undefined;
    if (firstIndex > lastIndex) return { firstIndex, entries: [] };
    try {
      const entries = this.#disk.quietly(() =>
        this.#wal.readEntries(firstIndex, lastIndex + 1, Number.POSITIVE_INFINITY),
      );
      return { firstIndex, entries: entries.map(shadowOf) };
    } catch (error) {
      if (error instanceof WalError && (error.code === "POISONED" || error.code === "CLOSED"))
        return undefined;
      throw error;
    }
  }
}
