/** Health on the S3 port: who is answered, without signature, key or cluster, and who is not. */
import { describe, expect, test } from "bun:test";
import type { EdgeRequest } from "../../src/http/types.ts";
import { type HealthSources, healthProbe } from "../../src/s3/health.ts";
import { bucketKey } from "../../src/s3/keys.ts";

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function probe(more: Partial<HealthSources> = {}) {
  const sources: HealthSources = {
    domains: [],
    readiness: () => ({ ready: true }),
    hasLocally: () => false,
    ...more,
  };
  const answer = healthProbe(sources);
  return (rawTarget: string, { method = "GET", headers = {} }: Asked = {}) => {
    const request = { method, rawTarget, header: (name: string) => headers[name] };
    return answer(request as unknown as EdgeRequest);
  };
}

function text(reply: ReturnType<ReturnType<typeof probe>>): string | undefined {
  return reply?.body.kind === "bytes" ? new TextDecoder().decode(reply.body.bytes) : undefined;
}

const NOT_READY: Partial<HealthSources> = {
  readiness: () => ({
    ready: false,
    reasons: [{ code: "forming", message: "waiting for n2, n3" } as { code: string }, { code: "disk-full" }],
  }),
};
const MINIO = [
  "/minio/health/live",
  "/minio/health/ready",
  "/minio/health/cluster",
  "/minio/health/cluster/read",
];
const ALL = ["/-/healthy", "/-/ready", ...MINIO];

describe("answers", () => {
  test("/-/healthy is 200 however the node is", () => {
    for (const ask of [probe(), probe(NOT_READY)]) {
      expect([ask("/-/healthy")?.status, text(ask("/-/healthy"))]).toEqual([200, '{"status":"ok"}']);
    }
  });

  test("/-/ready is what /readyz says, with codes and no names", () => {
    expect([probe()("/-/ready")?.status, text(probe()("/-/ready"))]).toEqual([
      200,
      '{"ready":true,"reasons":[]}',
    ]);
    const reply = probe(NOT_READY)("/-/ready");
    expect([reply?.status, text(reply)]).toEqual([
      503,
      '{"ready":false,"reasons":[{"code":"forming"},{"code":"disk-full"}]}',
    ]);
  });

  test("as MinIO does: the status says it all", () => {
    expect(MINIO.map((path) => probe()(path)?.status)).toEqual([200, 200, 200, 200]);
    expect(MINIO.map((path) => probe(NOT_READY)(path)?.status)).toEqual([200, 503, 503, 503]);
    expect(MINIO.map((path) => text(probe()(path)))).toEqual(["", "", "", ""]);
  });

  test.each(ALL)("%s: HEAD is GET without the body, nothing is kept, a query is no matter", (path) => {
    for (const ask of [probe(), probe(NOT_READY)]) {
      const get = ask(path);
      const head = ask(path, { method: "HEAD" });
      expect(head?.status).toBe(get?.status);
      expect(head?.body).toEqual({ kind: "head", length: text(get)?.length ?? -1 });
      expect(get?.headers).toContainEqual(["Cache-Control", "no-store"]);
      expect(ask(`${path}?x=1`)?.status).toBe(get?.status);
    }
  });
});

describe("is for S3", () => {
  test.each([
    "/",
    "/-",
    "/-/",
    "/-/healthy/",
    "/-/Ready",
    "/-/ready%20",
    "/b/-/ready",
    "//-/ready",
    "/minio",
    "/minio/health",
    "/minio/health/",
    "/minio/health/live/x",
    "/minio/health/..",
    "/minio/key",
  ])("%s", (path) => expect(probe()(path)).toBeUndefined());

  test.each(["PUT", "POST", "DELETE", "OPTIONS"])("%s", (method) => {
    for (const path of ALL) expect(probe()(path, { method })).toBeUndefined();
  });

  test("whatever is signed, in the header or in the query, in either version", () => {
    for (const path of ALL) {
      expect(probe()(path, { headers: { authorization: "AWS4-HMAC-SHA256 Credential=" } })).toBeUndefined();
      expect(probe()(path, { headers: { authorization: "" } })).toBeUndefined();
      for (const name of [
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Algorithm",
        "X%2DAmz%2DSignature",
        "AWSAccessKeyId",
        "Signature",
      ]) {
        expect([path, name, probe()(`${path}?a=b&${name}=x`)]).toEqual([path, name, undefined]);
      }
    }
  });

  test("a query that cannot be read", () => expect(probe()("/-/ready?a=%zz")).toBeUndefined());

  test("an object of a bucket that the Host names", () => {
    const ask = probe({ domains: ["s3.example"] });
    for (const path of ALL) {
      expect(ask(path, { headers: { host: "photos.s3.example:9000" } })).toBeUndefined();
      expect(ask(path, { headers: { host: "s3.example" } })?.status).toBe(200);
      expect(ask(path, { headers: { host: "lb.example" } })?.status).toBe(200);
      expect(ask(path)?.status).toBe(200);
    }
  });

  test("MinIO's paths as soon as there is a bucket minio; ours stay", () => {
    const asked: Uint8Array[] = [];
    const ask = probe({
      hasLocally: (key) => {
        asked.push(key);
        return true;
      },
    });
    expect(MINIO.map((path) => ask(path))).toEqual([undefined, undefined, undefined, undefined]);
    expect(asked).toEqual(Array(4).fill(bucketKey("minio")));
    expect(ask("/-/ready")?.status).toBe(200);
    expect(asked).toHaveLength(4);
  });

  test("MinIO's question whether this node may go down", () =>
    expect(probe()("/minio/health/cluster?maintenance=true")).toBeUndefined());
});

test("a keyspace that is not open yet has no bucket minio", () => {
  const hasLocally = () => {
    throw new Error("not open");
  };
  expect(probe({ hasLocally })("/minio/health/live")?.status).toBe(200);
});
