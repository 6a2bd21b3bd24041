import { afterEach } from "bun:test";
import { startEdge } from "../../src/http/edge.ts";
import type { EdgeMetrics } from "../../src/http/metrics.ts";
import { noEdgeMetrics } from "../../src/http/metrics.ts";
import type { Edge, EdgeOptions } from "../../src/http/options.ts";
import { Certificates } from "../../src/http/tls-certificates.ts";
import type { EdgeApplication, EdgeReply, EdgeRequest } from "../../src/http/types.ts";
import { selfSigned } from "../platform/support/certificates.ts";
import { RawClient } from "./raw-client.ts";

/** The same tests over TLS: tls-edge.test.ts runs them so. */
export const OVER_TLS = process.env["ELASTICKV_TEST_EDGE_TLS"] === "true";
export const certificates = OVER_TLS ? new Certificates([selfSigned("edge.example")]) : undefined;

const opened: Edge[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(opened.splice(0).map((edge) => edge.close(0)));
});

/** An edge on a free port, closed after the test. */
export async function edgeFor(
  application: EdgeApplication,
  options: Partial<EdgeOptions> = {},
): Promise<Edge> {
  const edge = await startEdge({ host: "127.0.0.1", port: 0, application, certificates, ...options });
  opened.push(edge);
  return edge;
}

export async function connectTo(edge: Edge): Promise<RawClient> {
  const client = await RawClient.open(edge.port, OVER_TLS);
  clients.push(client);
  return client;
}

export function text(status: number, body: string): EdgeReply {
  return { status, headers: [], body: { kind: "bytes", bytes: Buffer.from(body) } };
}

export async function readAll(request: EdgeRequest): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await request.body.read();
    if (piece === undefined) return Buffer.concat(pieces);
    // A piece is gone with the next one.
    pieces.push(new Uint8Array(piece));
  }
}

/** Metrics that remember their calls as text. */
export function recordingMetrics(): { readonly metrics: EdgeMetrics; readonly log: string[] } {
  const log: string[] = [];
  const metrics: EdgeMetrics = {
    ...noEdgeMetrics,
    connectionRefused: () => log.push("refused"),
    connectionEvicted: (reason) => log.push(`evicted ${reason}`),
    requestEnded: (status, bytesIn, bytesOut) => log.push(`ended ${status} in=${bytesIn} out=${bytesOut}`),
    parseError: (reason) => log.push(`parse ${reason}`),
    replyAborted: (reason) => log.push(`aborted ${reason}`),
  };
  return { metrics, log };
}

/** Waits for something that will happen; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
