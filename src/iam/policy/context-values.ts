/** What a request says about itself: the values of condition keys. */
export interface ContextValues {
  /** @param key as `contextKey` makes it. @returns undefined: the request has no such key */
  get(key: string): ContextValue | typeof PENDING;
}

/** Names of condition keys have no case, but the key of a tag in such a name does: `s3:existingobjecttag/Env`. */
export function contextKey(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? key.toLowerCase() : key.slice(0, slash).toLowerCase() + key.slice(slash);
}

export type ContextValue = string | readonly string[] | undefined;

/**
 * The value stands in the body, which is not read yet: who may be allowed is let in, and the question is asked again
 * with the value.
 */
export const PENDING = Symbol("pending");

export const NO_CONTEXT: ContextValues = { get: () => undefined };
