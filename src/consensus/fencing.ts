/** The ends of a node that is not to take part any more: removed, refused by its peers for good, or an old copy of itself. */
import type { ConsensusToControl } from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";

export interface FencingOptions {
  readonly logger: Logger;
  readonly tell: (message: ConsensusToControl) => void;
  /** From here on nothing of this node may count: not its vote, not its acknowledgements, not its lease. */
  readonly silence: () => void;
}

export class Fencing {
  readonly #options: FencingOptions;
  #told = false;
  #rolledBack = false;

  constructor(options: FencingOptions) {
    this.#options = options;
  }

  /** The data directory is older than what this node has promised: the node sends nothing any more. */
  get rolledBack(): boolean {
    return this.#rolledBack;
  }

  /** Says once that the node has to end. @param removed the end is orderly: the node was removed */
  fence(removed: boolean, message: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.logger.error("fenced", { removed, reason: message });
    this.#options.tell({ kind: "fenced", removed, message });
  }

  rollBack(message: string): void {
    this.#rolledBack = true;
    this.#options.silence();
    this.#options.tell({ kind: "rolled-back", message });
    this.fence(false, message);
  }
}
