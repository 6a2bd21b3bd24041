/** One client that does a bit of everything with objects of its own, and whose application tolerates no error at all. */
import { createHash } from "node:crypto";
import type { RetryingClient } from "./retry-rows.ts";
import { type Answer, type CallOptions, text } from "./s3-client.ts";

const PART_BYTES = 5 << 20;
const LARGE_BYTES = (2 << 20) + 17;
const THINK_MS = 200;

export interface RetryLoadOptions {
  /** A repeated conditional write may be told 412 of its own doing: the client does not name its invocations, and its
   *  connection was lost. Its application has to look. */
  readonly ownConflict?: boolean;
}

export class RetryLoad {
  readonly name: string;
  readonly client: RetryingClient;
  readonly #options: RetryLoadOptions;
  readonly #bucket: string;
  readonly #large = Buffer.alloc(LARGE_BYTES, "large");
  readonly #part = Buffer.alloc(PART_BYTES, "part");
  rounds = 0;
  failed = false;
  #stop = false;
  #running: Promise<void> | undefined;
  #created = 0;
  #counter = { value: 0, etag: "" };

  constructor(name: string, client: RetryingClient, bucket: string, options: RetryLoadOptions = {}) {
    this.name = name;
    this.client = client;
    this.#bucket = bucket;
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
    // Told by finish().
    this.#running.catch(() => {
      this.failed = true;
    });
  }

  /** Ends after the round under way, and checks that every conditional write was carried out once.
   *  @throws Error what its application saw */
  async finish(): Promise<void> {
    this.#stop = true;
    await this.#running;
    const counter = await this.#expect(200, "GET", this.#key("counter"));
    this.#same(counter.body.toString(), String(this.#counter.value), "the counter");
    const query = [
      ["list-type", "2"],
      ["prefix", `${this.name}/created/`],
    ] as const;
    const list = await this.#expect(200, "GET", this.#bucket, { query });
    this.#same(
      text(list.body.toString(), "KeyCount"),
      String(Math.min(this.#created, 1000)),
      "created objects",
    );
  }

  async #run(): Promise<void> {
    await this.#count(true);
    while (!this.#stop) {
      await this.#objects();
      await this.#create();
      await this.#count(false);
      if (this.rounds % 8 === 2) await this.#multipart();
      this.rounds++;
      await Bun.sleep(THINK_MS);
    }
  }

  async #objects(): Promise<void> {
    const small = `${this.name} ${this.rounds}`;
    await this.#expect(200, "PUT", this.#key("small"), { body: small });
    this.#same((await this.#expect(200, "GET", this.#key("small"))).body.toString(), small, "small");
    if (this.rounds % 3 === 0) await this.#expect(200, "PUT", this.#key("large"), { body: this.#large });
    const head = await this.#expect(200, "HEAD", this.#key("large"));
    this.#same(String(head.headers["content-length"]), String(LARGE_BYTES), "length");
    const query = [
      ["list-type", "2"],
      ["prefix", `${this.name}/small`],
    ] as const;
    const list = await this.#expect(200, "GET", this.#bucket, { query });
    this.#same(text(list.body.toString(), "KeyCount"), "1", "listed");
    await this.#expect(204, "DELETE", this.#key("small"));
    await this.#expect(404, "HEAD", this.#key("small"));
  }

  /** A key that nobody else writes: 412 would be about this very write. */
  async #create(): Promise<void> {
    const key = this.#key(`created/${this.#created++}`);
    await this.#exactly(key, key, { "if-none-match": "*" });
  }

  async #count(first: boolean): Promise<void> {
    const value = this.#counter.value + 1;
    const condition: Record<string, string> = first
      ? { "if-none-match": "*" }
      : { "if-match": this.#counter.etag };
    const etag = await this.#exactly(this.#key("counter"), String(value), condition);
    this.#counter = { value, etag };
  }

  async #exactly(key: string, body: string, headers: Record<string, string>): Promise<string> {
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    const answer = await this.client.call("PUT", key, { body, headers });
    if (answer.status === 412 && this.#options.ownConflict === true) {
      const found = await this.#expect(200, "HEAD", key);
      this.#same(String(found.headers.etag), etag, `${key} after 412`);
      return etag;
    }
    if (answer.status !== 200) throw this.#unexpected(200, "PUT", key, answer);
    this.#same(String(answer.headers.etag), etag, `${key}'s ETag`);
    return etag;
  }

  async #multipart(): Promise<void> {
    const key = this.#key("multipart");
    const created = await this.#expect(200, "POST", key, { query: [["uploads", ""]] });
    const uploadId = text(created.body.toString(), "UploadId");
    const etags: string[] = [];
    for (const [i, body] of [this.#part, Buffer.from("tail")].entries()) {
      const query = [
        ["partNumber", String(i + 1)],
        ["uploadId", uploadId],
      ] as const;
      etags.push(String((await this.#expect(200, "PUT", key, { query, body })).headers.etag));
    }
    const list = etags.map((e, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${e}</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
    const query = [["uploadId", uploadId]] as const;
    const done = await this.#expect(200, "POST", key, { query, body });
    if (!done.body.includes("CompleteMultipartUploadResult")) {
      throw this.#unexpected(200, "POST", key, done);
    }
    const head = await this.#expect(200, "HEAD", key);
    this.#same(String(head.headers["content-length"]), String(PART_BYTES + 4), "length of parts");
  }

  async #expect(status: number, method: string, target: string, options?: CallOptions): Promise<Answer> {
    const answer = await this.client.call(method, target, options);
    if (answer.status !== status) throw this.#unexpected(status, method, target, answer);
    return answer;
  }

  #unexpected(status: number, method: string, target: string, answer: Answer): Error {
    const what = `${answer.status} ${answer.body.toString().slice(0, 300)}`;
    return new Error(`${this.name}: ${method} ${target}: ${what} in place of ${status}`);
  }

  #key(name: string): string {
    return `${this.#bucket}/${this.name}/${name}`;
  }

  #same(found: string, wanted: string, what: string): void {
    if (found !== wanted) throw new Error(`${this.name}: ${what}: ${found} in place of ${wanted}`);
  }
}
