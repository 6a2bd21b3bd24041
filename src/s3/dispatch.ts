/**
 * The Elysia application of S3: one static route per operation, with hooks that all routes share. The raw target
 * decides the operation before Elysia runs. So routing never depends on the normalisation of a URL, and Elysia never
 * reads a client's Host (docs/design/runtime.md, section 11).
 *
 * Elysia receives a `Request` that stands for an operation and carries the exchange: no header is copied, no body is
 * wrapped. Creating a `Request` costs more than all work of Elysia, so each `Request` is reused (bench/elysia.ts).
 * The exchange holds the reply of the edge, because a `Response` would lose the exact length of a stream.
 */
import { Elysia } from "elysia";
import type { EdgeReply } from "../http/types.ts";
import type { Exchange } from "./context/exchange.ts";
import { UNSUPPORTED } from "./routing/detect.ts";
import { OPERATION_NAMES } from "./routing/operations/table.ts";

/** The steps of an exchange. */
export interface DispatchSteps {
  /** Runs before the server reads any byte of the body. @throws S3Error */
  readonly admit: (exchange: Exchange) => void;
  readonly answer: (exchange: Exchange) => Promise<EdgeReply>;
  /** Makes the reply for an error of `admit` or `answer`. */
  readonly fail: (exchange: Exchange, error: unknown) => EdgeReply;
}

/** The value that every route returns to Elysia. */
const ANSWERED = new Response(null);

class OperationRequest extends Request {
  exchange: Exchange | undefined;
}

/** @returns a function that gives the exchange its reply, and rejects only when Elysia itself fails */
export function dispatcher(steps: DispatchSteps): (exchange: Exchange) => Promise<void> {
  const names = [...OPERATION_NAMES, UNSUPPORTED];
  const application = routes(steps, names);
  /** Requests that are not in use, by operation: as many as were in use at the same time. */
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

/** Only the used part of Elysia's type: the full type grows with every route. */
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
