/** The log of one node in memory, kept across restarts of the node. */

import { LogThreadError } from "../../../src/consensus/log-client.ts";
import type { LogThreadPort } from "../../../src/consensus/options.ts";
import {
  EMPTY_CONF_STATE,
  type Entry,
  type HardState,
  type SnapshotMetadata,
} from "../../../src/raft/core/index.ts";
import type { RecoveredLog, TermRun, WalBatch } from "../../../src/raft/log/types.ts";

export class MemoryLog implements LogThreadPort {
  entries: Entry[] = [];
  markers: SnapshotMetadata[] = [];
  /** Segments are dropped when compaction says so; false: only the marker is kept. */
  drops = true;
  #hardState: HardState = { term: 0, vote: 0, commit: 0 };
  #appended: (id: number) => void = () => {};
  /** Appends that are "on their way to the disk"; undefined = acknowledged at once. */
  held: number[] | undefined;
  #created = true;

  opened(): Promise<RecoveredLog> {
    const marker = this.markers.at(-1);
    const first = this.entries[0]?.index ?? (marker?.index ?? 0) + 1;
    const created = this.#created;
    this.#created = false;
    return Promise.resolve({
      hardState: this.#hardState,
      snapshot: marker,
      confState: marker?.confState ?? EMPTY_CONF_STATE,
      firstIndex: first,
      lastIndex: this.entries.at(-1)?.index ?? first - 1,
      segments: 1,
      tornTail: undefined,
      created,
      terms: termRuns(first - 1, marker?.term ?? 0, this.entries),
    });
  }

  append(id: number, batch: WalBatch): void {
    if (batch.hardState !== undefined) this.#hardState = batch.hardState;
    const { snapshot } = batch;
    if (snapshot !== undefined) {
      const known = this.entries.find(({ index }) => index === snapshot.index)?.term === snapshot.term;
      if (!known) this.entries = [];
      this.markers.push(snapshot);
    }
    for (const entry of batch.entries) {
      while ((this.entries.at(-1)?.index ?? 0) >= entry.index) this.entries.pop();
      this.entries.push({ ...entry, data: Uint8Array.from(entry.data) });
    }
    if (this.held !== undefined) this.held.push(id);
    else queueMicrotask(() => this.#appended(id));
  }

  releaseHeld(): void {
    const held = this.held ?? [];
    this.held = undefined;
    const last = held.at(-1);
    if (last !== undefined) this.#appended(last);
  }

  onAppended(receive: (id: number) => void): void {
    this.#appended = receive;
  }

  read(low: number, high: number, maxBytes = Number.POSITIVE_INFINITY): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    let bytes = 0;
    for (const entry of this.entries) {
      if (entry.index < low || entry.index >= high) continue;
      bytes += entry.data.byteLength;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    if (found[0]?.index === low) return Promise.resolve(found);
    return Promise.reject(new LogThreadError("COMPACTED", `entry ${low} is not in the log`));
  }

  compact(marker: SnapshotMetadata, throughIndex: number): void {
    this.markers.push(marker);
    if (this.drops) this.entries = this.entries.filter(({ index }) => index > throughIndex);
  }
}

/** From the position before the first entry on. */
function termRuns(before: number, termBefore: number, entries: readonly Entry[]): TermRun[] {
  const runs: TermRun[] = [{ index: before, term: Math.min(termBefore, entries[0]?.term ?? termBefore) }];
  for (const { term, index } of entries) if (runs.at(-1)?.term !== term) runs.push({ index, term });
  return runs;
}
