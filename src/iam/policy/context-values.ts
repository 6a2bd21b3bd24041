/** What a request says about itself: the values of condition keys. */
export interface ContextValues {
  /** @param key lower case. @returns undefined: the request has no such key */
  get(key: string): string | readonly string[] | undefined;
}

export const NO_CONTEXT: ContextValues = { get: () => undefined };
