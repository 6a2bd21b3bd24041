/** Raw HTTP that no honest client sends. After each the node is well, holds nothing and stored nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { CREDENTIALS, NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { openDescriptors, residentMebibytes } from "./lib/proc.ts";
import { Random } from "./lib/random.ts";
import { S3Client } from "./lib/s3-client.ts";
import { presignedTarget, signedHeaders, UNSIGNED_PAYLOAD } from "./lib/sigv4.ts";

let node: NodeProcess;
let client: S3Client;

beforeAll(async () => {
  node = await NodeProcess.start({
    dataDir: temporaryDirectory("abuse"),
    args: [
      ...["--s3-body-idle-timeout", "1s", "--s3-headers-timeout", "1s", "--s3-drain-timeout", "1s"],
      ...["--s3-domains", "s3.test"],
    ],
  });
  client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "abuse");
  await client.expect(200, "PUT", "abuse/known", { body: "known" });
});

afterAll(async () => {
  client.close();
  expect(await node.stop()).toBe(0);
});

async function expectWell(): Promise<void> {
  const answer = await client.expect(200, "GET", "abuse/known");
  expect(answer.body.toString()).toBe("known");
  expect((await client.list("abuse")).map(({ key }) => key)).toEqual(["known"]);
  expect((await node.admin("/readyz")).status).toBe(200);
}

interface RawOptions {
  /** Close our side after so many ms, whatever came back. */
  readonly hangUpAfterMs?: number;
  /** Send this piece every so often until the server closes. */
  readonly drip?: { readonly piece: string; readonly everyMs: number };
}

/** Everything the server sends until it, or we, close. */
function raw(bytes: string | Uint8Array, options: RawOptions = {}): Promise<string> {
  return new Promise((done) => {
    const socket = connect(node.s3Port, "127.0.0.1");
    let received = "";
    let drip: ReturnType<typeof setInterval> | undefined;
    const giveUp = setTimeout(() => socket.destroy(), options.hangUpAfterMs ?? 15_000);
    socket.on("data", (piece) => {
      received += piece.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(giveUp);
      clearInterval(drip);
      done(received);
    });
    socket.on("connect", () => {
      socket.write(bytes);
      const { drip: dripping } = options;
      if (dripping !== undefined) drip = setInterval(() => socket.write(dripping.piece), dripping.everyMs);
    });
  });
}

