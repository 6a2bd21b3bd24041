import type { BlobMember } from "../../messages/blobs.ts";
import type { BlobReplicatorOptions } from "./options.ts";
import { type Copies, copiesNeeded } from "./quorum.ts";
import { BlobStoring, type StoreOutcome } from "./storing.ts";

/** Stores blobs here and on enough voters (docs/decisions/095-blobs-between-nodes.md). */
export class BlobReplicator {
  readonly #options: BlobReplicatorOptions;
  #members: readonly BlobMember[] = [];
  #copies: Copies = { required: 1, floor: 1 };

  constructor(options: BlobReplicatorOptions) {
    this.#options = options;
  }

  setMembers(members: readonly BlobMember[]): void {
    const { minReplicas, logger } = this.#options;
    this.#members = members;
    const voters = new Set(members.filter(({ voter }) => voter).map(({ id }) => id)).size;
    const before = this.#copies.required;
    this.#copies = copiesNeeded(voters, minReplicas);
    const { required } = this.#copies;
    if (minReplicas !== undefined && required !== minReplicas && required !== before) {
      logger.warn("copies of a blob differ from the setting", {
        setting: minReplicas,
        voters,
        copies: required,
      });
    }
  }

  /**
   * Resolves when enough voters hold the blob durably, or cannot within a bounded time. `bytes` may be used again
   * then: pushes that have not been copied to their connections are given up. Never rejects.
   */
  async store(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Promise<StoreOutcome> {
    const { clock, metrics } = this.#options;
    const began = clock.monotonicMs();
    const storing = new BlobStoring(this.#options, this.#members, this.#copies, {
      sha256,
      bytes,
      pinUntilMs,
    });
    const outcome = await storing.outcome;
    metrics.stored((clock.monotonicMs() - began) / 1_000);
    return outcome;
  }
}
