import { formatAddress, parseAddress } from "../../config/address.ts";
import type { BlobMember, CopyState } from "../../messages/blobs.ts";
import type { Logger } from "../../monitoring/log.ts";
import { SHA256_BYTES } from "../../peer/blob-codec.ts";
import { type Hello, type Peer, PeerTransport, type TransportMetrics } from "../../peer/index.ts";
import { BLOB_WINDOWS, MAX_ASKED_BLOBS, MAX_BLOB_BYTES } from "../../peer/limits.ts";
import type { PeerTransportOptions } from "../../peer/transport.ts";
import type { PeerMessage } from "../../peer/types.ts";
import { type AdmissionView, admitToBlobs, certifyForBlobs } from "./admission.ts";
import { BlobAnswers, statesOf } from "./answers.ts";
import { FramePool } from "./frame-pool.ts";
import {
  ASK_MS,
  DEEP_BLOBS_PER_QUESTION,
  FETCH_MS,
  FREE_PUSH_FRAMES,
  LEAST_POOLED_BYTES,
  PUSH_FRAME_BYTES,
  PUSH_MS,
  USUAL_BLOB_BYTES,
} from "./limits.ts";
import { type BlobAnswer, RequestWindow, type WindowRequest } from "./request-window.ts";
import type { BlobPeers, BlobServer, FetchResult, Push, PushResult } from "./types.ts";

export interface BlobConnectionsOptions
  extends Pick<
    PeerTransportOptions,
    "network" | "clock" | "timers" | "random" | "authentication" | "listen"
  > {
  /** What this node says of itself. */
  readonly identity: Pick<Hello, "id" | "name" | "instance" | "boot" | "version" | "protocol">;
  /** Address at which peers reach the listener; undefined: the one that it listens at. */
  readonly advertise: string | undefined;
  readonly server: BlobServer;
  readonly metrics: TransportMetrics;
  readonly logger: Logger;
}

type WindowName = keyof typeof BLOB_WINDOWS;
type Windows = Readonly<Record<WindowName, RequestWindow>>;

/** Bytes of an id that no earlier start of this node has used: answers to an earlier start mean nothing. */
const ID_BYTES = 6;

/**
 * Connections to the blob threads of peers: a transport of their own, with windows of requests. Memory: for each
 * peer the queue of its lane (peer/limits.ts), and what BlobAnswers says; requests that wait for room hold only a view
 * of the caller's memory.
 */
export class BlobConnections implements BlobPeers {
  readonly #options: BlobConnectionsOptions;
  readonly #transport: PeerTransport;
  readonly #answers: BlobAnswers;
  readonly #windows = new Map<number, Windows>();
  readonly #frames = new FramePool(PUSH_FRAME_BYTES, FREE_PUSH_FRAMES);
  readonly #former = new Set<number>();
  /** The last line that was logged about each peer. */
  readonly #logged = new Map<number, string>();
  #members: ReadonlyMap<number, BlobMember> = new Map();
  #clusterId = "";
  #lastId: number;

