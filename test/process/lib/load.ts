/** Mixed load of one writer: small, large and multipart PUTs, overwrites, copies, deletes; the model always knows. */
import { createHash } from "node:crypto";
import type { KeyModel, Version } from "./key-model.ts";
import type { Random } from "./random.ts";
import { type CallOptions, type S3Client, sha256, text, UnexpectedAnswer } from "./s3-client.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const PART_BYTES = 5 * MIB;
const POOL_BYTES = 24 * MIB;

/** A body is a window into one pool of random bytes, so that making one costs nothing. */
export class BodySource {
  readonly #pool: Uint8Array;

  constructor(random: Random) {
    this.#pool = random.bytes(POOL_BYTES);
  }

  body(random: Random, size: number): Uint8Array {
    const offset = random.between(0, POOL_BYTES - size);
    return this.#pool.subarray(offset, offset + size);
  }
}

export interface WriterOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** This writer's own keys begin with it. */
  readonly prefix: string;
  readonly keys: number;
  readonly model: KeyModel;
  readonly random: Random;
  readonly bodies: BodySource;
}

type Action =
  | "small"
  | "medium"
  | "large"
  | "multipart"
  | "abandon"
  | "delete"
  | "delete-many"
  | "copy"
  | "read";

const ACTIONS: readonly (readonly [Action, number])[] = [
  ["small", 40],
  ["medium", 14],
  ["large", 6],
  ["multipart", 4],
  ["abandon", 2],
  ["delete", 10],
  ["delete-many", 3],
  ["copy", 6],
  ["read", 15],
];

