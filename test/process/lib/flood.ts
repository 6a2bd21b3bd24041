/** More uploads and lists than a node has memory for, and what became of them. */
import { expect } from "bun:test";
import type { NodeProcess } from "./node-process.ts";
import { residentMebibytes } from "./proc.ts";
import { S3Client, sha256 } from "./s3-client.ts";
import { type Sent, upload } from "./streamed-upload.ts";

const MIB = 1 << 20;
const UPLOADERS = 96;
const LISTERS = 8;
const SIZES = [100 << 10, 1 * MIB, 3 * MIB, 8 * MIB] as const;
const VERIFY_AT_ONCE = 4;

/** Uploads and lists without a pause, as many at a time as there are clients. */
export class Flood {
  readonly stored = new Map<string, string>();
  readonly refused: Sent[] = [];
  lost = 0;
  lists = 0;
  peakMebibytes = 0;
  readonly #node: NodeProcess;
  readonly #bucket: string;
  readonly #lister: S3Client;
  readonly #ended: Promise<unknown>;
  readonly #watch: Timer;
  #next = 0;
  #stopped = false;

  constructor(node: NodeProcess, bucket: string) {
    this.#node = node;
    this.#bucket = bucket;
    this.#lister = new S3Client(node.s3Port, LISTERS);
    this.#watch = setInterval(() => {
      if (!node.exited) this.peakMebibytes = Math.max(this.peakMebibytes, residentMebibytes(node.pid) || 0);
    }, 100);
    this.#ended = Promise.all([
      ...Array.from({ length: UPLOADERS }, () => this.#upload()),
      ...Array.from({ length: LISTERS }, () => this.#list()),
    ]);
  }

  get shortOfMemory(): readonly Sent[] {
    return this.refused.filter(({ refusal }) => refusal.includes("short of memory"));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    clearInterval(this.#watch);
    this.#lister.close();
  }

  get #goesOn(): boolean {
    return !this.#stopped && !this.#node.exited;
  }

  async #upload(): Promise<void> {
    while (this.#goesOn) {
      const number = this.#next++;
      const bytes = SIZES[number % SIZES.length] ?? 0;
      const sent = await upload(this.#node.s3Port, `/${this.#bucket}/${number}`, number, bytes);
      if (sent.status === 200) this.stored.set(String(number), sent.sha256);
      else if (sent.status === 503) this.refused.push(sent);
      else this.lost++;
      if (sent.status !== 200) await Bun.sleep(100);
    }
  }

  async #list(): Promise<void> {
    const query = [["list-type", "2"]] as const;
    while (this.#goesOn) {
      const answer = await this.#lister.call("GET", this.#bucket, { query }).catch(() => undefined);
      if (answer?.status === 200) this.lists++;
      else await Bun.sleep(100);
    }
  }

  toString(): string {
    const { stored, refused, shortOfMemory, lost, lists, peakMebibytes } = this;
    return `${stored.size} stored, ${refused.length} refused (${shortOfMemory.length} short of memory), ${lost} closed, ${lists} lists; RSS at most ${peakMebibytes.toFixed(0)} MiB`;
  }
}

/** Every object of the flood is there with its content. */
export async function expectIntact(
  client: S3Client,
  bucket: string,
  stored: ReadonlyMap<string, string>,
): Promise<void> {
  const left = [...stored];
  const verify = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [key, expected] = next;
      expect(sha256((await client.expect(200, "GET", `${bucket}/${key}`)).body)).toBe(expected);
    }
  };
  await Promise.all(Array.from({ length: VERIFY_AT_ONCE }, verify));
}
