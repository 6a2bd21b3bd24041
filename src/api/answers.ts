import { Value, ValueErrorType } from "@sinclair/typebox/value";
import type { Static, TSchema } from "elysia";

export type Schema = TSchema;
export type Answer<S extends Schema> = Static<S>;

/** An answer is not what its schema says. */
export class AnswerError extends Error {
  readonly code = "BAD_ANSWER";
  constructor(message: string) {
    super(message);
    this.name = "AnswerError";
  }
}

/** @returns `answer`, typed. Fields that the schema does not have may be there. @throws AnswerError naming the first field that is wrong. */
export function checkAnswer<S extends Schema>(schema: S, answer: unknown): Answer<S> {
  for (const { type, path, message } of Value.Errors(schema, answer)) {
    // Elysia forbids unknown fields in the very schemas that it is given; a later release may send some.
    if (type === ValueErrorType.ObjectAdditionalProperties) continue;
    throw new AnswerError(`${path === "" ? "it" : path}: ${message.toLowerCase()}`);
  }
  return answer as Answer<S>;
}
