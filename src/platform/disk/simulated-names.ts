import { parentDirectory } from "../disk.ts";
import type { Random } from "../random.ts";
import { SimulatedContent } from "./simulated-content.ts";

export type SimulatedNode =
  | { readonly kind: "file"; readonly content: SimulatedContent; modifiedMs: number }
  | { readonly kind: "directory"; modifiedMs: number };

/** One change of names, atomic: after a crash all of it has happened, or nothing. */
type NameChange = readonly { readonly path: string; readonly node: SimulatedNode | undefined }[];

/**
 * The names of a simulated disk, twice: as running programs see them, and as they are after a power cut. A change is
 * pending until a directory that it touches is synced. Changes of different names are independent: a crash may keep
 * the later and lose the earlier.
 */
export class SimulatedNames {
  #current = new Map<string, SimulatedNode>([["/", { kind: "directory", modifiedMs: 0 }]]);
  #durable = new Map(this.#current);
  #pending: NameChange[] = [];

  get(path: string): SimulatedNode | undefined {
    return this.#current.get(path);
  }

  /** Names directly below a directory, sorted. */
  list(directory: string): string[] {
    const prefix = directory === "/" ? "/" : `${directory}/`;
    const names: string[] = [];
    for (const path of this.#current.keys()) {
      if (path !== "/" && parentDirectory(path) === directory) names.push(path.slice(prefix.length));
    }
    return names.sort();
  }

  files(): (SimulatedNode & { kind: "file" })[] {
    return [...this.#current.values()].filter((node) => node.kind === "file");
  }

  change(change: NameChange): void {
    write(this.#current, change);
    this.#pending.push(change);
  }

  /** Makes the pending changes in a directory durable, and what they build upon. */
  sync(directory: string): void {
    const chosen = this.#withEarlier((change) =>
      change.some(({ path }) => parentDirectory(path) === directory),
    );
    this.#settle(chosen);
  }

  /** Power cut: any set of the pending changes has happened that respects their order on each name. */
  crash(random: Random): void {
    const keepAll = random.nextInt(3) === 0;
    this.#settle(this.#withEarlier(() => keepAll || random.nextInt(2) === 0));
    this.#pending = [];
    this.#dropUnreachable();
    this.#current = new Map(this.#durable);
  }

  /** The chosen changes and every earlier one that touches a name of theirs. */
  #withEarlier(choose: (change: NameChange) => boolean): Set<NameChange> {
    const chosen = new Set<NameChange>();
    const names = new Set<string>();
    for (const change of this.#pending.toReversed()) {
      if (!choose(change) && !change.some(({ path }) => names.has(path))) continue;
      chosen.add(change);
      for (const { path } of change) names.add(path);
    }
    return chosen;
  }

  #settle(chosen: ReadonlySet<NameChange>): void {
    for (const change of this.#pending) if (chosen.has(change)) write(this.#durable, change);
    this.#pending = this.#pending.filter((change) => !chosen.has(change));
  }

  /** A name in a directory whose own name was lost is lost with it. */
  #dropUnreachable(): void {
    for (const path of [...this.#durable.keys()].sort()) {
      if (path === "/") continue;
      if (this.#durable.get(parentDirectory(path))?.kind !== "directory") this.#durable.delete(path);
    }
  }
}

function write(names: Map<string, SimulatedNode>, change: NameChange): void {
  for (const { path, node } of change) {
    if (node === undefined) names.delete(path);
    else names.set(path, node);
  }
}

export function newFile(nowMs: number): SimulatedNode & { kind: "file" } {
  return { kind: "file", content: new SimulatedContent(), modifiedMs: nowMs };
}
