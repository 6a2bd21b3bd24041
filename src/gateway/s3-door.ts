/**
 * The S3 port while the node starts. The port is open, and requests wait until the S3 application serves. A client
 * that connects again to a restarted node finds a connection instead of a refusal.
 */
import type { EdgeApplication, EdgeReply, EdgeRequest } from "../http/types.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { HOLD_HEAD_MS, HOLD_MS, type HoldOutcome, RequestHold } from "../s3/context/request-hold.ts";
import { renderErrorXml, retryHeaders, S3Error } from "../s3/protocol/errors.ts";
import { xmlReply } from "../s3/protocol/replies.ts";

export interface S3DoorOptions {
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: ThreadMetrics;
}

export class S3Door {
  /**
   * Open while a leader is known. The S3 application checks the signature of a request before the request waits here.
   */
  readonly leader: RequestHold;
  readonly application: EdgeApplication = (request) =>
    this.#serving === undefined ? this.#wait(request) : this.#serving(request);
  readonly #options: S3DoorOptions;
  readonly #start: RequestHold;
  #serving: EdgeApplication | undefined;

  constructor(options: S3DoorOptions) {
    this.#options = options;
    const { timers, metrics } = options;
    const ended = metrics.counter("s3HeldRequestsEnded");
    const onEnded = (outcome: HoldOutcome): void => ended.labels({ outcome }).inc();
    this.#start = new RequestHold({ timers, onEnded });
    this.leader = new RequestHold({ timers, onEnded });
    const held = metrics.gauge("s3HeldRequests").labels();
    metrics.onCollect(() => held.set(this.#start.waiting + this.leader.waiting));
  }

  get isServing(): boolean {
    return this.#serving !== undefined;
  }

  serve(application: EdgeApplication): void {
    this.#serving = application;
    this.#start.setOpen(true);
  }

  /** Waiting requests are answered with 503, so that clients try another node. */
  giveUp(): void {
    this.#start.giveUp();
    this.leader.giveUp();
  }

  async #wait(request: EdgeRequest): Promise<EdgeReply> {
    await this.#start.enter(request.method === "HEAD" ? HOLD_HEAD_MS : HOLD_MS, request.signal);
    return this.#serving === undefined ? this.#refuse(request) : this.#serving(request);
  }

  #refuse({ method, requestId }: EdgeRequest): EdgeReply {
    const error = new S3Error("SlowDown", { message: "The server is starting. Please try again." });
    const reply = xmlReply(
      renderErrorXml(error, { requestId }),
      [["x-amz-request-id", requestId], ["Server", "elastickv"], ...retryHeaders(this.#options.random)],
      error.status,
    );
    return method === "HEAD" ? { ...reply, body: { kind: "none" } } : reply;
  }
}
