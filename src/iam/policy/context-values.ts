/** What a request says about itself: the values of condition keys. */
export interface ContextValues {
  /** @param key lower case. @returns undefined: the request has no such key */
  get(key: string): ContextValue | typeof PENDING;
}

export type ContextValue = string | readonly string[] | undefined;

/**
 * The value stands in the body, which is not read yet: who may be allowed is let in, and the question is asked again
 * with the value.
 */
export const PENDING = Symbol("pending");

export const NO_CONTEXT: ContextValues = { get: () => undefined };
