/**
 * Waits for the other nodes before this node takes part for the first time. Control keeps the cluster id and the
 * roster.
 */
import { Bootstrap } from "../cluster/bootstrap.ts";
import type { ClusterPeers } from "../cluster/peers.ts";
import type { Hello } from "../peer/types.ts";
import type { ConsensusThreadOptions } from "./options.ts";

export interface MeetingOptions
  extends Pick<ConsensusThreadOptions, "identity" | "initialCluster" | "join" | "control" | "logger"> {
  readonly peers: ClusterPeers;
}

export class Meeting {
  readonly #options: MeetingOptions;
  readonly #kept = Promise.withResolvers<void>();
  #bootstrap: Bootstrap | undefined;

  constructor(options: MeetingOptions) {
    this.#options = options;
  }

  /** Resolves when the cluster id and the roster are durable. */
  async hold(mode: "form" | "join"): Promise<void> {
    const { identity, initialCluster, join, control, logger, peers } = this.#options;
    const others = (mode === "form" ? initialCluster : join).filter(({ name }) => name !== identity.name);
    this.#bootstrap = new Bootstrap({
      mode,
      others,
      clusterId: peers.clusterId,
      onWaiting: (members, why) => {
        logger.info("waiting for members", { members: members.join(","), why });
        control.send({ kind: "waiting-for", members, why });
      },
      onMet: ({ clusterId, roster }) => {
        peers.formed(clusterId, roster);
        control.send({ kind: "keep-roster", clusterId, roster });
      },
    });
    this.#bootstrap.start();
    // Peers may have connected before this call, because the disk may have been slow to open.
    for (const hello of peers.hellos) this.#bootstrap.onHello(hello);
    await this.#kept.promise;
    this.#bootstrap = undefined;
    control.send({ kind: "waiting-for", members: [], why: "" });
  }

  onHello(hello: Hello): void {
    this.#bootstrap?.onHello(hello);
  }

  /** The other node refused the connection, or could not be reached. */
  onProblem(name: string, problem: string): void {
    this.#bootstrap?.onProblem(name, problem);
  }

  /** The roster is durable. */
  rosterKept(): void {
    this.#kept.resolve();
  }
}
