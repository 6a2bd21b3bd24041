/** What a replica does once a tick because it leads: look after its followers, and hand leadership over when its own disk stands still. */
import type { Membership } from "../cluster/registry/membership.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import { StallWatch } from "./stall-watch.ts";

export interface LeaderDutiesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A leader whose log or keyspace stands still for this long hands leadership over. */
  readonly stallMs: number;
  /** Writes down what members say of themselves. */
  readonly register: () => void;
  readonly stepDown: (answer: (done: boolean) => void) => void;
  /** The log position that a follower is known to have. */
  readonly matched: (follower: number, index: number) => void;
}

export class LeaderDuties {
  readonly #options: LeaderDutiesOptions;
  readonly #stalls: StallWatch;

  constructor(options: LeaderDutiesOptions) {
    this.#options = options;
    this.#stalls = new StallWatch(options.stallMs);
  }

  /** Called on followers too: a new leader's disk may have stood still since before its election. */
  tick(engine: Engine<Membership>): void {
    this.#watch(engine);
    if (!engine.leading) return;
    const { register, matched } = this.#options;
    register();
    for (const [id, { match }] of engine.describe().progress) matched(id, match);
  }

  /** A leader whose disk stands still hands leadership to a member whose disk does not. */
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
