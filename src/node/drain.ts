/**
 * Drain: this node gives its work to the others before it is stopped. It says 503 in its readiness, hands leadership
 * over and accepts none, and each of its S3 answers ends a connection. New connections are served, because balancers
 * need some seconds to see the 503. The state is in memory only: a start ends it.
 */
import type { DrainStatus } from "../api/operations.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import type { Edge } from "../http/options.ts";
import type { Leadership } from "../kv/proposer.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import type { ClusterControl } from "./cluster-control.ts";

/** A transfer takes one or two round trips; without a successor the other members elect a leader. */
const STEP_DOWN_MS = 3_000;
/** Interval of the attempts to hand leadership over. Each attempt holds writes up for an election timeout at most. */
const HAND_OVER_EVERY_MS = 5_000;

export interface NodeDrainOptions {
  readonly nodeId: string;
  /** undefined: the S3 port is not open. */
  readonly edge: () => Pick<Edge, "drain" | "inFlight" | "uploads" | "oldestMs" | "connections"> | undefined;
  /** undefined until the threads run. */
  readonly cluster: () => Pick<ClusterControl, "setDraining" | "stepDown"> | undefined;
  readonly leadership: () => Leadership | undefined;
  /** undefined: not known yet. */
  readonly membership: () => Membership | undefined;
  readonly timers: Pick<Timers, "every">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Pick<Logger, "info" | "warn">;
}

export class NodeDrain {
  readonly #options: NodeDrainOptions;
  #sinceMs: number | undefined;
  #cancel = (): void => {};
  #handsOver: Promise<boolean> | undefined;

  constructor(options: NodeDrainOptions) {
    this.#options = options;
  }

  get draining(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Idempotent. @param reason for the log */
  begin(reason: string): DrainStatus {
    const { timers, clock, log } = this.#options;
    if (this.#sinceMs === undefined) {
      this.#sinceMs = clock.monotonicMs();
      log.info("draining", { reason, inFlight: this.#options.edge()?.inFlight ?? 0 });
      this.#apply(true);
      this.#look();
      this.#cancel = timers.every(() => this.#look(), HAND_OVER_EVERY_MS);
    }
    return this.status();
  }

  /** Idempotent. */
  end(): DrainStatus {
    if (this.#sinceMs !== undefined) {
      this.#sinceMs = undefined;
      this.#cancel();
      this.#options.log.info("no longer draining");
      this.#apply(false);
    }
    return this.status();
  }

  /** The node stops: no further attempt to hand leadership over. */
  stop(): void {
    this.#cancel();
  }

  /** Called when the S3 port or the threads were started: both may begin after the drain. */
  refresh(): void {
    if (this.draining) this.#apply(true);
  }

  /** Hands leadership over when this node leads. @returns true when another member leads now */
  handOver(): Promise<boolean> {
    const { cluster, log } = this.#options;
    this.#handsOver ??= (cluster()?.stepDown(STEP_DOWN_MS) ?? Promise.resolve(false)).then((done) => {
      this.#handsOver = undefined;
      log.info("leadership handed over", { done });
      return done;
    });
    return this.#handsOver;
  }

  status(): DrainStatus {
    const { nodeId, edge, leadership, clock } = this.#options;
    const now = edge();
    const { leading = false, leaderId = 0 } = leadership() ?? {};
    const draining = this.draining;
    const inFlight = now?.inFlight ?? 0;
    const onlyVoter = this.#voters() === 1 && leading;
    const oldestMs = now?.oldestMs;
    const sinceMs = this.#sinceMs;
    return {
      nodeId,
      draining,
      drained: draining && inFlight === 0 && (leading ? onlyVoter : leaderId !== 0),
      seconds: sinceMs === undefined ? null : Math.floor((clock.monotonicMs() - sinceMs) / 1000),
      inFlight,
      uploads: now?.uploads ?? 0,
      oldestSeconds: oldestMs === undefined ? null : Math.floor(oldestMs / 1000),
      connections: now?.connections ?? 0,
      leading,
      onlyVoter,
      leaderId: leading ? nodeId : this.#nameOf(leaderId),
    };
  }

  #apply(draining: boolean): void {
    this.#options.edge()?.drain(draining);
    this.#options.cluster()?.setDraining(draining);
  }

  /** A node that has become leader again, because nobody else could, hands over as soon as somebody can. */
  #look(): void {
    if (this.#options.leadership()?.leading === true && this.#voters() > 1) void this.handOver();
  }

  #voters(): number {
    const membership = this.#options.membership();
    return membership === undefined ? 0 : votersOf(membership).length;
  }

  #nameOf(leaderId: number): string | null {
    if (leaderId === 0) return null;
    return this.#options.membership()?.members.find(({ id }) => id === leaderId)?.name ?? null;
  }
}
