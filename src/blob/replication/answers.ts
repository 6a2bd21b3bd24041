import type { CopyState } from "../../messages/blobs.ts";
import type { Logger } from "../../monitoring/log.ts";
import { MAX_BLOB_BYTES } from "../../peer/limits.ts";
import type { BlobMessage, BlobResult } from "../../peer/types.ts";
import { RECEIVING_BYTES, RECEIVING_BYTES_PER_PEER } from "./limits.ts";
import type { BlobServer } from "./types.ts";

/** The byte that says each state in an answer (docs/format/peer.md). */
const STATES: readonly CopyState[] = ["unknown", "present", "missing", "corrupt"];
const NOTHING = new Uint8Array(0);

/** Reads the answer to a question about `asked` blobs; undefined when it is no such answer. */
export function statesOf(payload: Uint8Array, asked: number): CopyState[] | undefined {
  if (payload.byteLength !== asked) return undefined;
  const states: CopyState[] = [];
  for (const byte of payload) {
    const state = STATES[byte];
    if (state === undefined) return undefined;
    states.push(state);
  }
  return states;
}

export type BlobRequest = Exclude<BlobMessage, { readonly kind: "blob-reply" }>;
type Reply = Omit<BlobMessage & { readonly kind: "blob-reply" }, "kind" | "requestId">;

/** Answers the requests of peers. Memory: pushes under way hold at most RECEIVING_BYTES. */
export class BlobAnswers {
  readonly #server: BlobServer;
  readonly #send: (to: number, reply: BlobMessage) => void;
  readonly #logger: Logger;
  readonly #receiving = new Map<number, number>();
  #receivingAll = 0;

  constructor(server: BlobServer, send: (to: number, reply: BlobMessage) => void, logger: Logger) {
    this.#server = server;
    this.#send = send;
    this.#logger = logger;
  }

  /**
   * @param message valid during the call only. Whatever needs no wait is answered in this call: the server may use the
   * memory of a fetched blob again for the next.
   */
  answer(from: number, message: BlobRequest): void {
    const send = (reply: Reply): void =>
      this.#send(from, { kind: "blob-reply", requestId: message.requestId, ...reply });
    const failed = (error: unknown): void => {
      this.#logger.error("a request of a peer for blobs failed", { kind: message.kind, peer: from, error });
      send({ result: "failed", payload: NOTHING });
    };
    try {
      switch (message.kind) {
        case "blob-push":
          this.#push(from, message).then((result) => send({ result, payload: NOTHING }), failed);
          return;
        case "blob-fetch":
          send(blobReply(this.#server.onFetch(message.sha256)));
          return;
        case "blob-ask": {
          const states = this.#server.onAsk(message.blobs, message.deep);
          send({ result: "ok", payload: Uint8Array.from(states, (state) => STATES.indexOf(state)) });
        }
      }
    } catch (error) {
      failed(error);
    }
  }

  async #push(from: number, message: BlobMessage & { readonly kind: "blob-push" }): Promise<BlobResult> {
    const bytes = message.bytes.byteLength;
    const ofPeer = this.#receiving.get(from) ?? 0;
    if (this.#receivingAll + bytes > RECEIVING_BYTES || ofPeer + bytes > RECEIVING_BYTES_PER_PEER)
      return "busy";
    this.#count(from, bytes);
    try {
      const { sha256, pinUntilMs } = message;
      const result = await this.#server.onPush(from, sha256, message.bytes, pinUntilMs);
      return result === "stored" ? "ok" : result;
    } finally {
      this.#count(from, -bytes);
    }
  }

  #count(from: number, bytes: number): void {
    this.#receivingAll += bytes;
    const ofPeer = (this.#receiving.get(from) ?? 0) + bytes;
    if (ofPeer === 0) this.#receiving.delete(from);
    else this.#receiving.set(from, ofPeer);
  }
}

function blobReply(blob: Uint8Array | undefined): Reply {
  if (blob === undefined) return { result: "not-found", payload: NOTHING };
  if (blob.byteLength > MAX_BLOB_BYTES) return { result: "failed", payload: NOTHING };
  return { result: "ok", payload: blob };
}
