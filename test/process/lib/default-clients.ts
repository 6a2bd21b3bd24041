/** Real clients with their default settings, retries included: the AWS SDK for JavaScript, and Bun's own, which asks once. */
import {
  S3Client as AwsClient,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { CREDENTIALS } from "./node-process.ts";

const PART_BYTES = 5 << 20;
const THINK_MS = 200;

/** One round of what an application does. @throws Error what the client did not hide */
export interface DefaultClient {
  readonly name: string;
  round(number: number): Promise<void>;
  close(): void;
}

function same(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} in place of ${String(wanted)}`);
}

export function awsSdk(endpoint: string, bucket: string): DefaultClient {
  const client = new AwsClient({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: CREDENTIALS.accessKey, secretAccessKey: CREDENTIALS.secretKey },
  });
  const multipart = async (Key: string): Promise<void> => {
    const target = { Bucket: bucket, Key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const Parts = [];
    for (const [i, Body] of [new Uint8Array(PART_BYTES), new Uint8Array(3)].entries()) {
      const PartNumber = i + 1;
      const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag });
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    const { ContentLength } = await client.send(new HeadObjectCommand(target));
    same(ContentLength, PART_BYTES + 3, "size of parts");
  };
  return {
    name: "aws-sdk-js",
    round: async (number) => {
      const target = { Bucket: bucket, Key: `aws/${number}` };
      // Only once: 412 would be about this very write.
      await client.send(new PutObjectCommand({ ...target, Body: `body ${number}`, IfNoneMatch: "*" }));
      const { Body } = await client.send(new GetObjectCommand(target));
      same(await Body?.transformToString(), `body ${number}`, "body");
      const { KeyCount } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: target.Key, Delimiter: "/" }),
      );
      same((KeyCount ?? 0) > 0, true, "listed");
      if (number % 8 === 2) await multipart("aws/multipart");
      await client.send(new DeleteObjectCommand(target));
    },
    close: () => client.destroy(),
  };
}

export function bunClient(endpoint: string, bucket: string): DefaultClient {
  const client = new Bun.S3Client({
    endpoint,
    bucket,
    region: "us-east-1",
    accessKeyId: CREDENTIALS.accessKey,
    secretAccessKey: CREDENTIALS.secretKey,
  });
  return {
    name: "Bun.S3Client",
    round: async (number) => {
      const file = client.file(`bun/${number}`);
      await file.write(`body ${number}`);
      same(await file.text(), `body ${number}`, "body");
      same((await file.stat()).size, Buffer.byteLength(`body ${number}`), "size");
      const listed = await client.list({ prefix: `bun/${number}` });
      same((listed.contents?.length ?? 0) > 0, true, "listed");
      if (number % 8 === 2) {
        const large = client.file("bun/multipart");
        const writer = large.writer({ partSize: PART_BYTES, queueSize: 2 });
        await writer.write(new Uint8Array(PART_BYTES + 3));
        await writer.end();
        same((await large.stat()).size, PART_BYTES + 3, "size of parts");
      }
      await file.delete();
      same(await file.exists(), false, "exists after delete");
    },
    close: () => {},
  };
}

/** Rounds of one client until it is told to stop. */
export class DefaultClientLoad {
  readonly client: DefaultClient;
  rounds = 0;
  longestMs = 0;
  failure: unknown;
  #stop = false;
  readonly #running: Promise<void>;

  constructor(client: DefaultClient) {
    this.client = client;
    this.#running = this.#run().catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** @throws Error what its application saw */
  async finish(): Promise<void> {
    this.#stop = true;
    await this.#running;
    this.client.close();
    const longest = Math.round(this.longestMs);
    console.log(`${this.client.name.padEnd(14)} ${this.rounds} rounds, longest ${longest} ms`);
    if (this.failure !== undefined) throw this.failure;
  }

  async #run(): Promise<void> {
    while (!this.#stop) {
      const startedMs = performance.now();
      await this.client.round(this.rounds);
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
      this.rounds++;
      await Bun.sleep(THINK_MS);
    }
  }
}
