import type { AllocateFrame } from "./framing.ts";
import { laneOf, slotsOf } from "./lanes.ts";
import { type LinkContext, OutgoingLink } from "./outgoing-link.ts";
import { UnsendableError } from "./protocol-error.ts";
import type { Hello, Lane, Peer, PeerMessage, RefusalCode } from "./types.ts";

export interface RemotePeerEvents {
  onHello(peer: Peer, hello: Hello): void;
  onRefused(peer: Peer, code: RefusalCode, message: string): void;
  onDropped(lane: Lane, messages: number): void;
  onLost(peer: Peer, lane: Lane): void;
  onProtocolError(): void;
  onWrongProof(): void;
  onProblem(peer: Peer, problem: string): void;
}

/** The connections that this node dials to one peer. */
export class RemotePeer {
  readonly peer: Peer;
  /** The last error, for operators; cleared when every lane is up again. */
  lastError: string | undefined;
  hello: Hello | undefined;
  readonly #context: LinkContext;
  readonly #links: readonly OutgoingLink[];
  readonly #linkOf = new Map<Lane, OutgoingLink>();

  constructor(context: LinkContext, peer: Peer, events: RemotePeerEvents) {
    this.#context = context;
    this.peer = peer;
    this.#links = slotsOf(context.options.lanes).map((slot, i) => {
      const isFirst = i === 0;
      const link: OutgoingLink = new OutgoingLink(context, peer, slot, {
        onUp: (hello) => {
          this.hello = hello;
          this.#count();
          if (this.#links.every(({ up }) => up)) this.lastError = undefined;
          if (isFirst) {
            // The other lanes are dialled only after the heartbeat lane, so that a peer which is unreachable or
            // refuses is tried once and not four times.
            for (const other of this.#links) other.dial();
          }
          events.onHello(peer, hello);
        },
        onDown: () => this.#count(),
        onRefused: (code, message) => {
          this.lastError = `refused this node (${code}): ${message}`;
          events.onRefused(peer, code, message);
        },
        onError: (reason, protocolError) => {
          this.lastError = `${slot.name}: ${reason}`;
          if (protocolError) events.onProtocolError();
          events.onProblem(peer, reason);
        },
        onWrongProof: () => events.onWrongProof(),
        onDropped: (lane, messages) => events.onDropped(lane, messages),
        onLost: (lane) => events.onLost(peer, lane),
      });
      for (const lane of slot.lanes) this.#linkOf.set(lane, link);
      return link;
    });
  }

  /** True when the lane that is dialled first is up: heartbeat, or blob. */
  get firstUp(): boolean {
    return this.#links[0]?.up === true;
  }

  /** The peer can probably be reached: dials the lanes that are down at once. */
  dial(): void {
    this.#links[0]?.dial();
  }

  /** Returns false when the message was dropped. */
  send(message: PeerMessage, allocate?: AllocateFrame): boolean {
    const lane = laneOf(message);
    const link = this.#linkOf.get(lane);
    if (link === undefined) return false;
    try {
      return link.send(lane, message, allocate);
    } catch (error) {
      if (!(error instanceof UnsendableError)) throw error;
      this.lastError = `${lane}: not sent: ${error.message}`;
      return false;
    }
  }

  sweep(paused: boolean): void {
    for (const link of this.#links) link.sweep(paused);
  }

  close(reason: string): void {
    for (const link of this.#links) link.close(reason);
    this.#count();
  }

  #count(): void {
    let up = 0;
    for (const link of this.#links) up += link.up ? link.slot.lanes.length : 0;
    this.#context.options.metrics.connected(this.peer.name, up);
  }
}
