/** Small logs for the tests. */
import type { Disk } from "../../../../src/platform/disk.ts";
import { type Entry, EntryType, type SnapshotMetadata } from "../../../../src/raft/core/types.ts";
import type { WalEvent, WalIdentity, WalOptions } from "../../../../src/raft/log/types.ts";
import { Wal } from "../../../../src/raft/log/wal.ts";

export const IDENTITY: WalIdentity = { clusterId: "cluster-a", nodeId: "n1" };
export const SEGMENT_BYTES = 4 << 10;

export function entry(index: number, term: number, dataBytes = 16): Entry {
  const data = new Uint8Array(dataBytes);
  for (let i = 0; i < dataBytes; i++) data[i] = (index * 31 + term * 7 + i) & 0xff;
  return { index, term, type: EntryType.Normal, data };
}

export function entries(from: number, to: number, term: number, dataBytes = 16): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term, dataBytes));
}

export function marker(index: number, term: number): SnapshotMetadata {
  return {
    index,
    term,
    confState: { voters: [1, 2], votersOutgoing: [3], learners: [4], learnersNext: [], autoLeave: true },
  };
}

export function openWal(disk: Disk, directory: string, options: Partial<WalOptions> = {}) {
  const events: WalEvent[] = [];
  const { wal, recovered } = Wal.open({
    disk,
    directory,
    identity: IDENTITY,
    create: true,
    segmentBytes: SEGMENT_BYTES,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { wal, recovered, events };
}

/** All live entries. */
export function readAll(wal: Wal): Entry[] {
  const all: Entry[] = [];
  for (let next = wal.firstIndex; next <= wal.lastIndex; ) {
    const page = wal.readEntries(next, wal.lastIndex + 1, 1 << 20);
    all.push(...page);
    next += page.length;
  }
  return all.map((e) => ({ ...e, data: Uint8Array.from(e.data) }));
}
