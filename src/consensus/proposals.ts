/** Proposals at the leader: this node's own and those of other nodes' proposers, stamped in log order. */

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
  /** Appends all of them or none. */
  readonly append: (proposals: readonly Uint8Array[]) => boolean;
  /** One message an entry: consensus no longer needs the entry's slab. @param gateway the owner of the slabs */
  readonly onReleased: (gateway: number, slabIds: readonly number[]) => void;
  /** Bytes of proposals taken and not evicted yet (applied, and not retained either). Beyond it they are dropped: their
   *  proposers may have given up long ago, and the admission that bounds them with it. */
  readonly maxHeldBytes: number;
}

/** Where the bytes of an entry lie: in which slab of which gateway. */
interface Holder {
  readonly gateway: number;
  readonly slabId: number;
}

/** Another node (of another release, say) has sent what may not be appended; nothing of the message was appended. */
export class ForeignProposalError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ForeignProposalError";
  }
}

export class Proposals {
  readonly hlc: HybridLogicalClock;
  readonly #options: ProposalsOptions;
  /** Where an entry's bytes lie, from proposal to eviction; undefined = the entry came from another node. */
  readonly #held = new Map<Uint8Array, Holder | undefined>();
  /** Bytes of the keys of `#held`. */
  #heldBytes = 0;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    this.hlc = new HybridLogicalClock(options.clock);
  }

  /** Everything before this leader's own entry is applied: no new timestamp can equal an old one. */
  startLeading(appliedCommitTs: bigint, ceilingMs: number): void {
    if (PLANTED.forgetCeiling) this.hlc.startAbove(0n, 0);
    else this.hlc.startAbove(appliedCommitTs, ceilingMs);
  }

  /** Takes proposals of a gateway of this node. False: no proposal was taken or kept. */
  own(gateway: number, message: ProposeMessage): boolean {
    const views = viewsOf(message);
    if (!this.#take(views)) return false;
    const holder: Holder = { gateway, slabId: message.slabId };
    for (const view of views) this.#held.set(view, holder);
    return true;
  }

  /** Of another node's proposer. @throws ForeignProposalError when one is no transaction: it would stop every replica */
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

  /** Stamps in log order, with the ceiling that covers the stamps ahead of them in the same append. */
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