  constructor(options: BlobConnectionsOptions) {
    this.#options = options;
    this.#lastId = Buffer.from(options.random.bytes(ID_BYTES)).readUIntLE(0, ID_BYTES);
    this.#answers = new BlobAnswers(
      options.server,
      (to, reply) => void this.#transport.send(to, reply),
      options.logger,
    );
    const { network, clock, timers, random, authentication, listen, metrics } = options;
    this.#transport = new PeerTransport({
      ...{ network, clock, timers, random, authentication, listen, metrics },
      lanes: "blob",
      // No message of this lane has entries.
      maxInflightMsgs: 0,
      maxSizePerMsgBytes: 0,
      allocate: (bytes) => new Uint8Array(bytes),
      hello: () => this.#hello(),
      admit: (hello) => admitToBlobs(this.#view(), hello),
      ...(authentication.tls ? { certify: (hello, cert) => certifyForBlobs(this.#view(), hello, cert) } : {}),
      onMessage: (from, message) => this.#receive(from, message),
      onUnreachable: (peer) => this.#lose(peer.id),
      onRefused: (peer, code, message) => this.#log(peer, `refuses this node (${code}): ${message}`),
      onProblem: (peer, problem) => this.#log(peer, problem),
      onHello: (peer) => void this.#logged.delete(peer.id),
    });
  }

  /** Where it listens, with the port that was chosen; undefined before `start` has finished. */
  get address() {
    return this.#transport.address;
  }

  /** @throws NetworkError naming the address that cannot be listened on. */
  start(): Promise<void> {
    return this.#transport.start();
  }

  close(): void {
    this.#transport.close();
    for (const id of [...this.#windows.keys()]) this.#lose(id);
  }

  setMembers(clusterId: string, members: readonly BlobMember[]): void {
    this.#clusterId = clusterId;
    const before = this.#members;
    this.#members = new Map(members.map((member) => [member.id, member]));
    for (const id of before.keys()) if (!this.#members.has(id)) this.#former.add(id);
    for (const id of this.#members.keys()) this.#former.delete(id);
    this.#transport.setPeers(this.#dialled());
    for (const id of [...this.#windows.keys()]) {
      // The transport has closed these connections, and reports nothing of those that it closes itself.
      if (before.get(id)?.blobAddress !== this.#members.get(id)?.blobAddress) this.#lose(id);
      if (!this.#members.has(id)) this.#windows.delete(id);
    }
  }

  reachable(): readonly number[] {
    return [...this.#members.keys()].filter((id) => this.#transport.reachable(id));
  }

  hasRoom(to: number, bytes = USUAL_BLOB_BYTES): boolean {
    return this.#transport.reachable(to) && this.#windowsOf(to).push.hasRoom(bytes);
  }

  push(to: number, sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Push {
    checkName(sha256);
    if (bytes.byteLength > MAX_BLOB_BYTES) throw new RangeError(`a blob of ${bytes.byteLength} bytes`);
    let abandon = (): void => {};
    let frame: Uint8Array | undefined;
    const allocate =
      bytes.byteLength < LEAST_POOLED_BYTES
        ? undefined
        : (size: number): Uint8Array => {
            frame = this.#frames.take(size);
            return frame;
          };
    const result = new Promise<PushResult>((resolve) => {
      abandon = this.#add(to, "push", PUSH_MS, {
        bytes: bytes.byteLength,
        write: (requestId) =>
          this.#transport.send(to, { kind: "blob-push", requestId, sha256, pinUntilMs, bytes }, allocate),
        answered: () => {
          if (frame !== undefined) this.#frames.give(frame);
        },
        end: (answer) => resolve(pushResult(answer)),
      });
    });
    return { result, abandon };
  }

  fetch(from: number, sha256: Uint8Array, maxBytes: number): Promise<FetchResult> {
    checkName(sha256);
    return new Promise((resolve) => {
      this.#add(from, "fetch", FETCH_MS, {
        bytes: Math.min(maxBytes, MAX_BLOB_BYTES),
        write: (requestId) => this.#transport.send(from, { kind: "blob-fetch", requestId, sha256 }),
        end: (answer) => resolve(fetchResult(answer, maxBytes)),
      });
    });
  }

  async ask(to: number, blobs: readonly Uint8Array[], deep: boolean): Promise<CopyState[]> {
    const states: CopyState[] = [];
    const each = deep ? DEEP_BLOBS_PER_QUESTION : MAX_ASKED_BLOBS;
    for (let at = 0; at < blobs.length; at += each) {
      const answer = await this.#ask(to, blobs.slice(at, at + each), deep);
      if (answer === undefined) return blobs.map(() => "unknown");
      for (const state of answer) states.push(state);
    }
    return states;
  }

  #ask(to: number, blobs: readonly Uint8Array[], deep: boolean): Promise<CopyState[] | undefined> {
    for (const sha256 of blobs) checkName(sha256);
    return new Promise((resolve) => {
      this.#add(to, "ask", ASK_MS, {
        bytes: blobs.length * SHA256_BYTES,
        write: (requestId) => this.#transport.send(to, { kind: "blob-ask", requestId, blobs, deep }),
        end: (answer) =>
          resolve(answer?.result === "ok" ? statesOf(answer.payload, blobs.length) : undefined),
      });
    });
  }

  /** Returns a function that gives the request up when it has not been written. */
  #add(to: number, name: WindowName, timeoutMs: number, request: WindowRequest): () => void {
    if (!this.#transport.reachable(to)) {
      request.end(undefined);
      return () => {};
    }
    return this.#windowsOf(to)[name].add(request, timeoutMs);
  }

  #windowsOf(id: number): Windows {
    let windows = this.#windows.get(id);
    if (windows === undefined) {
      const window = (name: WindowName) =>
        new RequestWindow(BLOB_WINDOWS[name], this.#options.timers, () => ++this.#lastId);
      windows = { push: window("push"), fetch: window("fetch"), ask: window("ask") };
      this.#windows.set(id, windows);
    }
    return windows;
  }

  #receive(from: Peer, message: PeerMessage): void {
    switch (message.kind) {
      case "blob-push":
      case "blob-fetch":
      case "blob-ask":
        this.#answers.answer(from.id, message);
        return;
      case "blob-reply": {
        // Ids differ between windows. An answer that nobody waits for came after its connection had broken.
        const windows = this.#windows.get(from.id);
        if (windows === undefined) return;
        for (const window of Object.values(windows)) if (window.answered(message.requestId, message)) return;
        return;
      }
      default:
        throw new Error(`a message of kind ${message.kind} on the lane of blobs`);
    }
  }

  #lose(id: number): void {
    const windows = this.#windows.get(id);
    if (windows === undefined) return;
    for (const window of Object.values(windows)) window.loseAll();
  }

