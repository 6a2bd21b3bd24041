/**
 * Which start of every peer this node knows, durably, and whether its own data directory contains the starts that peers know
 * of it (docs/engine.md, "Who is who"; decision 033).
 *
 * A connection on which a peer speaks stands only when the peer's start is written down here: nothing that it promises
 * counts before that, and so nothing that it ever promised is forgotten by the two of them together.
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
  /** Of this node, newest last: the last one is that of this start. Empty only where there are no peers. */
  readonly incarnations: readonly string[];
  readonly peers: readonly PeerIncarnation[];
  /** Makes both durable; answered by `onKept`. Own starts before `since` may be forgotten. */
  readonly keep: (id: number, peers: readonly PeerIncarnation[], since: string) => void;
  /** What is known of it can be forgotten, being one of so many. */
  readonly isGone: (id: number, among: number) => boolean;
}

type Known = Omit<PeerIncarnation, "id">;

interface Writing {
  readonly known: Known;
  readonly waiting: HandshakeGate[];
}

export class PeerIncarnations {
  readonly #options: PeerIncarnationsOptions;
  /** Durable. */
  #known: ReadonlyMap<number, Known>;
  /** On its way to the disk: by peer, and the tables by request. */
  readonly #writing = new Map<number, Writing>();
  readonly #requests = new Map<number, ReadonlyMap<number, Known>>();
  /** The newest start of this node that each peer has said it knows. */
  readonly #told = new Map<number, string>();
  #nextRequest = 1;
  #cut = false;

  constructor(options: PeerIncarnationsOptions) {
    this.#options = options;
    this.#known = new Map(options.peers.map(({ id, ...known }) => [id, known]));
  }

  /** The starts that a hello to this peer names. */
  greeting(to: number): HelloIncarnations {
    const boot = this.#options.incarnations.at(-1);
    if (boot === undefined) throw new Error("a node without a start of its own says hello to nobody");
    const known = this.#known.get(to);
    return known === undefined
      ? { boot }
      : { boot, lastIncarnationOfYou: known.boot, instanceOfYou: known.instance };
  }

  /** The peer knows a start of this node that its data directory does not: the directory is older than what the node has
   *  promised. */
  isBehind({ lastIncarnationOfYou, instanceOfYou }: Hello): boolean {
    const { incarnations, instance } = this.#options;
    // Of another directory: whether this one may take its place is for the membership to say.
    if (lastIncarnationOfYou === undefined || instanceOfYou !== instance || PLANTED.acceptRolledBack)
      return false;
    return !incarnations.includes(lastIncarnationOfYou);
  }

  /**
   * Both ends took the other's hello. `stands` once the peer's start is durable here.
   * @param own what this node said of itself: the peer has vouched for the start of its own that is named there
   */
  keep(hello: Hello, own: Hello, standing: HandshakeGate): void {
    const { id, instance, boot } = hello;
    this.#hear(hello);
    const known = this.#known.get(id);
    if (known?.boot === boot) {
      standing.accept();
      return;
    }
    const writing = this.#writing.get(id);
    if (writing?.known.boot === boot) {
      writing.waiting.push(standing);
      return;
    }
    // Another start of it was written down since it was asked about one: this hello may be of an older life.
    const vouched =
      known === undefined || known.instance !== instance || known.boot === own.lastIncarnationOfYou;
    if (writing !== undefined || !vouched) {
      standing.reject("another start of it was met meanwhile");
      return;
    }
    this.#writing.set(id, { known: { instance, boot }, waiting: [standing] });
    this.#write("");
  }

  /** @param ok durable; else it could not be written */
  onKept(request: number, ok: boolean): void {
    const table = this.#requests.get(request);
    if (table === undefined) return;
    this.#requests.delete(request);
    if (ok) this.#known = table;
    for (const [id, { known, waiting }] of [...this.#writing]) {
      if (table.get(id) !== known) continue;
      this.#writing.delete(id);
      for (const standing of waiting) {
        if (ok) standing.accept();
        else standing.reject("its start cannot be written down here");
      }
    }
  }

  /** What all of `members` (without this node) know is as much as anybody will ever name: a long list is cut, once, and on
   *  the disk only, because an older hello may still be on its way. */
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
