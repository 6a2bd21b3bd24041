/**
 * Records durably which start (incarnation) of each peer this node knows, and checks that this node's data
 * directory contains the starts that peers know of this node (docs/engine.md, "Who is who"; decision 033).
 *
 * A connection is accepted only after the peer's start is durable here. Promises of a peer count only after that,
 * so the two nodes together forget no promise of either.
 */

import type { HandshakeGate, Hello, HelloIncarnations } from "../peer/types.ts";
import { PLANTED } from "../platform/planted.ts";
import {
  INCARNATIONS_BEFORE_CUT,
  INCARNATIONS_NOT_CUT,
  type PeerIncarnation,
} from "../raft/engine/incarnations.ts";

export interface PeerIncarnationsOptions {
  /** Instance of this node's data directory. */
  readonly instance: string;
  /** Starts of this node, newest last; the last one is the current start. Empty only on a node without peers. */
  readonly incarnations: readonly string[];
  readonly peers: readonly PeerIncarnation[];
  /** Makes `peers` and `since` durable; `onKept` receives the answer. Own starts before `since` may be forgotten. */
  readonly keep: (id: number, peers: readonly PeerIncarnation[], since: string) => void;
  /** Says whether the entry of peer `id` may be forgotten, in a table of `among` peers. */
  readonly isGone: (id: number, among: number) => boolean;
}

type Known = Omit<PeerIncarnation, "id">;

interface Writing {
  readonly known: Known;
  readonly waiting: HandshakeGate[];
}

export class PeerIncarnations {
  readonly #options: PeerIncarnationsOptions;
  /** The durable table. */
  #known: ReadonlyMap<number, Known>;
  /** Entries that are being written: by peer, and the whole tables by request. */
  readonly #writing = new Map<number, Writing>();
  readonly #requests = new Map<number, ReadonlyMap<number, Known>>();
  /** The newest start of this node that each peer has named. */
  readonly #told = new Map<number, string>();
  #nextRequest = 1;
  #cut = false;

  constructor(options: PeerIncarnationsOptions) {
    this.#options = options;
    this.#known = new Map(options.peers.map(({ id, ...known }) => [id, known]));
  }

  /** The starts that a hello to this peer contains. */
  greeting(to: number): HelloIncarnations {
    const boot = this.#options.incarnations.at(-1);
    if (boot === undefined) throw new Error("a node without a start of its own says hello to nobody");
    const known = this.#known.get(to);
    return known === undefined
      ? { boot }
      : { boot, lastIncarnationOfYou: known.boot, instanceOfYou: known.instance };
  }

  /**
   * True when the peer knows a start of this node that the data directory does not contain: the directory is older
   * than what this node has promised.
   */
  isBehind({ lastIncarnationOfYou, instanceOfYou }: Hello): boolean {
    const { incarnations, instance } = this.#options;
    // The peer names another data directory of this node. The membership decides whether this directory may replace
    // the other.
    if (lastIncarnationOfYou === undefined || instanceOfYou !== instance || PLANTED.acceptRolledBack)
      return false;
    return !incarnations.includes(lastIncarnationOfYou);
  }

  /**
   * Called after both ends accepted the other's hello. Accepts the connection once the peer's start is durable
   * here.
   * @param own this node's hello: the peer has confirmed the start of the peer that `own` names
   */
  keep(hello: Hello, own: Hello, gate: HandshakeGate): void {
    const { id, instance, boot } = hello;
    this.#hear(hello);
    const known = this.#known.get(id);
    if (known?.boot === boot) {
      gate.accept();
      return;
    }
    const writing = this.#writing.get(id);
    if (writing?.known.boot === boot) {
      writing.waiting.push(gate);
      return;
    }
    // Another start of the peer was recorded after this node's hello: the peer's hello may come from an older
    // start.
    const vouched =
      known === undefined || known.instance !== instance || known.boot === own.lastIncarnationOfYou;
    if (writing !== undefined || !vouched) {
      gate.reject("another start of it was met meanwhile");
      return;
    }
    this.#writing.set(id, { known: { instance, boot }, waiting: [gate] });
    this.#write("");
  }

  /** @param ok true: the table is durable; false: the write failed */
  onKept(request: number, ok: boolean): void {
    const table = this.#requests.get(request);
    if (table === undefined) return;
    this.#requests.delete(request);
    if (ok) this.#known = table;
    for (const [id, { known, waiting }] of [...this.#writing]) {
      if (table.get(id) !== known) continue;
      this.#writing.delete(id);
      for (const gate of waiting) {
        if (ok) gate.accept();
        else gate.reject("its start cannot be written down here");
      }
    }
  }

  /**
   * Cuts a long list of own starts at the oldest start that any of `members` (without this node) still names. The
   * list is cut once, and only on the disk, because an older hello may still arrive.
   */
  cut(members: readonly number[]): void {
    const { incarnations } = this.#options;
    if (this.#cut || incarnations.length <= INCARNATIONS_BEFORE_CUT) return;
    const oldest = Math.min(...members.map((id) => incarnations.indexOf(this.#told.get(id) ?? "")));
    const since = Math.min(oldest, incarnations.length - INCARNATIONS_NOT_CUT);
    if (since <= 0) return;
    this.#cut = true;
    this.#write(incarnations[since] ?? "");
  }

  #hear({ id, lastIncarnationOfYou }: Hello): void {
    if (lastIncarnationOfYou !== undefined) this.#told.set(id, lastIncarnationOfYou);
  }

  #write(since: string): void {
    const { keep, isGone } = this.#options;
    const table = new Map([...this.#known].filter(([id]) => !isGone(id, this.#known.size)));
    for (const [id, { known }] of this.#writing) table.set(id, known);
    const request = this.#nextRequest++;
    this.#requests.set(request, table);
    keep(
      request,
      [...table].map(([id, known]) => ({ id, ...known })),
      since,
    );
  }
}
