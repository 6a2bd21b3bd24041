/** The routes of Elysia: every exchange gets its own reply, however many are under way and whatever becomes of them. */
import { expect, test } from "bun:test";
import type { EdgeReply } from "../../src/http/types.ts";
import type { Exchange } from "../../src/s3/context/exchange.ts";
import { dispatcher } from "../../src/s3/dispatch.ts";
import { OPERATION_NAMES } from "../../src/s3/routing/operations/table.ts";

interface Probe {
  readonly operation: { readonly name: string };
  readonly number: number;
  readonly ends: "well" | "refused" | "in an error";
  auth: number | undefined;
  reply: EdgeReply | undefined;
}

const replyOf = (number: number, status: number): EdgeReply => ({
  status,
  headers: [["number", String(number)]],
  body: { kind: "none" },
});
const probe = (exchange: Exchange): Probe => exchange as unknown as Probe;

const dispatch = dispatcher({
  admit: (exchange) => {
    const { ends, number } = probe(exchange);
    if (ends === "refused") throw new Error("refused");
    probe(exchange).auth = number;
  },
  answer: async (exchange) => {
    const { ends, number } = probe(exchange);
    for (let turn = number % 5; turn > 0; turn--) await new Promise(setImmediate);
    if (ends === "in an error") throw new Error("failed");
    return replyOf(number, 200);
  },
  fail: (exchange, error) =>
    replyOf(probe(exchange).number, (error as Error).message === "refused" ? 403 : 500),
});

const ENDS = ["well", "refused", "in an error"] as const;
const STATUS = { well: 200, refused: 403, "in an error": 500 } as const;

test("many at once, of every operation, twice over", async () => {
  for (let round = 0; round < 2; round++) {
    const probes = Array.from({ length: 1000 }, (_, number): Probe => {
      const name =
        [...OPERATION_NAMES, "Unsupported"][number % 7 === 0 ? number % OPERATION_NAMES.length : 0] ?? "";
      const ends = ENDS[number % 3] ?? "well";
      return { operation: { name }, number, ends, auth: undefined, reply: undefined };
    });
    await Promise.all(probes.map((one) => dispatch(one as unknown as Exchange)));
    for (const { number, ends, auth, reply } of probes) {
      expect(reply).toEqual(replyOf(number, STATUS[ends]));
      expect(auth).toBe(ends === "refused" ? undefined : number);
    }
  }
});

test("every operation has its route, and no other name has one", async () => {
  for (const name of [...OPERATION_NAMES, "Unsupported"]) {
    const one: Probe = { operation: { name }, number: 1, ends: "well", auth: undefined, reply: undefined };
    await dispatch(one as unknown as Exchange);
    expect([name, one.reply?.status]).toEqual([name, 200]);
  }
  const strange = { operation: { name: "GetEverything" } } as unknown as Exchange;
  await expect(dispatch(strange)).rejects.toThrow("has no route");
});
