import type { Entry, SnapshotMetadata } from "../raft/core/types.ts";
import type { LogReply, LogRequest } from "../raft/log/messages.ts";
import type { RecoveredLog, WalBatch } from "../raft/log/types.ts";
import type { Channel } from "../threads/channel.ts";
import type { Fatal } from "../threads/worker-host.ts";
import type { LogThreadPort } from "./options.ts";

/** The log thread has refused or ended; the node cannot run without the log thread. @internal */
export class LogThreadError extends Error {
  readonly code: string;
  /** Error codes, as `codesOf` finds them. */
  readonly codes: readonly string[];
  constructor(code: string, message: string, codes: readonly string[] = [code]) {
    super(message);
    this.name = "LogThreadError";
    this.code = code;
    this.codes = codes;
  }
}

export interface LogClientOptions {
  readonly channel: Channel<LogReply, LogRequest>;
  /** Maximum number of log segments that the log keeps once nothing needs the older segments. */
  readonly maxSegments: number;
  /** Called when the log has failed; the process must end. */
  readonly fatal: Fatal;
  /** Called with true when appends wait for space on the disk, and with false when appends continue. */
  readonly onDiskFull: (full: boolean) => void;
}

interface Reading {
  readonly resolve: (entries: readonly Entry[]) => void;
  readonly reject: (error: LogThreadError) => void;
}

/** The consensus thread's end of the messages with the log thread. */
export class LogClient implements LogThreadPort {
  readonly #options: LogClientOptions;
  readonly #opened = Promise.withResolvers<RecoveredLog>();
  readonly #readings = new Map<number, Reading>();
  #appended: (id: number) => void = () => {};
  #nextReadId = 1;
  #open = false;

  constructor(options: LogClientOptions) {
    this.#options = options;
    options.channel.onBatch((replies) => {
      for (const reply of replies) this.#receive(reply);
    });
  }

  /** @throws LogThreadError when the log cannot be opened. */
  opened(): Promise<RecoveredLog> {
    return this.#opened.promise;
  }

  append(id: number, batch: WalBatch): void {
    this.#options.channel.send({ kind: "append", id, batch });
  }

  onAppended(receive: (id: number) => void): void {
    this.#appended = receive;
  }

  read(low: number, high: number, maxBytes: number): Promise<readonly Entry[]> {
    const id = this.#nextReadId++;
    return new Promise((resolve, reject) => {
      this.#readings.set(id, { resolve, reject });
      this.#options.channel.send({ kind: "read", id, low, high, maxBytes });
    });
  }

  compact(marker: SnapshotMetadata, throughIndex: number): void {
    this.#options.channel.send({
      kind: "compact",
      marker,
      throughIndex,
      maxSegments: this.#options.maxSegments,
    });
  }

  #receive(reply: LogReply): void {
    switch (reply.kind) {
      case "opened":
        this.#open = true;
        this.#opened.resolve(reply.recovered);
        break;
      case "appended":
        this.#appended(reply.id);
        break;
      case "entries":
        this.#reading(reply.id)?.resolve(reply.entries);
        break;
      case "read-failed":
        this.#reading(reply.id)?.reject(new LogThreadError(reply.code, reply.message));
        break;
      case "disk-full":
        this.#options.onDiskFull(reply.full);
        break;
      case "failed":
        if (this.#open)
          this.#options.fatal(
            `log: ${reply.message}`,
            new LogThreadError(reply.code, reply.message, reply.codes),
          );
        else this.#opened.reject(new LogThreadError(reply.code, reply.message, reply.codes));
        break;
      case "closed":
        break;
    }
  }

  #reading(id: number): Reading | undefined {
    const reading = this.#readings.get(id);
    this.#readings.delete(id);
    return reading;
  }
}
