/**
 * Steps of a node before it takes part for the first time (docs/engine.md, "Who is who").
 *
 * An initial member meets every other initial member once: both ends of a connection have then accepted the other's
 * data directory. A joining node meets one member that knows the joining node, and learns the cluster id from the
 * member. Control makes cluster id and roster durable (`keep-roster`) before this node votes or appends.
 */

import type { Hello } from "../peer/types.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { Member } from "./registry/node-registry.ts";
import type { NamedAddress } from "./types.ts";

/** @internal */
export interface BootstrapResult {
  readonly clusterId: string;
  readonly roster: readonly Member[];
}

export interface BootstrapOptions {
  /** Form: this node meets all of `others`. Join: this node meets any one of `others`. */
  readonly mode: "form" | "join";
  /** All initial members, or all members to join, without this node. */
  readonly others: readonly NamedAddress[];
  /** "" when this node joins. */
  readonly clusterId: string;
  /** Names the missing nodes, with the last refusal of each. Called when the names or the reasons change. */
  readonly onWaiting: (members: readonly string[], why: string) => void;
  /** Called once. */
  readonly onMet: (result: BootstrapResult) => void;
}

export class Bootstrap {
  readonly #options: BootstrapOptions;
  readonly #met = new Map<string, Hello>();
  /** The reason why a node is missing, by name. */
  readonly #problems = new Map<string, string>();
  #told = "";
  #done = false;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tell();
  }

  /** A connection is up: both ends have accepted the other's hello. */
  onHello(hello: Hello): void {
    const { mode, others, onMet } = this.#options;
    if (this.#done || !others.some(({ name }) => name === hello.name) || hello.clusterId === "") return;
    // A node may be wiped and started again while the cluster forms: the newer data directory takes part.
    this.#met.set(hello.name, hello);
    this.#problems.delete(hello.name);
    if (mode === "join") {
      this.#done = true;
      onMet({ clusterId: hello.clusterId, roster: [] });
    } else if (this.#missing().length === 0) {
      this.#done = true;
      onMet({ clusterId: this.#options.clusterId, roster: this.#roster() });
    } else this.#tell();
  }

  /** This member refused the connection, or this node could not reach the member. */
  onProblem(name: string, problem: string): void {
    if (this.#done || !this.#missing().includes(name)) return;
    this.#problems.set(name, problem);
    this.#tell();
  }

  #missing(): string[] {
    return this.#options.others.map(({ name }) => name).filter((name) => !this.#met.has(name));
  }

  #roster(): Member[] {
    return this.#options.others
      .map(({ name, address }) => ({
        id: raftIdOf(name),
        name,
        address,
        instance: this.#met.get(name)?.instance ?? "",
      }))
      .sort((a, b) => a.id - b.id);
  }

  #tell(): void {
    const missing = this.#missing();
    const purpose =
      this.#options.mode === "join"
        ? "joining: none of these members has taken this node in yet"
        : "forming the cluster: every initial member has to be met once";
    const problems = missing.flatMap((name) => {
      const problem = this.#problems.get(name);
      return problem === undefined ? [] : [`${name}: ${problem}`];
    });
    const why = [purpose, ...problems].join("; ");
    const text = `${missing.join()} ${why}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onWaiting(missing, why);
  }
}
