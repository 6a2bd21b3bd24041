/** More than 400 lines: one operation after the other, as AWS lists them. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Answer, type Harness, type HarnessOptions, harness, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;
const CHUNKS = Buffer.from("c\0\u0001");
const UPLOADS = Buffer.from("u\0\u0001");

const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest();

async function started(
  options?: HarnessOptions,
  headers: Record<string, string> = {},
): Promise<{ h: Harness; id: string }> {
  const h = harness(options);
  await h.call("PUT", "/bucket");
  const answer = await h.call("POST", "/bucket/key?uploads", { headers });
  expect(answer.status).toBe(200);
  return { h, id: answer.tag("UploadId") as string };
}

async function part(h: Harness, id: string, number: number, body: Uint8Array, headers = {}): Promise<Answer> {
  return h.call("PUT", `/bucket/key?partNumber=${number}&uploadId=${id}`, { body, headers });
}

function list(parts: readonly (readonly [number: number, etag: string, more?: string])[]): string {
  const inner = parts.map(
    ([number, etag, more = ""]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`,
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner.join("")}</CompleteMultipartUpload>`;
}

async function complete(h: Harness, id: string, body: string, headers = {}): Promise<Answer> {
  return h.call("POST", `/bucket/key?uploadId=${id}`, { body, headers });
}

test("an upload becomes an object: bytes, ETag, ranges, parts, metadata", async () => {
  const { h, id } = await started(undefined, { "Content-Type": "text/x", "x-amz-meta-a": "b" });
  const bodies = [pattern(5 * MIB + 17, 1), pattern(5 * MIB, 2), pattern(1000, 3)];
  const etags: string[] = [];
  for (const [i, body] of bodies.entries()) {
    const answer = await part(h, id, i * 10 + 1, body);
    expect(answer.status).toBe(200);
    etags.push(answer.headers.get("etag") as string);
  }
  expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  const done = await complete(
    h,
    id,
    list([
      [1, etags[0] as string],
      [11, etags[1] as string],
      [21, etags[2] as string],
    ]),
  );
  const etag = `${createHash("md5")
    .update(Buffer.concat(bodies.map(md5)))
    .digest("hex")}-3`;
  expect([done.status, done.tag("ETag"), done.tag("Key")]).toEqual([200, `&quot;${etag}&quot;`, "key"]);
  const whole = Buffer.concat(bodies);
  const get = await h.call("GET", "/bucket/key");
  expect(Buffer.compare(get.bytes, whole)).toBe(0);
  expect([get.headers.get("etag"), get.headers.get("content-type"), get.headers.get("x-amz-meta-a")]).toEqual(
    [`"${etag}"`, "text/x", "b"],
  );
  for (const [from, to] of [
    [5 * MIB, 5 * MIB + 40],
    [0, 0],
    [10 * MIB, whole.byteLength - 1],
  ] as const) {
    const range = await h.call("GET", "/bucket/key", { headers: { Range: `bytes=${from}-${to}` } });
    expect(Buffer.compare(range.bytes, whole.subarray(from, to + 1))).toBe(0);
  }
  const second = await h.call("GET", "/bucket/key?partNumber=2");
  expect([second.status, second.headers.get("x-amz-mp-parts-count")]).toEqual([206, "3"]);
  expect(Buffer.compare(second.bytes, bodies[1] as Buffer)).toBe(0);
  expect((await h.call("HEAD", "/bucket/key?partNumber=4")).status).toBe(416);
  // The rows of the upload are gone, of the parts garbage, the chunks are not.
  expect(h.kv.rows(UPLOADS).length).toBe(0);
  expect(h.kv.rows(Buffer.from("p\0\u0001")).every((row) => h.kv.isGarbage(row.key))).toBe(true);
  expect(h.kv.rows(CHUNKS).some((row) => h.kv.isGarbage(row.key))).toBe(false);
  expect([h.kv.buffers, h.admission.inUseBytes, h.errors]).toEqual([0, 0, []]);
  await h.call("DELETE", "/bucket/key");
  expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
});

test("a part uploaded again replaces the earlier one, whose chunks become garbage", async () => {
  const { h, id } = await started();
  await part(h, id, 1, pattern(5 * MIB, 1));
  const old = h.kv.rows(CHUNKS);
  const etag = (await part(h, id, 1, pattern(100, 2))).headers.get("etag") as string;
  expect(old.every((row) => h.kv.isGarbage(row.key))).toBe(true);
  const listed = await h.call("GET", `/bucket/key?uploadId=${id}`);
  expect([listed.tags("PartNumber"), listed.tags("Size"), listed.tag("IsTruncated")]).toEqual([
    ["1"],
    ["100"],
    "false",
  ]);
  expect((await complete(h, id, list([[1, etag]]))).status).toBe(200);
  expect(Buffer.compare((await h.call("GET", "/bucket/key")).bytes, pattern(100, 2))).toBe(0);
});

test("parts that are not listed become garbage, more of them than one entry takes too", async () => {
  const { h, id } = await started();
  let etag = "";
  for (let number = 1; number <= 150; number++) {
    etag = (await part(h, id, number, Buffer.from(`part ${number}`))).headers.get("etag") as string;
  }
  expect((await complete(h, id, list([[150, etag]]))).status).toBe(200);
  const live = h.kv.rows(CHUNKS).filter((row) => !h.kv.isGarbage(row.key));
  expect(live.length).toBe(1);
  expect((await h.call("GET", "/bucket/key")).text).toBe("part 150");
});

test("what a complete may not say", async () => {
  const { h, id } = await started();
  const small = (await part(h, id, 1, pattern(100))).headers.get("etag") as string;
  const last = (await part(h, id, 2, pattern(200))).headers.get("etag") as string;
  const table: [string, string, number][] = [
    [
      list([
        [2, last],
        [1, small],
      ]),
      "InvalidPartOrder",
      400,
    ],
    [
      list([
        [1, small],
        [1, small],
      ]),
      "InvalidPartOrder",
      400,
    ],
    [list([[1, '"00000000000000000000000000000000"']]), "InvalidPart", 400],
    [list([[3, last]]), "InvalidPart", 400],
    [
      list([
        [1, small],
        [2, last],
      ]),
      "EntityTooSmall",
      400,
    ],
    [list([]), "MalformedXML", 400],
    ["", "MalformedXML", 400],
    ["not xml", "MalformedXML", 400],
    ["<CompleteMultipartUpload>", "MalformedXML", 400],
    ["<Other></Other>", "MalformedXML", 400],
    ["<CompleteMultipartUpload/><CompleteMultipartUpload/>", "MalformedXML", 400],
    [list([[0, small]]), "InvalidArgument", 400],
    [list([[10_001, small]]), "InvalidArgument", 400],
    ["<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>", "MalformedXML", 400],
    [
      "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
      "MalformedXML",
      400,
    ],
    [`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${list([[1, "&b;"]])}`, "MalformedXML", 400],
    [list([[1, "&unknown;"]]), "MalformedXML", 400],
    [list([[1, "&#xD800;"]]), "MalformedXML", 400],
    ["<a>".repeat(100_000), "MalformedXML", 400],
    [`${list([[1, small]])}${" ".repeat(2 * MIB)}`, "EntityTooLarge", 400],
  ];
  for (const [body, code, status] of table) {
    const answer = await complete(h, id, body);
    expect([body.slice(0, 200), answer.tag("Code"), answer.status]).toEqual([
      body.slice(0, 200),
      code,
      status,
    ]);
  }
  expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  expect((await complete(h, id, list([[2, last]]))).status).toBe(200);
});

test("unknown uploads, and numbers parts cannot have", async () => {
  const { h, id } = await started();
  const wrong = id.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
  for (const unknown of [wrong, "", "nonsense", "%00", "x".repeat(5000), `${id}0`]) {
    const answers = [
      await h.call("PUT", `/bucket/key?partNumber=1&uploadId=${unknown}`, { body: "x" }),
      await h.call("POST", `/bucket/key?uploadId=${unknown}`, { body: list([[1, "x"]]) }),
      await h.call("DELETE", `/bucket/key?uploadId=${unknown}`),
      await h.call("GET", `/bucket/key?uploadId=${unknown}`),
    ];
    for (const answer of answers) expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchUpload"]);
  }
  expect((await h.call("PUT", `/bucket/other?partNumber=1&uploadId=${id}`, { body: "x" })).tag("Code")).toBe(
    "NoSuchUpload",
  );
  for (const number of ["0", "10001", "-1", "a", "", "1.5", "1e2"]) {
    const answer = await h.call("PUT", `/bucket/key?partNumber=${number}&uploadId=${id}`, { body: "x" });
    expect([number, answer.tag("Code")]).toEqual([number, "InvalidArgument"]);
  }
});

test("abort: everything becomes garbage, whatever comes later finds no upload", async () => {
  const { h, id } = await started();
  const etag = (await part(h, id, 1, pattern(4 * MIB))).headers.get("etag") as string;
  expect((await h.call("DELETE", `/bucket/key?uploadId=${id}`)).status).toBe(204);
  expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
  expect(h.kv.rows(Buffer.from("p\0\u0001")).every((row) => h.kv.isGarbage(row.key))).toBe(true);
  expect((await h.call("DELETE", `/bucket/key?uploadId=${id}`)).tag("Code")).toBe("NoSuchUpload");
  expect((await complete(h, id, list([[1, etag]]))).tag("Code")).toBe("NoSuchUpload");
  expect((await part(h, id, 2, pattern(10))).tag("Code")).toBe("NoSuchUpload");
});

test("a completion repeated gets the same answer while its object is current", async () => {
  const { h, id } = await started();
  const etag = (await part(h, id, 1, pattern(100))).headers.get("etag") as string;
  const body = list([[1, etag]]);
  const first = await complete(h, id, body);
  expect((await complete(h, id, body)).text).toBe(first.text);
  expect((await complete(h, id, list([[1, '"00000000000000000000000000000000"']]))).tag("Code")).toBe(
    "NoSuchUpload",
  );
  await h.call("PUT", "/bucket/key", { body: "other" });
  expect((await complete(h, id, body)).tag("Code")).toBe("NoSuchUpload");
});

test("races are decided at apply: a part that changes, an abort, another complete", async () => {
  const once = (h: Harness, action: () => Promise<unknown>): void => {
    let done = false;
    h.kv.before = async () => {
      if (done) return;
      done = true;
      await action();
    };
  };
  {
    const { h, id } = await started();
    const etag = (await part(h, id, 1, pattern(100, 1))).headers.get("etag") as string;
    once(h, () => part(h, id, 1, pattern(100, 2)));
    expect((await complete(h, id, list([[1, etag]]))).tag("Code")).toBe("InvalidPart");
  }
  {
    const { h, id } = await started();
    const etag = (await part(h, id, 1, pattern(100, 1))).headers.get("etag") as string;
    once(h, () => part(h, id, 2, pattern(100, 2)));
    expect((await complete(h, id, list([[1, etag]]))).status).toBe(200);
    // The part that came in between is garbage, the one listed is not.
    expect(h.kv.rows(CHUNKS).filter((row) => !h.kv.isGarbage(row.key)).length).toBe(1);
  }
  {
    const { h, id } = await started();
    const etag = (await part(h, id, 1, pattern(100, 1))).headers.get("etag") as string;
    once(h, () => h.call("DELETE", `/bucket/key?uploadId=${id}`));
    expect((await complete(h, id, list([[1, etag]]))).tag("Code")).toBe("NoSuchUpload");
    expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  }
  {
    const { h, id } = await started();
    const etag = (await part(h, id, 1, pattern(100, 1))).headers.get("etag") as string;
    once(h, () => complete(h, id, list([[1, etag]])));
    expect((await complete(h, id, list([[1, etag]]))).status).toBe(200);
  }
  for (const size of [100, 8 * MIB]) {
    const { h, id } = await started();
    once(h, () => h.call("DELETE", `/bucket/key?uploadId=${id}`));
    expect((await part(h, id, 1, pattern(size))).tag("Code")).toBe("NoSuchUpload");
    expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
    expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
  }
  {
    const { h, id } = await started();
    const etag = (await part(h, id, 1, pattern(100, 1))).headers.get("etag") as string;
    let seen = 0;
    h.kv.before = async () => {
      // An abort between the batches of a part, after the complete read its parts.
      if (seen++ === 1) expect((await complete(h, id, list([[1, etag]]))).status).toBe(200);
    };
    expect((await part(h, id, 2, pattern(8 * MIB))).tag("Code")).toBe("NoSuchUpload");
    h.kv.before = undefined;
    expect(h.kv.rows(CHUNKS).filter((row) => !h.kv.isGarbage(row.key)).length).toBe(1);
  }
});

test("conditions of a complete", async () => {
  const { h, id } = await started();
  const etag = (await part(h, id, 1, pattern(100))).headers.get("etag") as string;
  await h.call("PUT", "/bucket/key", { body: "there" });
  expect((await complete(h, id, list([[1, etag]]), { "If-None-Match": "*" })).status).toBe(412);
  expect((await complete(h, id, list([[1, etag]]), { "If-Match": '"x"' })).status).toBe(412);
  const current = (await h.call("HEAD", "/bucket/key")).headers.get("etag") as string;
  expect((await complete(h, id, list([[1, etag]]), { "If-Match": current })).status).toBe(200);
});

const base64Crc = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
};

test("checksums of parts: composed", async () => {
  const { h, id } = await started(undefined, { "x-amz-checksum-algorithm": "CRC32" });
  const bodies = [pattern(5 * MIB, 1), pattern(100, 2)];
  const listed: [number, string, string][] = [];
  for (const [i, body] of bodies.entries()) {
    const crc = base64Crc(crc32(body));
    const answer = await part(h, id, i + 1, body, { "x-amz-checksum-crc32": crc });
    expect(answer.headers.get("x-amz-checksum-crc32")).toBe(crc);
    listed.push([i + 1, answer.headers.get("etag") as string, `<ChecksumCRC32>${crc}</ChecksumCRC32>`]);
  }
  expect(
    (
      await part(h, id, 3, pattern(10), {
        "x-amz-checksum-sha256": createHash("sha256").update(pattern(10)).digest("base64"),
      })
    ).tag("Code"),
  ).toBe("InvalidRequest");
  const without = listed.map(([number, etag]) => [number, etag] as const);
  expect((await complete(h, id, list(without))).tag("Code")).toBe("InvalidRequest");
  const wrong = listed.map(
    ([number, etag]) => [number, etag, "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>"] as const,
  );
  expect((await complete(h, id, list(wrong))).tag("Code")).toBe("InvalidPart");
  const parts = Buffer.concat(bodies.map((body) => Buffer.from(base64Crc(crc32(body)), "base64")));
  const composite = `${base64Crc(crc32(parts))}-2`;
  expect((await complete(h, id, list(listed), { "x-amz-checksum-crc32": "AAAAAA==-2" })).tag("Code")).toBe(
    "BadDigest",
  );
  const done = await complete(h, id, list(listed), { "x-amz-checksum-crc32": composite });
  expect([done.status, done.tag("ChecksumCRC32"), done.tag("ChecksumType")]).toEqual([
    200,
    composite,
    "COMPOSITE",
  ]);
  const head = await h.call("HEAD", "/bucket/key", { headers: { "x-amz-checksum-mode": "ENABLED" } });
  expect([head.headers.get("x-amz-checksum-crc32"), head.headers.get("x-amz-checksum-type")]).toEqual([
    composite,
    "COMPOSITE",
  ]);
  const attributes = await h.call("GET", "/bucket/key?attributes", {
    headers: { "x-amz-object-attributes": "ETag,Checksum,ObjectParts,ObjectSize,StorageClass" },
  });
  expect([attributes.tag("PartsCount"), attributes.tag("ObjectSize")]).toEqual(["2", String(5 * MIB + 100)]);
});

test.each([
  ["CRC32", "crc32"],
  ["CRC32C", "crc32c"],
  ["CRC64NVME", "crc64nvme"],
])("checksums of parts: %s of the whole is combined from theirs", async (name, lower) => {
  const { h, id } = await started(undefined, {
    "x-amz-checksum-algorithm": name,
    "x-amz-checksum-type": "FULL_OBJECT",
  });
  const bodies = [pattern(5 * MIB + 3, 1), pattern(5 * MIB, 2), pattern(99, 3)];
  const listed: [number, string][] = [];
  for (const [i, body] of bodies.entries()) {
    listed.push([i + 1, (await part(h, id, i + 1, body)).headers.get("etag") as string]);
  }
  const done = await complete(h, id, list(listed));
  expect([done.status, done.tag("ChecksumType")]).toEqual([200, "FULL_OBJECT"]);
  const whole = Buffer.concat(bodies);
  const plain = await h.call("PUT", "/bucket/plain", {
    body: whole,
    headers: { [`x-amz-checksum-${lower}`]: done.tag(`Checksum${name}`) as string },
  });
  // The server verifies the header against the same bytes in one piece.
  expect(plain.status).toBe(200);
});

test("algorithm and type that do not go together", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (const headers of [
    { "x-amz-checksum-algorithm": "MD4" },
    { "x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "FULL_OBJECT" },
    { "x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "COMPOSITE" },
    { "x-amz-checksum-type": "COMPOSITE" },
    { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "x" },
  ] as Record<string, string>[]) {
    expect((await h.call("POST", "/bucket/key?uploads", { headers })).status).toBe(400);
  }
});

test("lists of uploads and parts, in pages", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const made: string[] = [];
  for (const key of ["a", "a", "a", "dir/x", "dir/y", "z"]) {
    h.clock.now += 1;
    made.push(`${key} ${(await h.call("POST", `/bucket/${key}?uploads`)).tag("UploadId")}`);
  }
  const seen: string[] = [];
  for (let marker = ""; ; ) {
    const page = await h.call("GET", `/bucket?uploads&max-uploads=2${marker}`);
    const keys = page.tags("Key");
    const ids = page.tags("UploadId");
    keys.forEach((key, i) => {
      seen.push(`${key} ${ids[i]}`);
    });
    if (page.tag("IsTruncated") !== "true") break;
    marker = `&key-marker=${page.tag("NextKeyMarker")}&upload-id-marker=${page.tag("NextUploadIdMarker")}`;
  }
  expect(seen).toEqual(made);
  const rolled = await h.call("GET", "/bucket?uploads&delimiter=/&prefix=");
  expect([rolled.tags("Key"), rolled.tags("Prefix").slice(1)]).toEqual([["a", "a", "a", "z"], ["dir/"]]);
  expect((await h.call("GET", "/bucket?uploads&key-marker=a")).tags("Key")).toEqual(["dir/x", "dir/y", "z"]);

  const id = (made[5] as string).split(" ")[1] as string;
  for (const number of [1, 2, 3, 9, 10, 10_000]) {
    await h.call("PUT", `/bucket/z?partNumber=${number}&uploadId=${id}`, { body: `${number}` });
  }
  const numbers: string[] = [];
  for (let marker = "0"; ; ) {
    const page = await h.call("GET", `/bucket/z?uploadId=${id}&max-parts=4&part-number-marker=${marker}`);
    numbers.push(...page.tags("PartNumber"));
    if (page.tag("IsTruncated") !== "true") break;
    marker = page.tag("NextPartNumberMarker") as string;
  }
  expect(numbers).toEqual(["1", "2", "3", "9", "10", "10000"]);
});

test("deleting a bucket takes its unfinished uploads with it", async () => {
  const { h, id } = await started();
  await part(h, id, 1, pattern(2 * MIB));
  expect((await h.call("DELETE", "/bucket")).status).toBe(204);
  for (const tag of ["u", "p", "c"]) {
    expect(h.kv.rows(Buffer.from(`${tag}\0\u0001`)).every((row) => h.kv.isGarbage(row.key))).toBe(true);
  }
  await h.call("PUT", "/bucket");
  expect((await part(h, id, 2, pattern(10))).tag("Code")).toBe("NoSuchUpload");
});

test("a slow completion keeps the connection alive, and still can say that it failed", async () => {
  const fires: (() => void)[] = [];
  const { h, id } = await started({
    deps: {
      timers: {
        later: (callback) => {
          fires.push(callback);
          return () => {};
        },
      },
    },
  });
  const etag = (await part(h, id, 1, pattern(100))).headers.get("etag") as string;
  for (const fails of [true, false]) {
    h.kv.before = async () => {
      for (let i = 0; i < 3; i++) {
        while (fires.length === 0) await new Promise((resolve) => setImmediate(resolve));
        fires.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (fails) throw new Error("a broken disk");
    };
    fires.length = 0;
    const answer = await complete(h, id, list([[1, etag]]));
    h.kv.before = undefined;
    expect([answer.status, answer.reply.body.kind]).toEqual([200, "unsized"]);
    expect(answer.text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n +</);
    if (fails)
      expect([answer.tag("Code"), answer.text.includes("broken disk")]).toEqual(["InternalError", false]);
    else expect(answer.tag("ETag")).toContain("-1");
  }
});
