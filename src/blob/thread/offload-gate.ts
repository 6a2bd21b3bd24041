/** Whether writes may take the path of blobs: only while every member can apply and keep them. */
import type { BlobMember } from "../../messages/blobs.ts";
import type { Timers } from "../../platform/timers.ts";

/** The gateways are told again at least this often (docs/design/contract.md, section 9). @internal */
export const GATE_REPEAT_MS = 30_000;

export interface OffloadGateOptions {
  /** This node's own setting. */
  readonly enabled: boolean;
  readonly timers: Timers;
  readonly tell: (open: boolean) => void;
}

export class OffloadGate {
  readonly #options: OffloadGateOptions;
  #open = false;
  #cancel: (() => void) | undefined;

  constructor(options: OffloadGateOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#open;
  }

  start(): void {
    const { timers, tell } = this.#options;
    tell(this.#open);
    this.#cancel = timers.every(() => tell(this.#open), GATE_REPEAT_MS);
  }

  setMembers(members: readonly BlobMember[]): void {
    const open = this.#options.enabled && members.length > 0 && members.every(({ capable }) => capable);
    if (open === this.#open) return;
    this.#open = open;
    this.#options.tell(open);
  }

  /** Gateways send nothing to a thread that ends. */
  stop(): void {
    this.#cancel?.();
  }
}
