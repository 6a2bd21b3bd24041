/** Gives every node that has joined with a token its vote, as soon as it has caught up. Only the leader's node acts. */
import type { ChangeReply } from "../../admin/types.ts";
import type { ClusterStatus } from "../../api/schemas.ts";
import type { NodeRegistry } from "../../cluster/registry/node-registry.ts";
import type { MemberChange } from "../../messages/cluster.ts";
import type { Logger } from "../../monitoring/log.ts";
import type { Timers } from "../../platform/timers.ts";
import { KvError, type KvGroup } from "../../txn/types.ts";
import { type NewcomerRow, newcomerKey, readNewcomers, unchanged, type Versioned } from "./rows.ts";

const POLL_MS = 1_000;

export interface NewcomersOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  readonly leading: () => boolean;
  readonly registry: () => NodeRegistry | undefined;
  readonly status: () => Promise<Pick<ClusterStatus, "members" | "joint">>;
  readonly change: (change: MemberChange) => Promise<ChangeReply>;
  readonly timers: Timers;
  readonly log: Logger;
}

export class Newcomers {
  readonly #options: NewcomersOptions;
  readonly #cancel: () => void;
  /** The last refusal that was logged, by name of the node. */
  readonly #logged = new Map<string, string>();
  #busy = false;

  constructor(options: NewcomersOptions) {
    this.#options = options;
    this.#cancel = options.timers.every(() => this.#tick(), POLL_MS);
  }

  stop(): void {
    this.#cancel();
  }

  /** Looks once at every node on its way in, and takes its next step. @throws KvError */
  async tend(): Promise<void> {
    const { kv, leading } = this.#options;
    if (this.#busy || !leading()) return;
    this.#busy = true;
    try {
      const rows = await readNewcomers(await kv.snapshot());
      if (rows.size === 0) return;
      const status = await this.#options.status();
      for (const [name, found] of rows) await this.#step(name, found, status);
    } finally {
      this.#busy = false;
    }
  }

  #tick(): void {
    this.tend().catch((error: unknown) => {
      if (error instanceof KvError && error.code === "CLOSED") return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.warn("nodes that join could not be looked at, it will be tried again", { reason });
    });
  }

  async #step(
    name: string,
    { row, commitTs }: Versioned<NewcomerRow>,
    { members, joint }: Pick<ClusterStatus, "members" | "joint">,
  ): Promise<void> {
    const { kv, registry, change, log } = this.#options;
    const done = async (text: string): Promise<void> => {
      this.#logged.delete(name);
      const key = newcomerKey(name);
      const { ok } = await kv.transact({
        conditions: [unchanged(key, commitTs)],
        mutations: [{ kind: "delete", key }],
      });
      if (ok) log.info(text, { member: name });
    };
    if (registry()?.removed.some((member) => member.name === name) === true) {
      await done("a node that joined was removed before it got a vote");
      return;
    }
    const member = members.find(({ id }) => id === name);
    // Not added yet: the node that gave the certificate adds it, or its next request does.
    if (member === undefined || joint) return;
    const { replaces } = row;
    const replacing = replaces !== undefined && members.some(({ id }) => id === replaces);
    if (member.role !== "learner") {
      await done(
        replacing ? `a node got its vote by hand, and ${replaces} is still a member` : "a node has joined",
      );
      return;
    }
    if (member.registered === false || member.reachable === false) return;
    const reply = await change(
      replacing ? { kind: "replace", remove: replaces, promote: name } : { kind: "promote", name },
    );
    // Every refusal may pass: a learner catches up, another change ends, a voter comes back.
    if (reply.kind !== "refused" || this.#logged.get(name) === reply.code) return;
    this.#logged.set(name, reply.code);
    log.info("a node that joins waits for its vote", {
      member: name,
      code: reply.code,
      reason: reply.message,
    });
  }
}
