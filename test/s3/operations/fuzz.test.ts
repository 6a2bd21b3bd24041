/**
 * Forms, policies, CORS rules and tags that are nearly right: no request is answered 500, none leaves half an object,
 * a buffer or a permit, and what is refused changes nothing.
 */
import { expect, test } from "bun:test";
import { configuration, GET_ANY } from "../support/cors.ts";
import { type Harness, harness } from "../support/harness.ts";
import {
  BOUNDARY,
  FORM_TYPE,
  formBody,
  LATER,
  policyFields,
  SIGNING_CONDITIONS,
  signed,
} from "../support/post-form.ts";
import { seeded, testSeed } from "../support/seeded.ts";
import { tagging } from "../support/tagging.ts";

type Random = (below: number) => number;

function fuzz(name: string, run: (random: Random) => Promise<void>): void {
  const seed = testSeed();
  test(`${name} (S3_TEST_SEED=${seed})`, () => run(seeded(seed).int), 60_000);
}

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  return h;
}

async function expectWhole(h: Harness, what: string): Promise<void> {
  expect([what, h.errors, h.kv.buffers, h.admission.inUseBytes]).toEqual([what, [], 0, 0]);
}

/** Every key but the one that is there from the beginning. */
async function keysOf(h: Harness): Promise<string[]> {
  const keys = (await h.call("GET", "/bucket?encoding-type=url")).tags("Key").map(decodeURIComponent);
  return keys.filter((key) => key !== "key");
}

/** Pieces that break parsers: of XML, of forms, of JSON, of URLs. */
const SPLINTERS = [
  "<",
  ">",
  "</",
  "/>",
  "&",
  "&lt;",
  "&#0;",
  "&#xD800;",
  "&x;",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "<?xml",
  "<!DOCTYPE a>",
  "\r\n",
  "\n",
  "\r\n\r\n",
  `\r\n--${BOUNDARY}`,
  `--${BOUNDARY}--`,
  "--",
  '"',
  "\\",
  ";",
  "name=",
  'filename="',
  "\u0000",
  "\u0001",
  "\u00ff",
  "\ud7ff",
  "é",
  "𝒜",
  "*",
  "**",
  "%",
  "%zz",
  "+",
  "=",
  "&a=b",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "1e999",
  "-1",
  "Tag",
  "TagSet",
  "Key",
  "aws:",
  "CORSRule",
  "AllowedOrigin",
  "99999999999999999999",
  " ",
  "\t",
  "$" + "{",
  "$key",
  "x".repeat(300),
] as const;

/** Some bytes changed, cut out, doubled, or a splinter put between. */
function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let times = random(4); times >= 0; times--) {
    const at = random(result.byteLength + 1);
    const length = random(random(2) === 0 ? 4 : 200);
    const before = result.subarray(0, at);
    switch (random(5)) {
      case 0:
        result = Buffer.concat([before, result.subarray(at + length)]);
        break;
      case 1:
        result = Buffer.concat([
          before,
          Buffer.from(SPLINTERS[random(SPLINTERS.length)] as string),
          result.subarray(at),
        ]);
        break;
      case 2:
        result = Buffer.concat([before, result.subarray(at, at + length), result.subarray(at)]);
        break;
      case 3:
        result = Buffer.concat([before, Buffer.from([random(256)]), result.subarray(at + 1)]);
        break;
      default:
        result = random(4) === 0 ? before : result;
    }
  }
  return result;
}

fuzz("documents of tags and CORS rules", async (random) => {
  const h = await prepared();
  const documents = [
    [
      "/bucket?tagging",
      tagging([
        ["a", "b"],
        ["c", ""],
      ]),
    ],
    ["/bucket/key?tagging", tagging([["a", "b"]])],
    [
      "/bucket?cors",
      configuration(
        { ...GET_ANY, AllowedHeader: ["*"], ExposeHeader: "ETag", ID: "i", MaxAgeSeconds: "5" },
        GET_ANY,
      ),
    ],
    [
      "/bucket?requestPayment",
      "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
    ],
  ] as const;
  for (const [target, document] of documents) await h.call("PUT", target, { body: document });
  for (let i = 0; i < 1500; i++) {
    const [target, document] = documents[random(documents.length)] as (typeof documents)[number];
    const before = (await h.call("GET", target)).text;
    const body = mutated(random, Buffer.from(document));
    const answer = await h.call("PUT", target, { body });
    const what = `${target} ${body.toString("base64")}`;
    expect([what, [200, 204, 400].includes(answer.status)]).toEqual([what, true]);
    const after = await h.call("GET", target);
    expect([what, after.status < 500]).toEqual([what, true]);
    if (answer.status === 400) expect([what, after.text]).toEqual([what, before]);
    // What a GET gives back may be put.
    else if (after.status === 200)
      expect([what, (await h.call("PUT", target, { body: after.text })).status]).toEqual([
        what,
        answer.status,
      ]);
  }
  expect((await h.call("GET", "/bucket/key")).text).toBe("content");
  await expectWhole(h, "documents");
});

