/**
 * The Elysia application of S3: one static route per operation, with the hooks that all of them share. The operation is known
 * before, from the raw target, so routing never depends on how a URL is normalised, and Elysia never sees a Host of the client's
 * (docs/design/runtime.md, section 11).
 *
 * Elysia is given a `Request` that stands for an operation and carries the exchange: no header is copied, no body is wrapped.
 * Making one costs more than all that Elysia does with it, so they are used again (bench/elysia.ts). Replies are the edge's, and
 * lie in the exchange, because a `Response` would lose the exact length of a stream.
 */
import { Elysia } from "elysia";
import type { EdgeReply } from "../http/types.ts";
import type { Exchange } from "./context/exchange.ts";
import { UNSUPPORTED } from "./routing/detect.ts";
import { OPERATION_NAMES } from "./routing/operations/table.ts";

/** What happens to an exchange. */
export interface DispatchSteps {
  /** Before any byte of a body is asked for. @throws S3Error */
  readonly admit: (exchange: Exchange) => void;
  readonly answer: (exchange: Exchange) => Promise<EdgeReply>;
  /** Of what `admit` or `answer` threw. */
  readonly fail: (exchange: Exchange, error: unknown) => EdgeReply;
}

/** What every route returns to Elysia. */
const ANSWERED = new Response(null);

class OperationRequest extends Request {
  exchange: Exchange | undefined;
}

/** @returns gives the exchange its reply; rejects only when Elysia itself fails */
export function dispatcher(steps: DispatchSteps): (exchange: Exchange) => Promise<void> {
  const names = [...OPERATION_NAMES, UNSUPPORTED];
  const application = routes(steps, names);
  /** Not in use, by operation. As many as there were requests at once. */
  const idle = new Map<string, OperationRequest[]>(names.map((name) => [name, []]));
  return async (exchange) => {
    const { name } = exchange.operation;
    const requests = idle.get(name);
    if (requests === undefined) throw new Error(`${name} has no route`);
    const request = requests.pop() ?? new OperationRequest(`http://localhost/${name}`, { method: "POST" });
    request.exchange = exchange;
    try {
      await application.handle(request);
    } finally {
      request.exchange = undefined;
      requests.push(request);
    }
  };
}

/** Typed by what is used of it: Elysia's full type grows with every route. */
interface RouteTable {
  handle(request: Request): Promise<Response>;
}

function routes({ admit, answer, fail }: DispatchSteps, names: readonly string[]): RouteTable {
  const application = new Elysia({ aot: true })
    .onError({ as: "global" }, ({ request, error }) => {
      const exchange = exchangeOf(request);
      exchange.reply = fail(exchange, error);
      return ANSWERED;
    })
    .onBeforeHandle({ as: "global" }, ({ request }) => {
      admit(exchangeOf(request));
    });
  for (const name of names) {
    application.post(
      `/${name}`,
      async ({ request }) => {
        const exchange = exchangeOf(request);
        exchange.reply = await answer(exchange);
        return ANSWERED;
      },
      { parse: "none", detail: { hide: true } },
    );
  }
  application.compile();
  return application;
}

function exchangeOf(request: Request): Exchange {
  const exchange = request instanceof OperationRequest ? request.exchange : undefined;
  if (exchange === undefined) throw new Error("a request came to the S3 routes without its exchange");
  return exchange;
}