/** Only this writer touches its keys, so for each of them at most one request is under way. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** One request after the other until `stop.now`, or until the server is gone (which is no error here) or could not say in
   *  time what became of one: it may be carried out later, so nothing more may be asked of its key.
   *  @throws Error when the server answers wrongly. */
  async run(stop: { readonly now: boolean }): Promise<void> {
    while (!stop.now) {
      try {
        await this.#act(this.#options.random.weighted(ACTIONS));
      } catch (error) {
        if (isConnectionLost(error) || isUnconfirmed(error)) return;
        throw error;
      }
    }
  }

  #key(): string {
    const { random, prefix, keys } = this.#options;
    return `${prefix}${String(random.between(0, keys - 1)).padStart(3, "0")}`;
  }

  async #act(action: Action): Promise<void> {
    const { random } = this.#options;
    switch (action) {
      case "small":
        return this.#put(random.between(0, 64 * KIB));
      case "medium":
        return this.#put(random.between(64 * KIB, 3 * MIB));
      case "large":
        return this.#put(random.between(3 * MIB, 9 * MIB));
      case "multipart":
        return this.#multipart(true);
      case "abandon":
        return this.#multipart(false);
      case "delete":
        return this.#delete();
      case "delete-many":
        return this.#deleteMany();
      case "copy":
        return this.#copy();
      case "read":
        return this.#read();
    }
  }

  async #put(size: number): Promise<void> {
    const { random, bodies } = this.#options;
    const key = this.#key();
    const body = bodies.body(random, size);
    const md5 = createHash("md5").update(body).digest("hex");
    await this.#change(key, { sha256: sha256(body), size, etag: `"${md5}"` }, 200, "PUT", {
      body,
      signBody: random.chance(0.3),
    });
  }

  async #delete(): Promise<void> {
    await this.#change(this.#key(), undefined, 204, "DELETE", {});
  }

  async #copy(): Promise<void> {
    const { model, bucket } = this.#options;
    const source = this.#key();
    const target = this.#key();
    const state = model.state(source);
    if (state === undefined || source === target) return;
    const options = { headers: { "x-amz-copy-source": `/${bucket}/${source}` } };
    // The ETag of a multipart object does not travel with its bytes.
    if (state.etag.includes("-")) return;
    await this.#change(target, state, 200, "PUT", options);
  }

  async #change(
    key: string,
    state: Version | undefined,
    status: number,
    method: string,
    options: CallOptions,
  ): Promise<void> {
    const { client, bucket, model } = this.#options;
    model.begin(key, state);
    const answer = await client.call(method, `${bucket}/${key}`, options);
    if (answer.status === 503) {
      // The one 503 that is said before anything is done. Any other may be a change that was not confirmed in time.
      if (text(answer.body.toString(), "Code") === "SlowDown") return model.refuse(key);
      throw new UnexpectedAnswer(method, key, answer);
    }
    if (answer.status !== status) throw new Error(`${method} ${key}: ${answer.status} ${answer.body}`);
    if (answer.body.includes("<Error>")) throw new Error(`${method} ${key}: ${answer.body}`);
    model.acknowledge(key);
  }

  async #deleteMany(): Promise<void> {
    const { client, bucket, model } = this.#options;
    const keys = [...new Set([this.#key(), this.#key(), this.#key(), this.#key()])];
    for (const key of keys) model.begin(key, undefined);
    const body = `<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const md5 = createHash("md5").update(body).digest("base64");
    const answer = await client.expect(200, "POST", bucket, {
      query: [["delete", ""]],
      headers: { "content-md5": md5 },
      body,
    });
    if (answer.body.includes("<Code>ServiceUnavailable</Code>")) {
      throw new UnexpectedAnswer("POST", bucket, { ...answer, status: 503 });
    }
    if (answer.body.includes("<Error>")) throw new Error(`DeleteObjects: ${answer.body}`);
    for (const key of keys) model.acknowledge(key);
  }

  /** Until Complete is sent, the object must stay as it was: nothing is announced to the model before. */
  async #multipart(complete: boolean): Promise<void> {
    const { client, bucket, model, random, bodies } = this.#options;
    const key = this.#key();
    const target = `${bucket}/${key}`;
    const created = await client.expect(200, "POST", target, { query: [["uploads", ""]] });
    const uploadId = text(created.body.toString(), "UploadId");
    const parts = [
      bodies.body(random, PART_BYTES + random.between(0, MIB)),
      bodies.body(random, random.between(1, 2 * MIB)),
    ];
    const etags: string[] = [];
    for (const [i, body] of parts.entries()) {
      const query = [
        ["partNumber", String(i + 1)],
        ["uploadId", uploadId],
      ] as const;
      const answer = await client.expect(200, "PUT", target, { query, body });
      etags.push(String(answer.headers.etag));
    }
    if (!complete) {
      if (random.chance(0.5)) await client.expect(204, "DELETE", target, { query: [["uploadId", uploadId]] });
      return;
    }
    const whole = Buffer.concat(parts);
    const md5s = Buffer.concat(parts.map((part) => createHash("md5").update(part).digest()));
    const etag = `"${createHash("md5").update(md5s).digest("hex")}-${parts.length}"`;
    model.begin(key, { sha256: sha256(whole), size: whole.length, etag });
    const list = etags
      .map((e, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${e}</ETag></Part>`)
      .join("");
    const answer = await client.expect(200, "POST", target, {
      query: [["uploadId", uploadId]],
      body: `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
    });
    if (!answer.body.includes("CompleteMultipartUploadResult")) throw new Error(`complete: ${answer.body}`);
    model.acknowledge(key);
  }

  /** Between two of its own requests a writer reads exactly what it wrote. */
  async #read(): Promise<void> {
    const { client, bucket, model } = this.#options;
    const key = this.#key();
    const state = model.state(key);
    const answer = await client.expect(state === undefined ? 404 : 200, "GET", `${bucket}/${key}`);
    if (state !== undefined && sha256(answer.body) !== state.sha256) {
      throw new Error(
        `GET ${key}: ${answer.body.length} bytes that are not those acknowledged (${state.size})`,
      );
    }
  }
}

const LOST = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ECONNABORTED",
  "ConnectionClosed",
  "ConnectionRefused",
]);

/** The connection ended before the answer did: whether the request was carried out is unknown. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return LOST.has(code) || /socket hang up|aborted|ended after|closed/i.test(error.message);
}

/** An answer after which either state may be found. */
function isUnconfirmed(error: unknown): boolean {
  return error instanceof UnexpectedAnswer && error.status === 503;
}
