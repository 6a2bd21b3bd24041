/** Turns the refusals of a service into answers of the admin API. */

/** The part of Elysia's `set` that a refusal changes. */
export interface Answering {
  status?: number | string;
}

/**
 * @param refusal class of the errors that are answers: code and message, with the status of the code.
 * @throws every other error of `work`
 */
export async function answering<T, C extends string>(
  set: Answering,
  refusal: abstract new (...words: never[]) => Error & { readonly code: C },
  status: Readonly<Record<C, number>>,
  work: () => Promise<T>,
): Promise<T | { code: C; message: string }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof refusal)) throw error;
    set.status = status[error.code];
    return { code: error.code, message: error.message };
  }
}
