/** What a request writes, as its body or the source of its copy says it: it counts instead of the headers. */
import type { TagSet } from "../protocol/tags.ts";

export interface Written {
  readonly tags?: TagSet;
  readonly lock?: WrittenLock;
}

interface WrittenLock {
  readonly retention?: { readonly mode: string; readonly untilMs: number } | undefined;
  readonly legalHold?: string | undefined;
}
