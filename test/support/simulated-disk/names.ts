import { parentDirectory } from "../../../src/platform/disk.ts";
import type { Random } from "../../../src/platform/random.ts";
import { LONG_AGO, SimulatedContent } from "./content.ts";

export type SimulatedNode =
  | { readonly kind: "file"; readonly content: SimulatedContent; modifiedMs: number }
  | { readonly kind: "directory"; modifiedMs: number };

/** One change of names, atomic: after a crash all of it has happened, or nothing. */
type Names = readonly { readonly path: string; readonly node: SimulatedNode | undefined }[];

interface NameChange {
  readonly names: Names;
  /** When it began. */
  readonly at: number;
}

/** A sync of a directory that is not done before `doneAt`. */
interface PendingSync {
  readonly changes: ReadonlySet<NameChange>;
  readonly doneAt: number;
}

/**
 * The names of a simulated disk, twice: as running programs see them, and as they are after a power cut. A change is
 * pending until a directory that it touches is synced. Changes of different names are independent: a crash may keep
 * the later and lose the earlier.
 */
export class SimulatedNames {
  #current = new Map<string, SimulatedNode>([["/", { kind: "directory", modifiedMs: 0 }]]);
  #durable = new Map(this.#current);
  #pending: NameChange[] = [];
  #syncs: PendingSync[] = [];

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

  change(names: Names, at: number): void {
    write(this.#current, names);
    this.#pending.push({ names, at });
  }

  /** Makes the pending changes in a directory durable, and what they build upon. */
  sync(directory: string, doneAt: number): void {
    const changes = this.#withEarlier(({ names }) =>
      names.some(({ path }) => parentDirectory(path) === directory),
    );
    this.#syncs.push({ changes, doneAt });
    if (doneAt === LONG_AGO) this.passed(doneAt);
  }

  /** Syncs that are done by now have made durable what they cover. */
  passed(now: number): void {
    while (this.#syncs[0] !== undefined && this.#syncs[0].doneAt <= now) {
      this.#settle((this.#syncs.shift() as PendingSync).changes);
    }
  }

  /** Power cut: any set of the pending changes has happened that respects their order on each name. What begins after
   *  `now` has not. */
  crash(random: Random, now: number): void {
    this.passed(now);
    this.#syncs = [];
    this.#pending = this.#pending.filter((change) => change.at <= now);
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
      if (!choose(change) && !change.names.some(({ path }) => names.has(path))) continue;
      chosen.add(change);
      for (const { path } of change.names) names.add(path);
    }
    return chosen;
  }

  #settle(chosen: ReadonlySet<NameChange>): void {
    for (const change of this.#pending) if (chosen.has(change)) write(this.#durable, change.names);
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

function write(current: Map<string, SimulatedNode>, changes: Names): void {
  for (const { path, node } of changes) {
    if (node === undefined) current.delete(path);
    else current.set(path, node);
  }
}

export function newFile(nowMs: number): SimulatedNode & { kind: "file" } {
  return { kind: "file", content: new SimulatedContent(), modifiedMs: nowMs };
}
