import { describe, expect, test } from "bun:test";
import { AnswerError, checkAnswer } from "../../src/api/answers.ts";
import { clusterSchema } from "../../src/api/schemas.ts";
import { clusterStatus, member } from "../admin/status.ts";

type Json = Record<string, unknown>;
const problemOf = (answer: unknown): string | undefined => {
  try {
    checkAnswer(clusterSchema, answer);
    return undefined;
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    return error.message;
  }
};

describe("what a node answers, looked at by the command line", () => {
  test("a status passes, with fields that this release does not know too", () => {
    const status: Json = structuredClone(clusterStatus()) as never;
    expect(problemOf(status)).toBeUndefined();
    expect(problemOf({ ...status, later: 1, members: [{ ...member("n1"), later: 1 }] })).toBeUndefined();
  });

  test.each(Object.keys(clusterStatus()))("without %s it is refused, and the field is named", (field) => {
    const { [field]: _, ...rest } = structuredClone(clusterStatus()) as unknown as Json;
    expect(problemOf(rest)).toStartWith(`/${field}: `);
  });

  test.each(Object.keys(member("n1")))(
    "without %s of a member it is refused, and the field is named",
    (field) => {
      const { [field]: _, ...rest } = member("n1") as unknown as Json;
      expect(problemOf({ ...clusterStatus(), members: [rest] })).toStartWith(`/members/0/${field}: `);
    },
  );

  test.each([
    ["a word", { term: "3" }, "/term"],
    ["a view that there is not", { view: "mine" }, "/view"],
    ["an index below 0", { commitIndex: -1 }, "/commitIndex"],
    ["a role that there is not", { members: [{ ...member("n1"), role: "king" }] }, "/members/0/role"],
  ])("%s is refused", (_, more, path) => {
    expect(problemOf({ ...clusterStatus(), ...more })).toStartWith(`${path}: `);
  });

  test.each([[null], [[]], ["x"], [{}]])("%j is no status", (answer) => {
    expect(problemOf(answer)).toBeDefined();
  });
});
