/** Messages from the consensus thread to the gateways of this node. */
import type { ConsensusToGateway } from "../messages/messages.ts";
import type { GroupId } from "../threads/group.ts";
import type { ConsensusThreadOptions } from "./options.ts";

export class GatewayLinks {
  readonly #options: Pick<ConsensusThreadOptions, "gateways" | "metrics">;

  constructor(options: Pick<ConsensusThreadOptions, "gateways" | "metrics">) {
    this.#options = options;
  }

  /**
   * Sends to one gateway. A gateway index from an earlier start of the node may have no link now; then nothing is
   * sent.
   */
  tell(gateway: number, message: ConsensusToGateway): void {
    this.#options.gateways[gateway]?.send(message);
  }

  tellAll(message: ConsensusToGateway): void {
    for (const channel of this.#options.gateways) channel.send(message);
  }

  drop(group: GroupId, gateway: number, sequences: readonly number[], reason: "busy" | "no-leader"): void {
    this.#options.metrics.dropped(sequences.length);
    this.tell(gateway, { kind: "dropped", group, sequences, reason });
  }
}
