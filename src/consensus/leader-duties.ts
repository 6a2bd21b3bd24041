/** Work of a leader at each tick: track the followers, and transfer leadership when the leader's own disk stalls. */
import type { Membership } from "../cluster/registry/membership.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import { StallWatch } from "./stall-watch.ts";

export interface LeaderDutiesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A leader whose log or keyspace stalls for this time transfers leadership. */
  readonly stallMs: number;
  /** Proposes what members say about themselves (address, version) for the node registry. */
  readonly register: () => void;
  readonly stepDown: (answer: (done: boolean) => void) => void;
  /** Reports the last log index that a follower is known to have. */
  readonly matched: (follower: number, index: number) => void;
}

export class LeaderDuties {
  readonly #options: LeaderDutiesOptions;
  readonly #stalls: StallWatch;

  constructor(options: LeaderDutiesOptions) {
    this.#options = options;
    this.#stalls = new StallWatch(options.stallMs);
  }

  /** Runs on followers too: a new leader's disk may have stalled since before the election. */
  tick(engine: Engine<Membership>): void {
    this.#watch(engine);
    if (!engine.leading) return;
    const { register, matched } = this.#options;
    register();
    for (const [id, { match }] of engine.describe().progress) matched(id, match);
  }

  /** Transfers leadership to another member when this leader's disk stalls. */
  #watch(engine: Engine<Membership>): void {
    const { clock, logger, stepDown } = this.#options;
    const half = this.#stalls.stalled(engine.oldestInFlight, clock.monotonicMs());
    if (half === undefined || !engine.leading || votersOf(engine.membership).length < 2) return;
    logger.error("the disk stands still: handing leadership over", { half });
    stepDown((done) => {
      if (!done) logger.warn("nobody took leadership over", { half });
    });
  }
}
