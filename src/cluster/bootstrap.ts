/**
 * What a node does before it may take part for the first time (docs/engine.md, "Who is who").
 *
 * An initial member meets every other initial member once: both ends of a connection have then accepted whose data
 * directory the other has. A node that joins meets one member that knows it, and learns from it which cluster it is in.
 * What was found is made durable (`keep-roster`) before anything is voted or appended.
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
  /** Form: meet all of `others`. Join: meet any one of them. */
  readonly mode: "form" | "join";
  /** All but this node. */
  readonly others: readonly NamedAddress[];
  /** "" when joining. */
  readonly clusterId: string;
  /** Which nodes are missing, and the last refusal of any of them. Called when either changes. */
  readonly onWaiting: (members: readonly string[], why: string) => void;
  /** Once. */
  readonly onMet: (result: BootstrapResult) => void;
}

export class Bootstrap {
  readonly #options: BootstrapOptions;
  readonly #met = new Map<string, Hello>();
  /** Why a node is missing, by name. */
  readonly #problems = new Map<string, string>();
  #told = "";
  #done = false;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tell();
  }

  /** A connection stands; both ends have accepted the other's hello. */
  onHello(hello: Hello): void {
    const { mode, others, onMet } = this.#options;
    if (this.#done || !others.some(({ name }) => name === hello.name) || hello.clusterId === "") return;
    // Wiped and started again while this cluster forms: the new directory is the one that takes part.
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

  /** This member refused, or could not be reached. */
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
