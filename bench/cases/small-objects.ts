/** 4 KiB PUT and GET at 64 connections, against a bare server; and how many commits share an fsync meanwhile. */
import {
  type BenchContext,
  BUCKET,
  load,
  loadNode,
  metric,
  startBare,
  startSubject,
} from "../lib/context.ts";
import { type Figure, plainFigure, ratioFigure, type Samples } from "../lib/figure.ts";
import { round } from "../lib/report.ts";
import type { S3RequestOptions } from "../lib/s3-requests.ts";

const CONNECTIONS = 64;
const BODY_BYTES = 4096;
const KEYS_PER_CONNECTION = 256;

type Requests = Omit<S3RequestOptions, "credentials">;

const base = { path: `/${BUCKET}/small-`, keysPerConnection: KEYS_PER_CONNECTION } as const;
const PUT: Requests = { ...base, method: "PUT", bodyBytes: BODY_BYTES };
const SIGNED_PUT: Requests = { ...PUT, signBody: true };
const GET: Requests = { ...base, method: "GET" };

export async function smallObjects(context: BenchContext): Promise<Figure[]> {
  const bare = await startBare(BODY_BYTES);
  const node = await startSubject(context);
  const figures: Figure[] = [];
  const commitsPerFsync: number[] = [];
  try {
    // All keys exist before the first GET, and both sides are warm.
    await load({
      port: node.s3Port,
      connections: CONNECTIONS,
      count: CONNECTIONS * KEYS_PER_CONNECTION,
      requests: { ...PUT, once: true },
    });
    await load({ port: bare.port, connections: CONNECTIONS, seconds: 0.5, requests: PUT });

    const compare = async (name: string, requests: Requests, target: number): Promise<void> => {
      const samples: Samples = { subject: [], limit: [] };
      const p99: number[] = [];
      let where = "";
      for (let i = 0; i < context.rounds; i++) {
        const seconds = context.secondsPerSample;
        const limit = await load({ port: bare.port, connections: CONNECTIONS, seconds, requests });
        samples.limit.push(limit.requestsPerSecond);
        const entries = await metric(node, "elastickv_wal_entries_total");
        const fsyncs = await metric(node, "elastickv_wal_fsync_seconds_count");
        const { report, cpu } = await loadNode(node, { connections: CONNECTIONS, seconds, requests });
        samples.subject.push(report.requestsPerSecond);
        p99.push(report.latencyMs.p99);
        where = cpu;
        if (requests === PUT) {
          const written = (await metric(node, "elastickv_wal_entries_total")) - entries;
          commitsPerFsync.push(
            written / ((await metric(node, "elastickv_wal_fsync_seconds_count")) - fsyncs),
          );
        }
      }
      const figure = ratioFigure(name, "req/s", samples, { kind: "at-least", value: target }, [
        `p99 ${p99.map(round).join(", ")} ms`,
        where,
      ]);
      figures.push(figure);
      context.log(`${name}: ${round(figure.value)}`);
    };
    await compare("PUT 4 KiB, 64 connections", PUT, 0.25);
    await compare("PUT 4 KiB, signed payload", SIGNED_PUT, 0.25);
    await compare("GET 4 KiB, 64 connections", GET, 0.5);
    figures.push(
      plainFigure("commits per fsync, 64 writers", "", commitsPerFsync, { kind: "at-least", value: 10 }),
    );
  } finally {
    await bare.stop();
    await node.stop();
  }
  return figures;
}
