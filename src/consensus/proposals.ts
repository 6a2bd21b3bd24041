/**
 * Proposals at the leader, from this node's gateways and from other nodes. The leader stamps proposals in log
 * order.
 */

import type { ProposeMessage } from "../messages/messages.ts";
import type { Clock } from "../platform/clock.ts";
import { PLANTED } from "../platform/planted.ts";
import type { Entry } from "../raft/core/index.ts";
import {
  COMMAND_HEADER_BYTES,
  COMMAND_VERSION,
  CommandKind,
  encodeCeiling,
  stampCommitTs,
} from "../txn/command.ts";
import { HybridLogicalClock } from "../txn/hlc.ts";

export interface ProposalsOptions {
  readonly clock: Clock;
  /** Appends either all of the proposals or none. */
  readonly append: (proposals: readonly Uint8Array[]) => boolean;
  /**
   * Consensus no longer needs these slabs; a slab is named once for each of its entries. @param gateway the owner
   * of the slabs
   */
  readonly onReleased: (gateway: number, slabIds: readonly number[]) => void;
  /**
   * Limit in bytes for proposals that are taken and not evicted yet. Proposals beyond the limit are dropped. A
   * proposer's own limit does not bound them: a proposer may have given up long ago.
   */
  readonly maxHeldBytes: number;
}

/** The gateway and the slab that hold the bytes of an entry. */
interface Holder {
  readonly gateway: number;
  readonly slabId: number;
}

/**
 * Another node has sent an entry that is no transaction (a node of another release may do so). No entry of the
 * message was appended.
 */
export class ForeignProposalError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ForeignProposalError";
  }
}

export class Proposals {
  readonly hlc: HybridLogicalClock;
  readonly #options: ProposalsOptions;
  /** The holder of an entry's bytes, from proposal to eviction; undefined when the entry came from another node. */
  readonly #held = new Map<Uint8Array, Holder | undefined>();
  /** Bytes of the keys of `#held`. */
  #heldBytes = 0;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    this.hlc = new HybridLogicalClock(options.clock);
  }

  /**
   * The leader has applied every entry before its own first entry, so no new timestamp can equal an old timestamp.
   */
  startLeading(appliedCommitTs: bigint, ceilingMs: number): void {
    if (PLANTED.forgetCeiling) this.hlc.startAbove(0n, 0);
    else this.hlc.startAbove(appliedCommitTs, ceilingMs);
  }

  /** Takes proposals of a gateway of this node. False: no proposal was taken, and no slab is kept. */
  own(gateway: number, message: ProposeMessage): boolean {
    const views = viewsOf(message);
    if (!this.#take(views)) return false;
    const holder: Holder = { gateway, slabId: message.slabId };
    for (const view of views) this.#held.set(view, holder);
    return true;
  }

  /**
   * Takes proposals of another node. @throws ForeignProposalError when an entry is no transaction and would stop
   * every replica
   */
  foreign(entries: readonly Uint8Array[]): boolean {
    for (const entry of entries) checkFrame(entry);
    if (!this.#take(entries)) return false;
    for (const entry of entries) this.#held.set(entry, undefined);
    return true;
  }

  /** These entries have left the in-memory log. */
  evicted(entries: readonly Entry[]): void {
    const released = new Map<number, number[]>();
    for (const { data } of entries) {
      if (!this.#held.has(data)) continue;
      const holder = this.#held.get(data);
      this.#held.delete(data);
      this.#heldBytes -= data.byteLength;
      if (holder === undefined) continue;
      const slabIds = released.get(holder.gateway);
      if (slabIds === undefined) released.set(holder.gateway, [holder.slabId]);
      else slabIds.push(holder.slabId);
    }
    for (const [gateway, slabIds] of released) this.#options.onReleased(gateway, slabIds);
  }

  #take(views: readonly Uint8Array[]): boolean {
    const bytes = views.reduce((sum, view) => sum + view.byteLength, 0);
    // An entry larger than the bound is taken when nothing else is held; otherwise no such entry could ever be taken.
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#options.maxHeldBytes) return false;
    if (!this.#appendStamped(views)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Stamps proposals in log order. A ceiling that is due comes first and covers the stamps of the same append. */
  #appendStamped(views: readonly Uint8Array[]): boolean {
    const ceilingMs = this.hlc.ceilingDue();
    const proposals: Uint8Array[] = [];
    if (ceilingMs !== undefined) {
      this.hlc.ceilingLogged(ceilingMs);
      proposals.push(encodeCeiling(ceilingMs));
    }
    proposals.push(...views);
    for (const proposal of proposals) stampCommitTs(proposal, this.hlc.issue());
    const taken = this.#options.append(proposals);
    if (!taken && ceilingMs !== undefined) this.hlc.ceilingLost();
    return taken;
  }
}

export function viewsOf(message: ProposeMessage): Uint8Array[] {
  const { slab, offsets, lengths } = message;
  return offsets.map((offset, i) => slab.subarray(offset, offset + (lengths[i] as number)));
}

function checkFrame(entry: Uint8Array): void {
  const txn = entry[0] === COMMAND_VERSION && entry[1] === CommandKind.Txn;
  if (txn && entry.byteLength > COMMAND_HEADER_BYTES) return;
  throw new ForeignProposalError(
    `a forwarded proposal of ${entry.byteLength} bytes is no transaction (${entry[0]}, ${entry[1]})`,
  );
}
