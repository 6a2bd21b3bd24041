/** SIGTERM lets requests in flight end; damage under a running node ends it cleanly rather than leaving it half alive. */
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { content } from "./lib/blob-objects.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random } from "./lib/random.ts";
import { S3Client } from "./lib/s3-client.ts";
import { signedHead } from "./lib/signed-head.ts";

/** A request on a socket of its own, so that it can be stopped half-way. */
class SlowRequest {
  readonly #socket: Socket;
  received = Buffer.alloc(0);
  readonly ended: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((done) => socket.once("close", () => done()));
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      this.received = Buffer.concat([this.received, piece]);
    });
  }

  static async open(port: number, method: string, path: string, length?: number): Promise<SlowRequest> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((done, failed) => socket.once("connect", done).once("error", failed));
    socket.write(signedHead(port, method, path, length));
    return new SlowRequest(socket);
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async head(): Promise<string> {
    for (let i = 0; i < 1000 && !this.received.includes("\r\n\r\n"); i++) await Bun.sleep(10);
    return this.received.toString("latin1").split("\r\n\r\n")[0] ?? "";
  }

  get body(): Buffer {
    return this.received.subarray(this.received.indexOf("\r\n\r\n") + 4);
  }
}

/** Waits until nobody listens on this port any more. @throws Error when somebody still does after 30 s. */
async function refuses(port: number): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const refused = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        done(false);
      });
      socket.once("error", () => done(true));
    });
    if (refused) return;
    await Bun.sleep(50);
  }
  throw new Error(`port ${port} is still listened on`);
}

test("SIGTERM: an upload and a download in flight end as if nothing had happened, exit code 0", async () => {
  const dataDir = temporaryDirectory("signals");
  const node = await NodeProcess.start({ dataDir });
  const client = new S3Client(node.s3Port);
  const large = new Random(1).bytes(32 << 20);
  await client.expect(200, "PUT", "signals");
  await client.expect(200, "PUT", "signals/large", { body: large });

  const upload = await SlowRequest.open(node.s3Port, "PUT", "/signals/slow", 2_000_000);
  upload.send(large.subarray(0, 1_000_000));
  const download = await SlowRequest.open(node.s3Port, "GET", "/signals/large");
  expect(await download.head()).toStartWith("HTTP/1.1 200");
  download.pause();
  await Bun.sleep(200);

  node.signal("SIGTERM");
  // For a moment whoever is connected may still ask, and is told to come again elsewhere (edge.ts, LINGER_MS).
  await refuses(node.s3Port);
  expect(node.exited).toBe(false);
  // Then nobody new is let in.
  await expect(client.call("PUT", "signals/new", { body: "x" })).rejects.toThrow();
  client.close();

  upload.send(large.subarray(1_000_000, 2_000_000));
  expect(await upload.head()).toStartWith("HTTP/1.1 200");
  download.resume();
  await download.ended;
  expect(Buffer.compare(download.body, large)).toBe(0);
  expect(await node.exitCode()).toBe(0);

  const again = await NodeProcess.start({ dataDir });
  const reader = new S3Client(again.s3Port);
  const answer = await reader.expect(200, "GET", "signals/slow");
  expect(Buffer.compare(answer.body, large.subarray(0, 2_000_000))).toBe(0);
  await reader.expect(404, "HEAD", "signals/new");
  reader.close();
  expect(await again.stop()).toBe(0);
});

test("SIGTERM: a client that never finishes does not hold the process beyond the grace", async () => {
  const node = await NodeProcess.start({
    dataDir: temporaryDirectory("signals"),
    args: ["--shutdown-grace", "1s"],
  });
  const client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "signals");
  client.close();
  const upload = await SlowRequest.open(node.s3Port, "PUT", "/signals/never", 2_000_000);
  upload.send(new Uint8Array(1000));
  await Bun.sleep(200);
  expect(await node.stop()).toBe(0);
  await upload.ended;
});

test("SIGINT ends it like SIGTERM", async () => {
  const node = await NodeProcess.start({ dataDir: temporaryDirectory("signals") });
  node.signal("SIGINT");
  expect(await node.exitCode()).toBe(0);
});

/**
 * A thread that cannot go on takes the whole process down. How a thread is brought to its end without a hook in the product:
 * `prlimit --fsize` makes every write beyond a size fail (EFBIG), as a failing disk does; the log is preallocated, so
 * the first to meet it is whoever has to grow a file: here the blob thread.
 */
test("a write that fails under load ends the process with a message, and a restart has everything acknowledged", async () => {
  const dataDir = temporaryDirectory("signals");
  const node = await NodeProcess.start({ dataDir });
  const client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "dying");
  await client.expect(200, "PUT", "dying/before", { body: "before" });
  const limit = Bun.spawnSync(["prlimit", "--pid", String(node.pid), `--fsize=${largestFile(dataDir) + 1}`]);
  expect(limit.exitCode).toBe(0);
  const acknowledged: string[] = ["before"];
  for (let i = 0; i < 200 && !node.exited; i++) {
    // Content of its own: the same one would be stored once.
    const body = content(i, 4 << 20);
    const answer = await client.call("PUT", `dying/${i}`, { body }).catch(() => undefined);
    if (answer === undefined) break;
    if (answer.status === 200) acknowledged.push(String(i));
    else expect(answer.status).toBeGreaterThanOrEqual(500);
  }
  client.close();
  const code = await node.exitCode(20_000);
  expect(code).not.toBe(0);
  expect(node.stderr).toMatch(/cannot go on|elastickv: /);

  const again = await NodeProcess.start({ dataDir });
  const reader = new S3Client(again.s3Port);
  const listed = (await reader.list("dying")).map(({ key }) => key);
  expect(acknowledged.filter((key) => !listed.includes(key))).toEqual([]);
  reader.close();
  expect(await again.stop()).toBe(0);
});

function largestFile(directory: string): number {
  return Math.max(
    ...readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => {
      const stat = statSync(join(directory, name));
      return stat.isFile() ? stat.size : 0;
    }),
  );
}
