/** What one step of `Verifier` gathers, and the judgement about copies. */
import type { ProblemKind } from "../api/maintenance.ts";
import type { CopyState } from "../messages/blobs.ts";
import { hexOf } from "../platform/bytes.ts";
import type { WalkedObject } from "./object-walk.ts";
import type { Holder } from "./types.ts";

/** Limits of one step: about a second of work. */
export const OBJECTS_PER_STEP = 500;
const BLOBS_PER_STEP = 1_024;
const ROWS_PER_STEP = 16_384;
const DEEP_BYTES_PER_STEP = 64 << 20;

export interface WantedBlob {
  readonly sha256: Uint8Array;
  readonly size: number;
  readonly users: WalkedObject[];
}

export interface FoundProblem {
  readonly object: WalkedObject;
  readonly kind: ProblemKind;
  readonly detail: string;
}

export class Step {
  readonly problems: FoundProblem[] = [];
  readonly wanted = new Map<string, WantedBlob>();
  /** Voters that did not answer. */
  readonly unreachable = new Set<string>();
  readonly deep: boolean;
  readonly #maxBytes: number;
  objects = 0;
  bytes = 0;
  /** Rows of references and chunks that were looked at. */
  rows = 0;
  /** Bytes that this step reads, counted once for all copies. */
  deepBytes = 0;
  verifiedBytes = 0;

  constructor(deep: boolean, maxBytes = DEEP_BYTES_PER_STEP) {
    this.deep = deep;
    this.#maxBytes = Math.min(maxBytes, DEEP_BYTES_PER_STEP);
  }

  get full(): boolean {
    return (
      this.wanted.size >= BLOBS_PER_STEP || this.rows >= ROWS_PER_STEP || this.deepBytes >= this.#maxBytes
    );
  }

  /** Rows of one extent that the step may still look at, at least one. */
  room(rowBytes: number): number {
    const rows = Math.min(ROWS_PER_STEP - this.rows, BLOBS_PER_STEP - this.wanted.size);
    const bytes = this.deep ? Math.ceil((this.#maxBytes - this.deepBytes) / rowBytes) : rows;
    return Math.max(1, Math.min(rows, bytes));
  }

  add(object: WalkedObject, sha256: Uint8Array, size: number): void {
    const name = hexOf(sha256);
    const known = this.wanted.get(name);
    if (known === undefined) {
      this.wanted.set(name, { sha256, size, users: [object] });
      if (this.deep) this.deepBytes += size;
    } else if (known.users.at(-1) !== object) known.users.push(object);
  }

  report(object: WalkedObject, kind: ProblemKind, detail: string): void {
    this.problems.push({ object, kind, detail });
  }

  /** Judges the copies of every wanted blob. @returns the number of intact copies */
  judge(
    answers: readonly { readonly node: number; readonly states: readonly CopyState[] }[],
    holders: readonly Holder[],
  ): number {
    const byNode = new Map(answers.map(({ node, states }) => [node, states]));
    const known = new Set(holders.map(({ id }) => id));
    const asked: Holder[] = [...holders];
    for (const { node } of answers) {
      if (!known.has(node)) asked.push({ id: node, name: `node ${node}`, voter: false });
    }
    let copies = 0;
    [...this.wanted.values()].forEach((blob, i) => {
      const states = asked.map((holder) => ({ holder, state: byNode.get(holder.id)?.[i] ?? "unknown" }));
      const present = states.filter(({ state }) => state === "present").length;
      copies += present;
      if (this.deep) this.verifiedBytes += present * blob.size;
      for (const { holder, state } of states) {
        if (state === "unknown" && holder.voter) this.unreachable.add(holder.name);
      }
      for (const object of blob.users) this.#judgeBlob(object, hexOf(blob.sha256), states);
    });
    return copies;
  }

  #judgeBlob(
    object: WalkedObject,
    name: string,
    states: readonly { readonly holder: Holder; readonly state: CopyState }[],
  ): void {
    const present = states.some(({ state }) => state === "present");
    if (!present) {
      const all = states.every(({ state }) => state !== "unknown");
      if (all) this.report(object, "lost", `blob ${name} has no intact copy`);
      else this.report(object, "unreachable", `blob ${name} has no intact copy that can be reached`);
    }
    for (const { holder, state } of states) {
      if (state === "corrupt") {
        this.report(object, "corrupt-copy", `the copy of blob ${name} on ${holder.name} is damaged`);
      }
      if (state === "missing" && present && holder.voter) {
        this.report(object, "missing-copy", `${holder.name} has no copy of blob ${name} yet`);
      }
    }
  }
}