fuzz("the header x-amz-tagging", async (random) => {
  const h = await prepared();
  for (let i = 0; i < 1000; i++) {
    const value = mutated(random, Buffer.from("key%201=value&b=%C3%A9&c"))
      .toString("latin1")
      .replaceAll(/[\r\n\0]/g, "");
    const answer = await h.call("PUT", "/bucket/tagged", { body: "x", headers: { "x-amz-tagging": value } });
    expect([value, [200, 400].includes(answer.status)]).toEqual([value, true]);
    if (answer.status === 200) expect((await h.call("GET", "/bucket/tagged?tagging")).status).toBe(200);
  }
  await expectWhole(h, "header");
});

fuzz("forms", async (random) => {
  const h = await prepared();
  const fields = signed(
    [
      ["key", "form/@"],
      ["Content-Type", "text/plain"],
      ["x-amz-meta-a", "b"],
      ["tagging", tagging([["a", "b"]])],
      ["success_action_status", "201"],
    ],
    ["key", "Content-Type", "x-amz-meta-a", "tagging", "success_action_status"].map((name) => [
      "starts-with",
      `$${name}`,
      "",
    ]),
  );
  for (let i = 0; i < 800; i++) {
    const file = Buffer.alloc(random(random(3) === 0 ? 200_000 : 100), random(256));
    const body = mutated(random, formBody(fields, { file, after: random(3) === 0 ? [["submit", "x"]] : [] }));
    const step = 1 + random(random(2) === 0 ? 70_000 : 300);
    const declaredLength = random(10) === 0 ? body.byteLength + 5 : body.byteLength;
    const pieces = async function* () {
      for (let at = 0; at < body.byteLength; at += step) yield body.subarray(at, at + step);
    };
    const call = { anonymous: true, headers: FORM_TYPE, body: { length: declaredLength, pieces } };
    const answer = await h.call("POST", "/bucket", call);
    const what = `${step} ${body.byteLength > 3000 ? body.byteLength : body.toString("base64")} ${answer.text}`;
    expect([what, answer.status < 500 || answer.status === 501]).toEqual([what, true]);
    const stored = await keysOf(h);
    if (answer.status >= 400) expect([what, stored]).toEqual([what, []]);
    for (const key of stored) {
      const target = `/bucket/${encodeURIComponent(key)}`;
      expect((await h.call("GET", target)).status).toBe(200);
      await h.call("DELETE", target);
    }
    await expectWhole(h, what);
  }
});

fuzz("policies", async (random) => {
  const h = await prepared();
  const document = JSON.stringify({
    expiration: LATER,
    conditions: [
      ["starts-with", "$key", ""],
      ["content-length-range", 0, 100],
      { acl: "private" },
      ...SIGNING_CONDITIONS,
    ],
  });
  let taken = 0;
  for (let i = 0; i < 1500; i++) {
    const text = random(20) === 0 ? document : mutated(random, Buffer.from(document)).toString("latin1");
    const fields = [["key", "policy"], ["acl", "private"], ...policyFields(text)] as [string, string][];
    const answer = await h.call("POST", "/bucket", {
      anonymous: true,
      headers: FORM_TYPE,
      body: formBody(fields),
    });
    expect([text, [204, 400, 403].includes(answer.status)]).toEqual([text, true]);
    if (answer.status === 204) taken++;
  }
  expect(taken).toBeGreaterThan(0);
  await expectWhole(h, "policies");
});

fuzz("preflights and origins", async (random) => {
  const h = await prepared();
  const rule = {
    AllowedOrigin: ["http://*.a", "*b"],
    AllowedMethod: ["GET", "PUT"],
    AllowedHeader: ["x-*", "a"],
    ExposeHeader: "ETag",
  };
  await h.call("PUT", "/bucket?cors", { body: configuration(rule) });
  const value = (text: string): string =>
    mutated(random, Buffer.from(text))
      .toString("latin1")
      .replaceAll(/[\r\n\0]/g, "");
  for (let i = 0; i < 1500; i++) {
    const headers = {
      Origin: value("http://x.a"),
      "Access-Control-Request-Method": random(2) === 0 ? "GET" : value("PUT"),
      "Access-Control-Request-Headers": value("x-amz-date, a"),
    };
    const answer = await h.call(random(2) === 0 ? "OPTIONS" : "GET", "/bucket/key", { headers });
    expect([headers, [200, 400, 403].includes(answer.status)]).toEqual([headers, true]);
    for (const text of answer.headers.values()) expect(/[\r\n]/.test(text)).toBe(false);
  }
  await expectWhole(h, "preflights");
});

test("a form of nothing but boundaries", async () => {
  const h = await prepared();
  const body = Buffer.from(`--${BOUNDARY}\r\n\r\n`.repeat(300));
  const answer = await h.call("POST", "/bucket", { anonymous: true, headers: FORM_TYPE, body });
  expect([answer.status, answer.tag("Code")]).toEqual([400, "MalformedPOSTRequest"]);
  await expectWhole(h, "boundaries");
});
