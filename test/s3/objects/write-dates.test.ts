/** If-Unmodified-Since and If-Modified-Since on requests that write (RFC 9110 sections 13.1.3 and 13.1.4). */
import { expect, test } from "bun:test";
import { type Answer, type Harness, harness } from "../support/harness.ts";

const SECOND = 1000;
const httpDate = (ms: number): string => new Date(ms).toUTCString();

type Write = (headers: Record<string, string>) => Promise<Answer>;

interface Prepared {
  readonly h: Harness;
  /** When `/bucket/key` was written. */
  readonly writtenMs: number;
  readonly etag: string;
}

async function prepared(): Promise<Prepared> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/source", { body: "source" });
  // In the middle of a second: Last-Modified does not show the rest of it.
  h.clock.now += 700;
  const etag = (await h.call("PUT", "/bucket/key", { body: "old" })).headers.get("etag") as string;
  const writtenMs = h.clock.now;
  h.clock.now += 60 * SECOND;
  return { h, writtenMs, etag };
}

/** Each operation that replaces or removes `/bucket/key`. */
const WRITES: Record<string, (h: Harness) => Promise<Write>> = {
  PutObject: async (h) => (headers) => h.call("PUT", "/bucket/key", { body: "new", headers }),
  CopyObject: async (h) => (headers) =>
    h.call("PUT", "/bucket/key", { headers: { "x-amz-copy-source": "bucket/source", ...headers } }),
  "CopyObject onto itself": async (h) => (headers) =>
    h.call("PUT", "/bucket/key", {
      headers: {
        "x-amz-copy-source": "bucket/key",
        "x-amz-metadata-directive": "REPLACE",
        "x-amz-meta-new": "1",
        ...headers,
      },
    }),
  CompleteMultipartUpload: async (h) => {
    const id = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId") as string;
    const part = await h.call("PUT", `/bucket/key?partNumber=1&uploadId=${id}`, { body: "new" });
    const listed = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part>`;
    const body = `<CompleteMultipartUpload>${listed}</CompleteMultipartUpload>`;
    return (headers) => h.call("POST", `/bucket/key?uploadId=${id}`, { body, headers });
  },
  DeleteObject: async (h) => (headers) => h.call("DELETE", "/bucket/key", { headers }),
};

/** Whether it was carried out: by what is there afterwards, not by what was answered. */
async function untouched(h: Harness): Promise<boolean> {
  const get = await h.call("GET", "/bucket/key");
  return get.text === "old" && get.headers.get("x-amz-meta-new") === undefined;
}

const each = test.each(Object.entries(WRITES));

each("%s: newer than If-Unmodified-Since is 412, and nothing happens", async (_, make) => {
  const { h, writtenMs } = await prepared();
  const answer = await (await make(h))({ "If-Unmodified-Since": httpDate(writtenMs - SECOND) });
  expect([answer.status, answer.tag("Code"), answer.tag("Condition")]).toEqual([
    412,
    "PreconditionFailed",
    "If-Unmodified-Since",
  ]);
  expect(await untouched(h)).toBe(true);
});

each("%s: its own Last-Modified is no newer, although its second was not over", async (_, make) => {
  const { h } = await prepared();
  const since = (await h.call("HEAD", "/bucket/key")).headers.get("last-modified") as string;
  expect((await (await make(h))({ "If-Unmodified-Since": since })).status).toBeLessThan(300);
  expect(await untouched(h)).toBe(false);
});

each("%s: If-Match goes before it, and what is no date is ignored", async (_, make) => {
  for (const value of ["yesterday", "", "1", "2001", "Thu, 32 Foo 2026 99:00:00 GMT"]) {
    const { h } = await prepared();
    expect((await (await make(h))({ "If-Unmodified-Since": value })).status).toBeLessThan(300);
  }
  const { h, writtenMs, etag } = await prepared();
  const old = httpDate(writtenMs - SECOND);
  const write = await make(h);
  expect((await write({ "If-Match": '"x"', "If-Unmodified-Since": httpDate(h.clock.now) })).status).toBe(412);
  expect((await write({ "If-Match": etag, "If-Unmodified-Since": old })).status).toBeLessThan(300);
});

each("%s: If-Modified-Since is for reads, and says nothing here", async (_, make) => {
  const { h } = await prepared();
  const answer = await (await make(h))({ "If-Modified-Since": httpDate(h.clock.now) });
  expect(answer.status).toBeLessThan(300);
  expect(await untouched(h)).toBe(false);
});

each("%s: a write between the look and the apply is seen", async (_, make) => {
  const { h } = await prepared();
  const write = await make(h);
  let races = 0;
  h.kv.before = async () => {
    if (races++ === 0) {
      const faster = await h.call("PUT", "/bucket/key", { body: "faster" });
      expect(faster.status).toBe(200);
    }
  };
  // True of the old object, and not of the one that came first.
  const answer = await write({ "If-Unmodified-Since": httpDate(h.clock.now - SECOND) });
  expect([races > 0, answer.status, answer.tag("Code")]).toEqual([true, 412, "PreconditionFailed"]);
  expect((await h.call("GET", "/bucket/key")).text).toBe("faster");
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
});

each("%s: a write between that is old enough too is replaced", async (_, make) => {
  const { h } = await prepared();
  const write = await make(h);
  let races = 0;
  h.kv.before = async () => {
    if (races++ === 0) await h.call("PUT", "/bucket/key", { body: "faster" });
  };
  const answer = await write({ "If-Unmodified-Since": httpDate(h.clock.now + SECOND) });
  expect([races > 1, answer.status < 300]).toEqual([true, true]);
});

test("no object is unmodified since ever; one that appears meanwhile is not", async () => {
  for (const [name, make] of Object.entries(WRITES)) {
    // It needs an object.
    if (name === "CopyObject onto itself") continue;
    const { h, writtenMs } = await prepared();
    await h.call("DELETE", "/bucket/key");
    const long = { "If-Unmodified-Since": httpDate(writtenMs - 3600 * SECOND) };
    expect([name, (await (await make(h))(long)).status < 300]).toEqual([name, true]);
    await h.call("DELETE", "/bucket/key");
    const write = await make(h);
    let races = 0;
    h.kv.before = async () => {
      if (races++ === 0) await h.call("PUT", "/bucket/key", { body: "faster" });
    };
    expect([name, (await write(long)).status]).toEqual([name, 412]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("faster");
  }
});

test("with If-None-Match: * an object that is old enough is still one too many", async () => {
  const { h } = await prepared();
  const headers = { "If-None-Match": "*", "If-Unmodified-Since": httpDate(h.clock.now) };
  expect((await h.call("PUT", "/bucket/key", { body: "new", headers })).status).toBe(412);
  expect((await h.call("PUT", "/bucket/other", { body: "new", headers })).status).toBe(200);
});
