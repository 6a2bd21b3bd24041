/**
 * What the Raft core is measured with: three nodes in one thread, async storage writes, no disk and no network. Every
 * entry is appended, sent to two followers, acknowledged, committed and applied on all three. Beside it the limit: the
 * same entries put into three arrays.
 */
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  EntryType,
  hardStateOf,
  type Message,
  NO_BYTES,
  RawNode,
} from "../../src/raft/core/index.ts";
import { MemoryStorage } from "../../test/support/raft/memory-storage.ts";

export const ENTRY_BYTES = 128;
/** Applied entries are dropped from the in-memory log in steps of this many. */
const COMPACT_ENTRIES = 4096;

const payload = new Uint8Array(ENTRY_BYTES);

interface Member {
  readonly raw: RawNode;
  readonly storage: MemoryStorage;
}

/** Three nodes, the first of which leads. */
export class MemoryGroup {
  readonly #members: readonly Member[];
  #queue: Message[] = [];
  steps = 0;

  constructor() {
    const confState = {
      voters: [1, 2, 3],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    this.#members = [1, 2, 3].map((id) => {
      const storage = new MemoryStorage();
      storage.applySnapshot({ metadata: { index: 2, term: 1, confState }, data: NO_BYTES });
      const raw = new RawNode({
        id,
        storage,
        nextInt: () => 0,
        electionTicks: 10,
        heartbeatTicks: 1,
        applied: 2,
        asyncStorageWrites: true,
        maxInflightMsgs: 512,
        maxSizePerMsgBytes: 4 << 20,
        maxInflightBytes: 64 << 20,
        preVote: true,
        checkQuorum: true,
      });
      return { raw, storage };
    });
    this.leader.campaign();
    this.settle();
  }

  get leader(): RawNode {
    return this.#member(1).raw;
  }

  #member(id: number): Member {
    return this.#members[id - 1] as Member;
  }

  /** Until every node is idle. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const member of this.#members) {
        while (member.raw.hasReady()) {
          busy = true;
          this.#ready(member);
        }
      }
      const messages = this.#queue;
      this.#queue = [];
      for (const message of messages) {
        this.steps++;
        this.#member(message.to).raw.step(message);
      }
    }
  }

  #ready(member: Member): void {
    for (const message of member.raw.ready().messages) {
      if (message.to === APPEND_THREAD) {
        const hardState = hardStateOf(message);
        if (hardState !== null) member.storage.setHardState(hardState);
        member.storage.append(message.entries);
        this.#respond(message, member);
      } else if (message.to === APPLY_THREAD) {
        this.#respond(message, member);
      } else {
        this.#queue.push(message);
      }
    }
  }

  #respond(message: Message, member: Member): void {
    for (const response of message.responses) {
      if (response.to !== member.raw.id) {
        this.#queue.push(response);
        continue;
      }
      this.steps++;
      member.raw.step(response);
    }
  }

  /** Drops what is applied, as the engine does with its in-memory tail. */
  compact(): void {
    for (const { raw, storage } of this.#members) {
      const { applied } = raw.basicStatus();
      if (applied - storage.firstIndex() >= COMPACT_ENTRIES) storage.compact(applied);
    }
  }
}

function proposal(): Entry {
  return { term: 0, index: 0, type: EntryType.Normal, data: payload };
}

/** Proposes `total` entries, `batch` at a time, each batch until it is applied everywhere. */
export function propose(group: MemoryGroup, total: number, batch: number): void {
  for (let done = 0; done < total; done += batch) {
    const entries: Entry[] = [];
    for (let i = 0; i < batch; i++) entries.push(proposal());
    group.leader.proposeEntries(entries);
    group.steps++;
    group.settle();
    if (done % COMPACT_ENTRIES < batch) group.compact();
  }
}

/** What must be done at least: the entries are made, and put into three logs. */
export function copy(total: number, batch: number): number {
  let logs: [Entry[], Entry[], Entry[]] = [[], [], []];
  let kept = 0;
  for (let done = 0; done < total; done += batch) {
    const entries: Entry[] = [];
    for (let i = 0; i < batch; i++) entries.push({ ...proposal(), term: 1, index: done + i + 1 });
    for (const log of logs) for (const entry of entries) log.push(entry);
    if (logs[0].length >= COMPACT_ENTRIES) {
      kept += logs[2].length;
      logs = [[], [], []];
    }
  }
  return kept;
}