  #dialled(): Peer[] {
    const peers: Peer[] = [];
    for (const { id, name, blobAddress } of this.#members.values()) {
      if (id === this.#options.identity.id || blobAddress === undefined) continue;
      try {
        peers.push({ id, name, address: parseAddress(blobAddress) });
      } catch (error) {
        // The address is what the other node has said of itself.
        this.#options.logger.error("a peer's address for blobs is none", { peer: name, blobAddress, error });
      }
    }
    return peers;
  }

  #hello(): Hello {
    const { identity, advertise } = this.#options;
    const address = advertise ?? formatAddress(this.#transport.address ?? this.#options.listen);
    return { ...identity, clusterId: this.#clusterId, capabilities: [], address, blobAddress: address };
  }

  #view(): AdmissionView {
    return {
      ownName: this.#options.identity.name,
      clusterId: this.#clusterId,
      members: this.#members,
      former: this.#former,
    };
  }

  #log(peer: Peer, problem: string): void {
    if (this.#logged.get(peer.id) === problem) return;
    this.#logged.set(peer.id, problem);
    this.#options.logger.warn("cannot exchange blobs with a peer", { peer: peer.name, problem });
  }
}

function checkName(sha256: Uint8Array): void {
  if (sha256.byteLength !== SHA256_BYTES) throw new RangeError(`a SHA-256 of ${sha256.byteLength} bytes`);
}

function pushResult(answer: BlobAnswer | undefined): PushResult {
  switch (answer?.result) {
    case undefined:
      return "lost";
    case "ok":
      return "stored";
    case "not-found":
      return "failed";
    case "corrupt":
    case "disk-full":
    case "busy":
    case "failed":
      return answer.result;
  }
}

function fetchResult(answer: BlobAnswer | undefined, maxBytes: number): FetchResult {
  if (answer === undefined || answer.result === "busy" || answer.result === "failed") return { kind: "lost" };
  // A blob of this name cannot be longer than asked for: the copy there is damaged.
  if (answer.result !== "ok" || answer.payload.byteLength > maxBytes) return { kind: "not-found" };
  return { kind: "blob", bytes: new Uint8Array(answer.payload) };
}
