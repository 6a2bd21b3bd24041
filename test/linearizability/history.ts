/**
 * What clients asked of a store of independent keys and what they were told, in the order in which it happened. One
 * recorder hears of every invocation and every response, so their order is exact, whatever the clock says: times are for
 * the report only.
 */

/** What one request asks for. Values and versions are opaque; make every value unique (client and counter) and the check
 *  is at its sharpest. `version`: what the store will call this state, when the client can tell beforehand (S3: the MD5). */
export type Operation =
  | { readonly kind: "read"; readonly key: string }
  | { readonly kind: "write"; readonly key: string; readonly value: string; readonly version?: string }
  /** If-None-Match: * */
  | { readonly kind: "create"; readonly key: string; readonly value: string; readonly version?: string }
  /** If-Match: expected */
  | {
      readonly kind: "cas";
      readonly key: string;
      readonly expected: string;
      readonly value: string;
      readonly version?: string;
    }
  /** With `expected`: only when that is the version (If-Match). */
  | { readonly kind: "delete"; readonly key: string; readonly expected?: string }
  /** One page: every key that begins with `prefix`, is above `after` and not above `through`. The order of keys is that of
   *  JavaScript's `<`: keep keys in ASCII. */
  | { readonly kind: "list"; readonly prefix: string; readonly after?: string; readonly through?: string };

type OperationKind = Operation["kind"];

/** What was seen of a key that exists. What was not told is left out, and then not checked. */
export interface Sight {
  readonly value?: string;
  readonly version?: string;
}

export type Result =
  /** read: it exists. */
  | { readonly kind: "found"; readonly sight: Sight }
  /** read: it does not. */
  | { readonly kind: "absent" }
  /** A change was acknowledged; `version` when the store told it. */
  | { readonly kind: "done"; readonly version?: string }
  /** create, cas, delete with `expected`: refused because of the state of the key. That is an observation. */
  | { readonly kind: "condition-failed" }
  | { readonly kind: "listed"; readonly entries: ReadonlyMap<string, Sight> };

export type Outcome =
  | Result
  /** Refused, and certainly never carried out. Tells nothing. */
  | { readonly kind: "refused" }
  /** No answer, or one that leaves it open: may take effect at any time after the invocation, once, or never. */
  | { readonly kind: "unknown" };

/** One request. Positions count invocations and responses of the whole history; times are the recorder's clock. */
export interface Call {
  readonly id: number;
  readonly client: string;
  readonly operation: Operation;
  readonly invokedAt: number;
  readonly invokedMs: number;
  /** Infinity: no response, or none that counts. */
  readonly returnedAt: number;
  readonly returnedMs: number;
  readonly outcome: Outcome;
}

/** A request under way. Exactly one of its methods is called, at most once; none at all means `unknown`. */
export interface OpenCall {
  ok(result: Result): void;
  refused(): void;
  unknown(): void;
}

export class MisuseError extends Error {
  readonly code = "HISTORY_MISUSE";
  constructor(message: string) {
    super(message);
    this.name = "MisuseError";
  }
}

interface MutableCall {
  id: number;
  client: string;
  operation: Operation;
  invokedAt: number;
  invokedMs: number;
  returnedAt: number;
  returnedMs: number;
  outcome: Outcome | undefined;
}

const RESULTS_OF: Readonly<Record<OperationKind, readonly Result["kind"][]>> = {
  read: ["found", "absent"],
  write: ["done"],
  create: ["done", "condition-failed"],
  cas: ["done", "condition-failed"],
  delete: ["done", "condition-failed"],
  list: ["listed"],
};

export class HistoryRecorder {
  readonly #nowMs: () => number;
  readonly #calls: MutableCall[] = [];
  #position = 0;

  /** @param nowMs the clock of the report. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Say it before the request can have any effect; the response when it is there. */
  invoke(client: string, operation: Operation): OpenCall {
    const call: MutableCall = {
      id: this.#calls.length,
      client,
      operation,
      invokedAt: this.#position++,
      invokedMs: this.#nowMs(),
      returnedAt: Number.POSITIVE_INFINITY,
      returnedMs: Number.POSITIVE_INFINITY,
      outcome: undefined,
    };
    this.#calls.push(call);
    const end = (outcome: Outcome): void => {
      if (call.outcome !== undefined) throw new MisuseError(`call ${call.id} has two outcomes`);
      call.outcome = outcome;
      call.returnedMs = this.#nowMs();
      if (outcome.kind !== "unknown") call.returnedAt = this.#position++;
    };
    return {
      ok: (result) => {
        if (!RESULTS_OF[operation.kind].includes(result.kind)) {
          throw new MisuseError(`a ${operation.kind} cannot end with "${result.kind}"`);
        }
        end(result);
      },
      refused: () => end({ kind: "refused" }),
      unknown: () => end({ kind: "unknown" }),
    };
  }

  /** Everything so far; what is still under way counts as unknown. */
  calls(): readonly Call[] {
    return this.#calls.map((call) => ({ ...call, outcome: call.outcome ?? { kind: "unknown" as const } }));
  }
}
