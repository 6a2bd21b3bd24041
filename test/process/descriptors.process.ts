/** A node that may have few files and sockets open, and somebody who takes them all. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { openDescriptors } from "./lib/proc.ts";
import { S3Client } from "./lib/s3-client.ts";

// As many as the admin listener alone may have connections.
const HARD_LIMIT = 512;
const HALF_A_HEAD = "GET /bucket/k HTTP/1.1\r\nhost: 127";

let node: NodeProcess;
let client: S3Client;

beforeAll(async () => {
  node = await NodeProcess.start({
    dataDir: temporaryDirectory("descriptors"),
    wrapper: ["bash", "-c", `ulimit -Sn 256 && ulimit -Hn ${HARD_LIMIT} && exec "$@"`, "limited"],
  });
  client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "bucket");
  await client.expect(200, "PUT", "bucket/k", { body: "known" });
});

afterAll(async () => {
  client.close();
  expect(await node.stop()).toBe(0);
});

/** @param from where they come from, by turns */
async function open(
  port: number,
  count: number,
  bytes: string,
  from: readonly string[] = ["127.0.0.1"],
): Promise<Socket[]> {
  return await Promise.all(
    Array.from(
      { length: count },
      (_, i) =>
        new Promise<Socket>((done) => {
          const localAddress = from[i % from.length] as string;
          const socket = connect({ port, host: "127.0.0.1", localAddress });
          socket.on("error", () => done(socket));
          socket.on("connect", () => {
            socket.write(bytes);
            done(socket);
          });
        }),
    ),
  );
}

async function metric(name: string): Promise<number> {
  const { text } = await node.admin("/metrics");
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm")))
    sum += Number(value);
  return sum;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const begin = performance.now();
  while (!(await condition())) {
    if (performance.now() - begin > 60_000) throw new Error(`not in a minute: ${what}`);
    await Bun.sleep(100);
  }
}

test("the soft limit is raised to the hard one, and the number of connections follows it", async () => {
  const limits = readFileSync(`/proc/${node.pid}/limits`, "latin1");
  expect(limits).toMatch(new RegExp(`^Max open files\\s+${HARD_LIMIT}\\s+${HARD_LIMIT}\\s`, "m"));
  expect(node.stderr).toContain("fewer connections than s3-max-connections");
  expect(node.stderr).toContain("connections=384");
});

test("half-sent heads of one address push out each other, and nobody else is kept waiting", async () => {
  const sockets = await open(node.s3Port, 2_000, HALF_A_HEAD);
  expect((await client.expect(200, "GET", "bucket/k")).body.toString()).toBe("known");
  await until("evictions", async () => (await metric("elastickv_http_connections_evicted_total")) > 1_500);
  const newcomer = new S3Client(node.s3Port);
  expect((await newcomer.expect(200, "GET", "bucket/k")).body.toString()).toBe("known");
  newcomer.close();
  // A quarter of 384 connections.
  expect(await metric("elastickv_http_connections")).toBeLessThan(220);
  expect(openDescriptors(node.pid)).toBeLessThan(HARD_LIMIT / 2);
  expect((await node.admin("/readyz")).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test("half-sent heads of one address on the admin port leave descriptors, and the probe is answered", async () => {
  const sockets = await open(node.adminPort, HARD_LIMIT + 100, "GET / HT");
  expect((await node.admin("/readyz")).status).toBe(200);
  // 128 of that address, with the probe's own; and what the node itself has open.
  await until("evictions", async () => openDescriptors(node.pid) < HARD_LIMIT / 2);
  expect(node.stderr).not.toContain("no file descriptor is left");
  for (const socket of sockets) socket.destroy();
});

test("no descriptor left: logged, counted, told by readiness, and mended", async () => {
  const idle = await open(node.s3Port, 100, HALF_A_HEAD);
  // The limit of the admin listener is its own, and does not know how many descriptors there are. Each address stays below its share.
  const from = Array.from({ length: 5 }, (_, i) => `127.0.0.${i + 2}`);
  const sockets = await open(node.adminPort, HARD_LIMIT + 100, "GET / HT", from);
  await until("the log line", async () => node.stderr.includes("no file descriptor is left: new"));
  // They stay; the node has to help itself.
  await until("the admin address", async () =>
    node.stderr.includes("all connections of the admin address are cut"),
  );
  const readiness = await node.admin("/readyz");
  expect(readiness.status).toBe(503);
  expect(readiness.text).toContain("out-of-descriptors");
  expect(await metric("elastickv_descriptors_exhausted_total")).toBeGreaterThan(0);
  expect(node.stderr.match(/no file descriptor is left: new/g)).toHaveLength(1);
  expect((await client.expect(200, "GET", "bucket/k")).body.toString()).toBe("known");
  await until("readiness", async () => (await node.admin("/readyz")).status === 200);
  for (const socket of [...idle, ...sockets]) socket.destroy();
});
