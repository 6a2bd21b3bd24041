/**
 * Fences a node that may not take part any more: a removed node, a node that its peers refuse, an old copy of a
 * node.
 */
import type { ConsensusToControl } from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";

export interface FencingOptions {
  readonly logger: Logger;
  readonly tell: (message: ConsensusToControl) => void;
  /** Stops votes, acknowledgements and the lease of this node. */
  readonly silence: () => void;
}

export class Fencing {
  readonly #options: FencingOptions;
  #told = false;
  #rolledBack = false;

  constructor(options: FencingOptions) {
    this.#options = options;
  }

  /** The data directory is older than what this node has promised. The node sends nothing any more. */
  get rolledBack(): boolean {
    return this.#rolledBack;
  }

  /**
   * Tells control once that the node must end. @param removed the end is orderly: the cluster has removed the node
   */
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