function signedHead(
  method: string,
  path: string,
  more: Readonly<Record<string, string>> = {},
  host = `127.0.0.1:${node.s3Port}`,
): string {
  const headers = signedHeaders({
    method,
    host,
    path,
    payloadHash: UNSIGNED_PAYLOAD,
    credentials: CREDENTIALS,
  });
  const lines = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

test("10,000 headers", async () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `x-${i}: ${i}\r\n`).join("");
  const answer = await raw(`GET /abuse HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines}\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 (400|431) /);
  await expectWell();
});

test("a header of 1 MiB and a request line of 1 MiB", async () => {
  const long = "a".repeat(1 << 20);
  expect(await raw(`GET /abuse HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${long}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 4\d\d /,
  );
  expect(await raw(`GET /abuse/${long} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4\d\d /);
  await expectWell();
});

test("garbage instead of a request line", async () => {
  const random = new Random(11);
  const lines: (string | Uint8Array)[] = [
    "\r\n\r\n\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET /abuse HTTP/1.1\r\n\r\n",
    "FOO / HTTP/1.1\r\nhost: x\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "PUT /abuse/x HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "PUT /abuse/x HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "PUT /abuse/x HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\n",
    "PUT /abuse/x HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999999999999999\r\n\r\n",
    random.bytes(3000),
  ];
  const answers = await Promise.all(lines.map((line) => raw(line, { hangUpAfterMs: 2500 })));
  for (const answer of answers) {
    if (answer !== "") expect(answer).toMatch(/^HTTP\/1\.1 [45]\d\d /);
  }
  await expectWell();
});

test("slowloris: headers that never end are cut off", async () => {
  const begin = performance.now();
  await raw("GET /abuse HTTP/1.1\r\nhost: 127.0.0.1\r\n", { drip: { piece: "x-a: b\r\n", everyMs: 200 } });
  // Well below the test's own patience of 15 s: it was the server that hung up.
  expect(performance.now() - begin).toBeLessThan(14_000);
  await expectWell();
});

test("slowloris: a body that stops is cut off", async () => {
  const begin = performance.now();
  await raw(`${signedHead("PUT", "/abuse/slow", { "content-length": "1000000" })}some bytes`);
  expect(performance.now() - begin).toBeLessThan(14_000);
  await expectWell();
});

test("a reader that stops reading is cut off and holds no memory", async () => {
  await client.expect(200, "PUT", "abuse/large", { body: new Uint8Array(64 << 20) });
  const before = residentMebibytes(node.pid);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(node.s3Port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("connect", () => socket.write(signedHead("GET", "/abuse/large")));
    socket.pause();
    return socket;
  });
  await Bun.sleep(1500);
  const grown = residentMebibytes(node.pid) - before;
  for (const socket of sockets) socket.destroy();
  console.log(`20 stalled downloads of 64 MiB: RSS +${grown.toFixed(0)} MiB`);
  expect(grown).toBeLessThan(200);
  await client.expect(204, "DELETE", "abuse/large");
  await expectWell();
});

test("clients gone in the middle of their body leave nothing", async () => {
  const body = "x".repeat(2_000_000);
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      raw(signedHead("PUT", `/abuse/gone-${i}`, { "content-length": "8000000" }) + body, {
        hangUpAfterMs: 100 + i * 10,
      }),
    ),
  );
  await expectWell();
});

test("pipelined requests are answered in order", async () => {
  const get = signedHead("GET", "/abuse/known");
  const missing = signedHead("GET", "/abuse/missing");
  const last = signedHead("HEAD", "/abuse/known", { connection: "close" });
  const answer = await raw(get + missing + get + missing + last);
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
  expect(statuses).toEqual(["200", "404", "200", "404", "200"]);
  await expectWell();
});

test("pipelined writes take effect in their order, every time", async () => {
  const large = "x".repeat(300_000);
  for (let round = 0; round < 10; round++) {
    const put = (key: string, body: string): string =>
      signedHead("PUT", `/abuse/${key}`, { "content-length": String(body.length) }) + body;
    const answer = await raw(
      put("turn", large) +
        put("turn", "y") +
        put("brief", large) +
        signedHead("DELETE", "/abuse/brief") +
        put(`fresh-${round}`, large) +
        signedHead("HEAD", `/abuse/fresh-${round}`) +
        signedHead("DELETE", `/abuse/fresh-${round}`, { connection: "close" }),
    );
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    expect(statuses).toEqual(["200", "200", "200", "204", "200", "200", "204"]);
    expect((await client.expect(200, "GET", "abuse/turn")).body.toString()).toBe("y");
    expect((await client.call("GET", "abuse/brief")).status).toBe(404);
  }
  await client.expect(204, "DELETE", "abuse/turn");
  await expectWell();
});

test("100,000 pipelined requests behind answers that nobody reads hold no memory", async () => {
  await client.expect(200, "PUT", "abuse/large", { body: new Uint8Array(64 << 20) });
  const many = signedHead("GET", "/abuse/large") + signedHead("DELETE", "/abuse/known").repeat(5_000);
  const before = residentMebibytes(node.pid);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(node.s3Port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("connect", () => socket.write(many));
    socket.pause();
    return socket;
  });
  await Bun.sleep(1500);
  const grown = residentMebibytes(node.pid) - before;
  for (const socket of sockets) socket.destroy();
  console.log(`20 stalled connections with 5,000 pipelined requests each: RSS +${grown.toFixed(0)} MiB`);
  // None of the deletions was begun: their clients had not taken the answer before.
  expect((await client.expect(200, "GET", "abuse/known")).body.toString()).toBe("known");
  await client.expect(204, "DELETE", "abuse/large");
  expect(grown).toBeLessThan(250);
  await expectWell();
});

test("a client that writes its whole upload before it reads is told why it was refused, 40 times of 40", async () => {
  const refusals = [
    [signedHead("PUT", "/no-such-bucket/key", { "content-length": String(10 << 20) }), "NoSuchBucket"],
    [`PUT /abuse/anonymous HTTP/1.1\r\nhost: h\r\ncontent-length: ${10 << 20}\r\n\r\n`, "AccessDenied"],
  ] as const;
  const body = new Uint8Array(10 << 20);
  for (let round = 0; round < 40; round++) {
    const [head, code] = refusals[round % 2] ?? refusals[0];
    expect(await raw(Buffer.concat([Buffer.from(head), body]))).toContain(`<Code>${code}</Code>`);
  }
  await expectWell();
});

test("the host of an absolute-form target is the one that was signed, and may name the bucket", async () => {
  const absolute = (scheme: string, host: string, path: string): Promise<string> =>
    raw(
      signedHead("GET", path, { connection: "close" }, host)
        .replace(`GET ${path}`, `GET ${scheme}://${host}${path}`)
        .replace(`host: ${host}`, "host: proxy.example"),
    );
  expect(await absolute("http", `127.0.0.1:${node.s3Port}`, "/abuse/known")).toEndWith("known");
  expect(await absolute("https", `127.0.0.1:${node.s3Port}`, "/abuse/known")).toEndWith("known");
  expect(await absolute("http", "abuse.s3.test", "/known")).toEndWith("known");
  const wrong = signedHead("GET", "/abuse/known", { connection: "close" });
  const other = wrong.replace("GET /abuse", "GET http://other.example/abuse");
  expect(await raw(other)).toContain("<Code>SignatureDoesNotMatch</Code>");
  await expectWell();
});

