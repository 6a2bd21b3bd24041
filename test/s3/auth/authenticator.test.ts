import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { canonicalHeaders } from "../../../src/s3/auth/canonical.ts";
import { deriveSigningKey } from "../../../src/s3/auth/signing-keys.ts";
import type { AuthResult } from "../../../src/s3/auth/types.ts";
import type { S3Error } from "../../../src/s3/protocol/errors.ts";
import {
  ACCESS_KEY,
  authenticate,
  authenticatorAt,
  clockAt,
  EMPTY_SHA256,
  EXAMPLE_MS,
  refusalOf,
  SECRET_KEY,
  s3Request,
  USER_ID,
  withHeaders,
} from "./fixture.ts";
import { presign, signHeaders, type ToSign } from "./sign.ts";

const MINUTE = 60_000;

async function signed(request: Partial<ToSign> = {}): Promise<{ target: string; headers: string[] }> {
  return signHeaders({ method: "GET", path: "/bucket/key", ...request }, EXAMPLE_MS);
}

function extraOf(error: S3Error): Record<string, string> {
  return Object.fromEntries(error.extra);
}

describe("round trips with the SDK's signer", () => {
  test.each([
    "/b/plain.txt",
    "/b/a/../b",
    "/b/./x",
    "/b/a//b",
    "/b//lead",
    "/b/a%20b%2Bc%25%C3%A9~%281%29%2A",
    "/b/%F0%9F%98%80",
    "/b/a%2Fb",
    "/b/a+b",
    "/b/lower%c3%a9",
    "/b/x!'()*",
    "/b/%00",
  ])("path %s", async (path) => {
    const { target, headers } = await signed({ path });
    expect(authenticate({ target, headers }).principal).toEqual({
      kind: "user",
      id: USER_ID,
      accessKey: ACCESS_KEY,
    });
  });

  test("a header value that ends in the byte A0 is not trimmed: it may be the end of a UTF-8 character", async () => {
    // Clients that send UTF-8 as it is (Go, s3cmd) sign these bytes: "voilà" ends in C3 A0.
    const value = Buffer.from("voil\u00e0", "utf8").toString("latin1");
    const { text } = canonicalHeaders(["x-amz-meta-a", ` \t${value} \t`], "x-amz-meta-a");
    expect(text).toBe(`x-amz-meta-a:${value}\n`);
  });

  test("query parameters are encoded and sorted", async () => {
    const query = { prefix: "a b/é+&=", "list-type": "2", delimiter: "/", Zed: "", "start-after": "~(1)*" };
    const { target, headers } = await signed({ path: "/b", query });
    expect(authenticate({ target, headers }).method).toBe("header");
    // The same request, said with other but equivalent bytes.
    const respelled = target.replace("a%20b", "a+b").replace("%28", "(").replace("Zed=", "Zed");
    expect(respelled).not.toBe(target);
    expect(authenticate({ target: respelled, headers }).method).toBe("header");
    const other = target.replace("a%20b", "a%20c");
    expect(refusalOf(() => authenticate({ target: other, headers })).code).toBe("SignatureDoesNotMatch");
  });

  test.each(["prefix=a%20b&delimiter=%2F", "prefix=a%2Bb&x", "b&a=%c3%a9"])(
    "a query signed as it stands, like curl 7 does: %s",
    (query) => {
      const canonical = `GET\n/b\n${query}\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD`;
      const hash = createHash("sha256").update(canonical).digest("hex");
      const toSign = `AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${hash}`;
      const key = deriveSigningKey(SECRET_KEY, "20130524", "us-east-1", "s3");
      const signature = createHmac("sha256", key).update(toSign).digest("hex");
      const headers = [
        ...[
          "Host",
          "h",
          "x-amz-content-sha256",
          "UNSIGNED-PAYLOAD",
          "x-amz-date",
          "20130524T000000Z",
          "Authorization",
        ],
        `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
      ];
      expect(authenticate({ target: `/b?${query}`, headers }).method).toBe("header");
      expect(refusalOf(() => authenticate({ target: `/b?${query}&y`, headers })).code).toBe(
        "SignatureDoesNotMatch",
      );
    },
  );

  test("header values: blanks, repeats, bytes above ASCII", async () => {
    const { target, headers } = await signed({
      headers: { "x-amz-meta-a": "  one   two ", "x-amz-meta-b": "x,y", "content-type": "text/plain" },
    });
    expect(authenticate({ target, headers }).method).toBe("header");
    const repeated = [
      ...withHeaders(headers, { "x-amz-meta-b": undefined }),
      "x-amz-meta-b",
      "x",
      "X-Amz-Meta-B",
      " y ",
    ];
    expect(authenticate({ target, headers: repeated }).method).toBe("header");
    const utf8 = await signed({ headers: { "x-amz-meta-c": "é" } });
    const wire = withHeaders(utf8.headers, { "x-amz-meta-c": "\u00c3\u00a9" });
    expect(authenticate({ target: utf8.target, headers: wire }).method).toBe("header");
  });

  test("virtual-host style signs the path without the bucket", async () => {
    const { target, headers } = await signHeaders(
      { method: "GET", path: "/k", headers: { host: "my.bucket.s3.local:9000" } },
      EXAMPLE_MS,
    );
    const request = s3Request({ target, headers, domains: ["s3.local"] });
    expect([request.style, request.bucket, request.key]).toEqual(["virtual-host", "my.bucket", "k"]);
    expect(authenticatorAt(EXAMPLE_MS).authenticate(request).method).toBe("header");
  });

  test("payload modes", async () => {
    const modeOf = async (sha256: string): Promise<AuthResult["payload"]> => {
      const { target, headers } = await signed({ method: "PUT", sha256 });
      return authenticate({ method: "PUT", target, headers }).payload;
    };
    expect(await modeOf("UNSIGNED-PAYLOAD")).toEqual({ kind: "unsigned" });
    expect(await modeOf("a".repeat(64))).toEqual({ kind: "signed", sha256: "a".repeat(64) });
    expect(await modeOf("STREAMING-UNSIGNED-PAYLOAD-TRAILER")).toEqual({
      kind: "chunked",
      trailer: true,
      signing: undefined,
    });
    expect(await modeOf("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")).toMatchObject({
      kind: "chunked",
      trailer: false,
      signing: { timestamp: "20130524T000000Z", scope: "20130524/us-east-1/s3/aws4_request" },
    });
    expect(await modeOf("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")).toMatchObject({
      kind: "chunked",
      trailer: true,
    });
    await expect(modeOf("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")).rejects.toMatchObject({
      code: "InvalidArgument",
    });
    await expect(modeOf("abc")).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  test("a Date header in place of x-amz-date", async () => {
    // The SDK always adds x-amz-date, so this one is the server's own answer turned round.
    const credential = `${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request`;
    const headers = (signature: string): string[] => [
      ...["Host", "h", "Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
      "Authorization",
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=date;host;x-amz-content-sha256, Signature=${signature}`,
    ];
    const error = refusalOf(() => authenticate({ headers: headers("0".repeat(64)) }));
    expect(extraOf(error)["StringToSign"]).toStartWith(
      "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n",
    );
    expect(extraOf(error)["CanonicalRequest"]).toContain("\ndate:Fri, 24 May 2013 00:00:00 GMT\nhost:h\n");
  });
});

describe("refusals of header authentication", () => {
  async function codeOf(changes: Record<string, string | undefined>, ms = EXAMPLE_MS): Promise<string> {
    const { target, headers } = await signed();
    return refusalOf(() => authenticate({ target, headers: withHeaders(headers, changes) }, ms)).code;
  }

  test("time: 15 minutes either way, no more", async () => {
    const { target, headers } = await signed();
    for (const ms of [15 * MINUTE, -15 * MINUTE]) {
      expect(authenticate({ target, headers }, EXAMPLE_MS + ms).method).toBe("header");
    }
    for (const ms of [15 * MINUTE + 1000, -15 * MINUTE - 1000]) {
      const error = refusalOf(() => authenticate({ target, headers }, EXAMPLE_MS + ms));
      expect(error.code).toBe("RequestTimeTooSkewed");
      expect(extraOf(error)["MaxAllowedSkewMilliseconds"]).toBe("900000");
    }
  });

  test("dates that are none", async () => {
    expect(await codeOf({ "x-amz-date": undefined })).toBe("AccessDenied");
    expect(await codeOf({ "x-amz-date": "20130231T000000Z" })).toBe("AccessDenied");
    expect(await codeOf({ "x-amz-date": "yesterday" })).toBe("AccessDenied");
    expect(await codeOf({ "x-amz-date": undefined, Date: "Fri, 24 May 2013 00:00:00 GMT" })).toBe(
      "AccessDenied",
    );
    expect(await codeOf({ "x-amz-date": "20130525T000000Z" })).toBe("AuthorizationHeaderMalformed");
  });

  test("unknown access key, wrong region, wrong service", async () => {
    const { target, headers } = await signed();
    const refused = (from: string, to: string): S3Error =>
      refusalOf(() => authenticate({ target, headers: headers.map((text) => text.replace(from, to)) }));
    const unknown = refused(ACCESS_KEY, "NOBODY/WITH/SLASHES");
    expect([unknown.code, extraOf(unknown)["AWSAccessKeyId"]]).toEqual([
      "InvalidAccessKeyId",
      "NOBODY/WITH/SLASHES",
    ]);
    const region = refused("/us-east-1/", "/eu-west-1/");
    expect([region.code, extraOf(region)["Region"]]).toEqual(["AuthorizationHeaderMalformed", "us-east-1"]);
    expect(region.message).toContain("'eu-west-1' is wrong; expecting 'us-east-1'");
    expect(region.headers).toEqual([["x-amz-bucket-region", "us-east-1"]]);
    expect(refused("/s3/", "/ec2/").headers).toEqual([]);
    expect(refused("/s3/aws4", "/ec2/aws4").code).toBe("AuthorizationHeaderMalformed");
    expect(refused("aws4_request", "aws5_request").code).toBe("AuthorizationHeaderMalformed");
    expect(refused("/20130524/us-east-1/s3", "/us-east-1/s3").code).toBe("AuthorizationHeaderMalformed");
  });

  test.each([
    ["AWS4-HMAC-SHA256 ", "AuthorizationHeaderMalformed"],
    ["AWS4-HMAC-SHA256 Credential=a/b", "AuthorizationHeaderMalformed"],
    [
      "AWS4-HMAC-SHA256 Credential=a/1/2/s3/aws4_request, SignedHeaders=host, Signature=",
      "AuthorizationHeaderMalformed",
    ],
    ["AWS4-HMAC-SHA256 Nonsense=1, Credential=a/1/2/s3/aws4_request", "AuthorizationHeaderMalformed"],
    ["AWS4-ECDSA-P256-SHA256 Credential=a", "UnsupportedSignature"],
    ["AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "InvalidRequest"],
    ["Basic dXNlcjpwYXNz", "InvalidArgument"],
    ["", "InvalidArgument"],
  ])("Authorization: %s", async (value, code) => {
    expect(await codeOf({ authorization: value })).toBe(code);
  });

  test("what must be signed: host and every x-amz-* header", async () => {
    const { target, headers } = await signed();
    const extra = refusalOf(() =>
      authenticate({ target, headers: [...headers, "X-Amz-Acl", "public-read"] }),
    );
    expect([extra.code, extraOf(extra)["HeadersNotSigned"]]).toEqual(["AccessDenied", "x-amz-acl"]);
    const noHost = headers.map((text) => text.replace("SignedHeaders=host;", "SignedHeaders="));
    expect(extraOf(refusalOf(() => authenticate({ target, headers: noHost })))["HeadersNotSigned"]).toBe(
      "host",
    );
    expect(authenticate({ target, headers: [...headers, "X-Other", "fine"] }).method).toBe("header");
  });

  test("missing content hash, foreign token, changed signed header", async () => {
    expect(await codeOf({ "x-amz-content-sha256": undefined })).toBe("MissingSecurityHeader");
    expect(await codeOf({ "x-amz-security-token": "abc" })).toBe("InvalidToken");
    expect(await codeOf({ host: "other" })).toBe("SignatureDoesNotMatch");
  });

  test("a new secret ends the old one at once, cached key or not", async () => {
    let secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const auth = new Authenticator({
      credentials: { find: (accessKey) => ({ userId: USER_ID, accessKey, secretKey }) },
      clock: clockAt(EXAMPLE_MS),
    });
    const { target, headers } = await signed();
    expect(auth.authenticate(s3Request({ target, headers })).method).toBe("header");
    secretKey = "changed";
    expect(refusalOf(() => auth.authenticate(s3Request({ target, headers }))).code).toBe(
      "SignatureDoesNotMatch",
    );
  });
});

describe("presigned URLs", () => {
  const request: ToSign = { method: "GET", path: "/bucket/a%20key" };

  test("from their time of signing to their expiry", async () => {
    const { target, headers } = await presign(request, EXAMPLE_MS, 3600);
    const at = (ms: number): AuthResult => authenticate({ target, headers }, EXAMPLE_MS + ms);
    expect(at(0)).toMatchObject({ method: "presigned", payload: { kind: "unsigned" } });
    expect(at(60 * MINUTE).method).toBe("presigned");
    expect(at(-15 * MINUTE).method).toBe("presigned");
    const expired = refusalOf(() => at(60 * MINUTE + 1000));
    expect([expired.code, expired.status, expired.message]).toEqual([
      "AccessDenied",
      403,
      "Request has expired",
    ]);
    expect(extraOf(expired)["Expires"]).toBe("2013-05-24T01:00:00Z");
    const early = refusalOf(() => at(-16 * MINUTE));
    expect([early.code, early.message]).toEqual(["AccessDenied", "Request is not valid yet"]);
  });

  test.each([
    ["X-Amz-Expires", "604801"],
    ["X-Amz-Expires", "0"],
    ["X-Amz-Expires", "-5"],
    ["X-Amz-Expires", "soon"],
    ["X-Amz-Expires", undefined],
    ["X-Amz-Date", "tomorrow"],
    ["X-Amz-Date", undefined],
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA1"],
    ["X-Amz-Signature", undefined],
    ["X-Amz-SignedHeaders", undefined],
    ["X-Amz-Credential", "a/b/c"],
    ["X-Amz-Credential", `${ACCESS_KEY}/20130524/eu-west-1/s3/aws4_request`],
  ])("%s=%s is AuthorizationQueryParametersError", async (name, value) => {
    const { target, headers } = await presign(request, EXAMPLE_MS, 3600);
    const url = new URL(`http://h${target}`);
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    const changed = `${request.path}${url.search}`;
    expect(refusalOf(() => authenticate({ target: changed, headers })).code).toBe(
      "AuthorizationQueryParametersError",
    );
  });

  test.each([
    [
      "604801",
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    ],
    ["-5", "X-Amz-Expires must be non-negative"],
    ["soon", "X-Amz-Expires should be a number"],
  ])(
    "X-Amz-Expires=%s is refused in the words of S3 (Authenticating requests: query parameters)",
    async (value, message) => {
      const { target, headers } = await presign(request, EXAMPLE_MS, 3600);
      const url = new URL(`http://h${target}`);
      url.searchParams.set("X-Amz-Expires", value);
      const changed = `${request.path}${url.search}`;
      expect(refusalOf(() => authenticate({ target: changed, headers })).message).toBe(message);
    },
  );

  test("tampering, an added x-amz header, two mechanisms", async () => {
    const { target, headers } = await presign(request, EXAMPLE_MS, 3600);
    expect(refusalOf(() => authenticate({ target: `${target}&versionId=1`, headers })).code).toBe(
      "SignatureDoesNotMatch",
    );
    expect(refusalOf(() => authenticate({ target: target.replace("3600", "7200"), headers })).code).toBe(
      "SignatureDoesNotMatch",
    );
    expect(
      refusalOf(() => authenticate({ target, headers: [...headers, "x-amz-acl", "private"] })).code,
    ).toBe("AccessDenied");
    expect(
      refusalOf(() => authenticate({ target, headers: [...headers, "authorization", "AWS4-HMAC-SHA256 x"] }))
        .code,
    ).toBe("InvalidArgument");
  });

  test("the content hash counts in whatever case the signer moved it to the query", async () => {
    const sha256 = EMPTY_SHA256;
    const lower = await presign({ method: "PUT", path: "/b/k", sha256 }, EXAMPLE_MS, 60);
    expect(lower.target).toContain(`x-amz-content-sha256=${sha256}`);
    expect(authenticate({ method: "PUT", ...lower }).payload).toEqual({ kind: "signed", sha256 });
    const nonsense = await presign({ method: "PUT", path: "/b/k", sha256: "none" }, EXAMPLE_MS, 60);
    expect(refusalOf(() => authenticate({ method: "PUT", ...nonsense })).code).toBe("InvalidArgument");
    const target = `${lower.target}&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD`;
    expect(refusalOf(() => authenticate({ method: "PUT", target, headers: lower.headers })).code).toBe(
      "AuthorizationQueryParametersError",
    );
  });

  test("a session token is refused in whatever case it is in the query", async () => {
    for (const name of ["X-Amz-Security-Token", "x-amz-security-token"]) {
      const { target, headers } = await presign({ ...request, query: { [name]: "t" } }, EXAMPLE_MS, 60);
      expect(refusalOf(() => authenticate({ target, headers })).code).toBe("InvalidToken");
    }
  });

  test("signed headers of a PUT count; a streamed body is recognised", async () => {
    const put: ToSign = { method: "PUT", path: "/b/k", headers: { "content-type": "text/plain" } };
    const { target, headers } = await presign(put, EXAMPLE_MS, 60);
    expect(authenticate({ method: "PUT", target, headers }).payload.kind).toBe("unsigned");
    const streamed = [...headers, "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"];
    expect(authenticate({ method: "PUT", target, headers: streamed }).payload.kind).toBe("chunked");
  });
});

describe("anonymous requests", () => {
  test("are anonymous, whatever they ask for", () => {
    expect(authenticate({ target: "/b/k?prefix=x" })).toEqual({
      principal: { kind: "anonymous" },
      payload: { kind: "unsigned" },
      method: "anonymous",
    });
    const streamed = ["Host", "h", "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"];
    expect(authenticate({ headers: streamed }).payload.kind).toBe("chunked");
  });

  test("cannot claim signed chunks, and SigV2 URLs are refused", () => {
    const streamed = ["Host", "h", "x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"];
    expect(refusalOf(() => authenticate({ headers: streamed })).code).toBe("InvalidArgument");
    expect(
      refusalOf(() => authenticate({ target: "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1" })).code,
    ).toBe("InvalidRequest");
  });
});
