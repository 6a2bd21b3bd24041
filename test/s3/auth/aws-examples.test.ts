/** The worked examples of the AWS documentation ("Signature Calculations", "Query String Authentication"). */
import { describe, expect, test } from "bun:test";
import { deriveSigningKey } from "../../../src/s3/auth/signing-keys.ts";
import { ACCESS_KEY, authenticate, EMPTY_SHA256, refusalOf, SECRET_KEY, USER_ID } from "./fixture.ts";

const HOST = ["Host", "examplebucket.s3.amazonaws.com"];
const DATE = ["x-amz-date", "20130524T000000Z"];
const DOMAINS = ["s3.amazonaws.com"];

function authorization(signedHeaders: string, signature: string): string[] {
  const credential = `${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request`;
  return [
    "Authorization",
    `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`,
  ];
}

const examples: [string, { method: string; target: string; headers: string[] }][] = [
  [
    "GET object",
    {
      method: "GET",
      target: "/test.txt",
      headers: [
        ...HOST,
        ...authorization(
          "host;range;x-amz-content-sha256;x-amz-date",
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ...["Range", "bytes=0-9", "x-amz-content-sha256", EMPTY_SHA256],
        ...DATE,
      ],
    },
  ],
  [
    "PUT object",
    {
      method: "PUT",
      target: "/test$file.text",
      headers: [
        ...HOST,
        ...["Date", "Fri, 24 May 2013 00:00:00 GMT"],
        ...authorization(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ...DATE,
        ...["x-amz-storage-class", "REDUCED_REDUNDANCY"],
        ...["x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"],
      ],
    },
  ],
  [
    "GET bucket lifecycle",
    {
      method: "GET",
      target: "/?lifecycle",
      headers: [
        ...HOST,
        ...authorization(
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        ...DATE,
        ...["x-amz-content-sha256", EMPTY_SHA256],
      ],
    },
  ],
  [
    "GET bucket (list objects)",
    {
      method: "GET",
      target: "/?max-keys=2&prefix=J",
      headers: [
        ...HOST,
        ...authorization(
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
        ...DATE,
        ...["x-amz-content-sha256", EMPTY_SHA256],
      ],
    },
  ],
];

const PRESIGNED =
  "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

describe("AWS examples", () => {
  test.each(examples)("%s", (_name, example) => {
    const result = authenticate({ ...example, domains: DOMAINS });
    expect(result.principal).toEqual({ kind: "user", id: USER_ID, accessKey: ACCESS_KEY });
    expect(result.payload.kind).toBe("signed");
  });

  test.each(examples)("%s, with one bit of it changed", (_name, example) => {
    const headers = example.headers.map((text) =>
      text.replace(/Signature=(.)/, (_m, c) => `Signature=${c === "0" ? "1" : "0"}`),
    );
    expect(refusalOf(() => authenticate({ ...example, headers, domains: DOMAINS })).code).toBe(
      "SignatureDoesNotMatch",
    );
    const method = example.method === "GET" ? "HEAD" : "POST";
    expect(refusalOf(() => authenticate({ ...example, method, domains: DOMAINS })).code).toBe(
      "SignatureDoesNotMatch",
    );
    const target = `${example.target}${example.target.includes("?") ? "&" : "?"}x=y`;
    expect(refusalOf(() => authenticate({ ...example, target, domains: DOMAINS })).code).toBe(
      "SignatureDoesNotMatch",
    );
  });

  test("presigned GET", () => {
    const result = authenticate({ target: PRESIGNED, headers: HOST, domains: DOMAINS });
    expect(result).toMatchObject({ method: "presigned", payload: { kind: "unsigned" } });
    const other = PRESIGNED.replace("test.txt", "test2.txt");
    expect(refusalOf(() => authenticate({ target: other, headers: HOST, domains: DOMAINS })).code).toBe(
      "SignatureDoesNotMatch",
    );
  });

  test("the derived signing key", () => {
    const key = deriveSigningKey(SECRET_KEY, "20120215", "us-east-1", "iam");
    expect(Buffer.from(key).toString("hex")).toBe(
      "004aa806e13dae88b9032d9261bcb04c67d023afadd221e6b0d206e1760e0b5e",
    );
  });

  test("the refusal shows what should have been signed", () => {
    const [, list] = examples[3] as (typeof examples)[number];
    const headers = list.headers.map((text) => text.replace("Signature=3", "Signature=4"));
    const error = refusalOf(() => authenticate({ ...list, headers, domains: DOMAINS }));
    const extra = Object.fromEntries(error.extra);
    expect(extra["AWSAccessKeyId"]).toBe(ACCESS_KEY);
    expect(extra["CanonicalRequest"]).toBe(
      `GET\n/\nmax-keys=2&prefix=J\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:${EMPTY_SHA256}\nx-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n${EMPTY_SHA256}`,
    );
    expect(extra["StringToSign"]).toBe(
      "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\ndf57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
    );
    expect(extra["CanonicalRequestBytes"]?.startsWith("47 45 54 0a 2f")).toBe(true);
  });
});