test("methods and targets that are none of S3's get an answer", async () => {
  const host = "host: h\r\nconnection: close\r\n\r\n";
  expect(await raw(`CONNECT s3.test:443 HTTP/1.1\r\n${host}`)).toMatch(
    /^HTTP\/1\.1 405 .*<Code>MethodNotAllowed</s,
  );
  expect(await raw(`OPTIONS * HTTP/1.1\r\n${host}`)).toMatch(/^HTTP\/1\.1 405 .*<Code>MethodNotAllowed</s);
  expect(await raw(`TRACE /abuse/known HTTP/1.1\r\n${host}`)).toMatch(/^HTTP\/1\.1 40[35] .*<Code>/s);
  expect(await raw(`BREW /abuse HTTP/1.1\r\n${host}`)).toMatch(/^HTTP\/1\.1 501 .*<Code>NotImplemented</s);
  expect(await raw(`GET s3.test:80 HTTP/1.1\r\n${host}`)).toMatch(/^HTTP\/1\.1 400 .*<Code>InvalidURI</s);
  await expectWell();
});

test("a transfer coding instead of a length is 501 and names the header", async () => {
  const head = signedHead("PUT", "/abuse/unsized", { "transfer-encoding": "chunked", connection: "close" });
  const answer = await raw(`${head}5\r\nhello\r\n0\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 501 /);
  expect(answer).toContain("<Header>Transfer-Encoding</Header>");
  await expectWell();
});

test("a refused request is found in the log by its id, without what signed it", async () => {
  const logged = async (answer: string): Promise<string> => {
    const id = /^x-amz-request-id: (\S+)/im.exec(answer)?.[1] ?? "no id";
    for (let i = 0; i < 200 && !node.stderr.includes(id); i++) await Bun.sleep(20);
    return (
      node.stderr.split("\n").find((line) => line.includes(`msg=request requestId=${id}`)) ??
      `no line of ${id}`
    );
  };
  const close = { connection: "close" };
  const missing = await logged(await raw(signedHead("GET", "/abuse/no%0Asuch", close)));
  expect(missing).toContain(' bucket=abuse key="no\\nsuch" operation=GetObject status=404 error=NoSuchKey ');
  expect(missing).toContain(` accessKey=${CREDENTIALS.accessKey}`);
  const host = `127.0.0.1:${node.s3Port}`;
  const target = presignedTarget({ method: "GET", host, path: "/abuse/none", credentials: CREDENTIALS }, 60);
  const signature = /X-Amz-Signature=(\w+)/.exec(target)?.[1] ?? "";
  expect(signature).toHaveLength(64);
  const presigned = await logged(
    await raw(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
  );
  expect(presigned).toContain("X-Amz-Signature=REDACTED");
  expect(node.stderr).not.toContain(signature);
  expect(await logged(await raw("GARBAGE\r\n\r\n"))).toContain(" status=400 error=BadRequest");
  // What was served is no error.
  const served = await client.expect(200, "GET", "abuse/known");
  expect(await logged(`x-amz-request-id: ${served.headers["x-amz-request-id"]}`)).toStartWith("no line");
  await expectWell();
});

test("an upload whose body is another request is one upload", async () => {
  const inner = signedHead("DELETE", "/abuse/known");
  const head = signedHead("PUT", "/abuse/smuggled", {
    "content-length": String(inner.length),
    connection: "close",
  });
  expect(await raw(head + inner)).toMatch(/^HTTP\/1\.1 200 /);
  expect((await client.expect(200, "GET", "abuse/smuggled")).body.toString()).toBe(inner);
  await client.expect(204, "DELETE", "abuse/smuggled");
  await expectWell();
});

test("an XML bomb and bad XML", async () => {
  const bomb =
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>' +
    "<Delete><Object><Key>&c;</Key></Object></Delete>";
  for (const body of [bomb, "<Delete>", "", "<Delete><Object/></Delete>", "\0\0", "<a".repeat(100_000)]) {
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    const answer = await client.call("POST", "abuse", {
      query: [["delete", ""]],
      headers: { "content-md5": md5 },
      body,
    });
    expect(answer.status).toBe(400);
  }
  await expectWell();
});

test("thousands of connections that do nothing, and none is left", async () => {
  const before = openDescriptors(node.pid);
  const sockets = await Promise.all(
    Array.from(
      { length: 1000 },
      () =>
        new Promise<ReturnType<typeof connect>>((done) => {
          const socket = connect(node.s3Port, "127.0.0.1");
          socket.on("error", () => done(socket));
          socket.on("connect", () => done(socket));
        }),
    ),
  );
  await expectWell();
  for (const socket of sockets) socket.destroy();
  let left = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 100 && left > before + 10; i++) {
    await Bun.sleep(50);
    left = openDescriptors(node.pid);
  }
  expect(left).toBeLessThanOrEqual(before + 10);
  await expectWell();
});

test("a presigned URL with its parameters twice, or cut anywhere, is refused", async () => {
  const target = presignedTarget(
    { method: "GET", host: `127.0.0.1:${node.s3Port}`, path: "/abuse/known", credentials: CREDENTIALS },
    60,
  );
  const get = (path: string): Promise<string> =>
    raw(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${node.s3Port}\r\nconnection: close\r\n\r\n`);
  expect(await get(target)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await get(`${target}&X-Amz-Expires=600`)).toMatch(/^HTTP\/1\.1 40\d /);
  for (let length = "/abuse/known".length; length < target.length; length += 7) {
    expect(await get(target.slice(0, length))).toMatch(/^HTTP\/1\.1 40\d /);
  }
  await expectWell();
});
