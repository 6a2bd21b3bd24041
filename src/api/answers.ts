import { Value, ValueErrorType } from "@sinclair/typebox/value";
import type { Static, TSchema } from "elysia";

export type Schema = TSchema;
export type Answer<S extends Schema> = Static<S>;

/** An answer does not match its schema. */
export class AnswerError extends Error {
  readonly code = "BAD_ANSWER";
  constructor(message: string) {
    super(message);
    this.name = "AnswerError";
  }
}

/**
 * Returns `answer` with its type. Fields that the schema does not have are allowed. @throws AnswerError naming the
 * first wrong field.
 */
export function checkAnswer<S extends Schema>(schema: S, answer: unknown): Answer<S> {
  for (const { type, path, message } of Value.Errors(schema, answer)) {
    // Elysia makes its schemas refuse unknown fields; a node of a later release may send some.
    if (type === ValueErrorType.ObjectAdditionalProperties) continue;
    throw new AnswerError(`${path === "" ? "it" : path}: ${message.toLowerCase()}`);
  }
  return answer as Answer<S>;
}
