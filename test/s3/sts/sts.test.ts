/**
 * Temporary credentials, signed by the AWS SDK's own signer. AWS: STS API reference, AssumeRole (parameters, errors),
 * GetCallerIdentity, "Common Error Types"; IAM user guide, "Using temporary credentials with AWS resources"; S3 "List of
 * error codes" (ExpiredToken, InvalidToken).
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { Sessions } from "../../../src/iam/sessions.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { policyAuthorizer } from "../../../src/s3/auth/policy-authorizer.ts";
import { SealingKey } from "../../../src/secrets/sealing-key.ts";
import { ROOT_ID, ROOT_KEY, type World, world } from "../../node/users/world.ts";
import { FORM_TYPE, type SigningKeys, signedBySdk } from "../../support/assume-role.ts";
import { type Answer, type Harness, harness } from "../support/harness.ts";

const ANN: SigningKeys = { accessKeyId: "AKIAANN", secretAccessKey: "anns-secret-key" };
const ROOT: SigningKeys = { accessKeyId: ROOT_KEY, secretAccessKey: "secret-of-root" };
const HOUR = 3_600_000;

let w: World;
let h: Harness;
let sealing: SealingKey | undefined;
let applied: () => Promise<unknown>;
let userId: string;

beforeEach(async () => {
  w = await world();
  sealing = SealingKey.make(systemRandom);
  w.setSealing(sealing);
  const given = { accessKey: ANN.accessKeyId, secretKey: ANN.secretAccessKey };
  userId = (await w.iam.users.create({ name: "ann", ...given })).user.id;
  const { view, apply } = w.node();
  applied = apply;
  await apply();
  const sessions = new Sessions({ view, sealing: () => sealing, clock: w.time, random: systemRandom });
  const authenticator = new Authenticator({
    credentials: { find: (key) => view.find(key), session: (token) => sessions.find(token) },
    clock: w.time,
  });
  const sts = {
    authenticate: authenticator.authenticateSts.bind(authenticator),
    issue: sessions.issue.bind(sessions),
  };
  const authorizer = policyAuthorizer({
    iam: view,
    onUnreadable: (_policy, error) => {
      throw error;
    },
  });
  h = harness({ deps: { authenticator, iam: view, authorizer, sts, clock: w.time } });
});

async function signed(
  service: "s3" | "sts",
  keys: SigningKeys,
  method: string,
  path: string,
  body: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const request = { method, host: "localhost:9000", path, body, headers: more };
  const headers = await signedBySdk(service, keys, request, w.time.nowMs());
  return h.call(method, path, { headers, ...(body === "" ? {} : { body }) });
}

const FORM = { "content-type": FORM_TYPE };
const sts = (parameters: Record<string, string>, keys: SigningKeys = ANN) =>
  signed(
    "sts",
    keys,
    "POST",
    "/",
    new URLSearchParams({ Version: "2011-06-15", ...parameters }).toString(),
    FORM,
  );
const ROLE = {
  Action: "AssumeRole",
  RoleArn: "arn:aws:iam::000000000000:role/any",
  RoleSessionName: "laptop",
};
const s3 = (keys: SigningKeys, method: string, path: string, body = "") =>
  signed("s3", keys, method, path, body);

async function assumed(parameters: Record<string, string> = {}): Promise<SigningKeys> {
  const answer = await sts({ ...ROLE, ...parameters });
  expect([answer.status, answer.tag("Code")]).toEqual([200, undefined]);
  return {
    accessKeyId: answer.tag("AccessKeyId") ?? "",
    secretAccessKey: answer.tag("SecretAccessKey") ?? "",
    sessionToken: answer.tag("SessionToken") ?? "",
  };
}

describe("AssumeRole", () => {
  test("answers credentials that are the user's, on every node with the sealing key, until they end", async () => {
    const answer = await sts({ ...ROLE, DurationSeconds: "900" });
    expect(answer.text).toContain('<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
    expect(answer.tag("AccessKeyId")).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(answer.tag("Arn")).toMatch(/^arn:aws:sts::\d{12}:assumed-role\/ann\/laptop$/);
    expect(answer.tag("AssumedRoleId")).toBe(`${userId}:laptop`);
    expect(answer.tag("RequestId")).toBe("REQUEST1");
    expect(Date.parse(answer.tag("Expiration") ?? "")).toBe(w.time.nowMs() + 900_000);
    const session = await assumed({ DurationSeconds: "900" });
    const made = await s3(session, "PUT", "/anns");
    expect([made.status, made.text]).toEqual([200, ""]);
    expect((await s3(session, "GET", "/")).tag("ID")).toBe(userId);
    expect((await s3(ANN, "GET", "/anns")).status).toBe(200);
    await w.time.advance(900_000);
    const late = await s3(session, "GET", "/anns");
    expect([late.status, late.tag("Code")]).toEqual([400, "ExpiredToken"]);
  });

  test("default: an hour", async () => {
    const session = await assumed();
    await w.time.advance(HOUR - 1);
    expect((await s3(session, "GET", "/")).status).toBe(200);
    await w.time.advance(1);
    expect((await s3(session, "GET", "/")).tag("Code")).toBe("ExpiredToken");
  });

  test("a session ends with the key that made it", async () => {
    const session = await assumed();
    await w.iam.keys.enable(ANN.accessKeyId, false);
    await applied();
    expect((await s3(session, "GET", "/")).tag("Code")).toBe("InvalidToken");
    await w.iam.keys.enable(ANN.accessKeyId, true);
    await w.iam.users.disable("ann", true);
    await applied();
    expect((await s3(session, "GET", "/")).tag("Code")).toBe("InvalidToken");
  });

  test("a policy narrows what the user may do, and adds nothing", async () => {
    expect((await s3(ANN, "PUT", "/anns")).status).toBe(200);
    await s3(ANN, "PUT", "/anns/key", "x");
    await s3(ROOT, "PUT", "/roots");
    const allowing = (Action: string) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
    const reading = await assumed({ Policy: allowing("s3:GetObject") });
    const code = async (method: string, path: string) => {
      const { status, tag } = await s3(reading, method, path);
      return [status, tag("Code")];
    };
    expect(await code("GET", "/anns/key")).toEqual([200, undefined]);
    expect(await code("PUT", "/anns/key")).toEqual([403, "AccessDenied"]);
    expect(await code("GET", "/anns")).toEqual([403, "AccessDenied"]);
    const all = await assumed({ Policy: allowing("s3:*") });
    expect((await s3(all, "PUT", "/anns/key", "y")).status).toBe(200);
    expect((await s3(all, "GET", "/roots")).tag("Code")).toBe("AccessDenied");
    const answer = await sts({ ...ROLE, Policy: allowing("s3:*") });
    expect(answer.tag("PackedPolicySize")).toBe("5");
  });

  test.each([
    ["no session name", { RoleSessionName: "" }, 400, "ValidationError"],
    ["a session name with a blank", { RoleSessionName: "a b" }, 400, "ValidationError"],
    ["no role", { RoleArn: "" }, 400, "ValidationError"],
    ["too short", { DurationSeconds: "899" }, 400, "ValidationError"],
    ["too long", { DurationSeconds: "43201" }, 400, "ValidationError"],
    ["no number", { DurationSeconds: "1e3" }, 400, "ValidationError"],
    ["no JSON", { Policy: "{" }, 400, "MalformedPolicyDocument"],
    ["no object", { Policy: "[]" }, 400, "MalformedPolicyDocument"],
    ["a long policy", { Policy: `{"Statement":"${"x".repeat(2_048)}"}` }, 400, "PackedPolicyTooLarge"],
    ["policies by ARN", { "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/x" }, 400, "ValidationError"],
    ["tags", { "Tags.member.1.Key": "a" }, 400, "ValidationError"],
    ["MFA", { SerialNumber: "mfa-device" }, 400, "ValidationError"],
    ["another action", { Action: "AssumeRoleWithSAML" }, 400, "InvalidAction"],
    ["no action", { Action: "" }, 400, "InvalidAction"],
    ["a form that is too long", { Policy: "x".repeat(17_000) }, 400, "ValidationError"],
  ])("%s", async (_what, parameters, status, code) => {
    const answer = await sts({ ...ROLE, ...(parameters as Record<string, string>) });
    expect([answer.status, answer.tag("Code"), answer.tag("Type")]).toEqual([status, code, "Sender"]);
    expect(answer.text).toStartWith(
      '<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse xmlns="https://sts.amazonaws.com/',
    );
  });

  test("root and temporary credentials get none", async () => {
    expect((await sts(ROLE, ROOT)).tag("Code")).toBe("AccessDenied");
    const again = await sts(ROLE, await assumed());
    expect([again.status, again.tag("Code")]).toEqual([403, "AccessDenied"]);
  });

  test("who is not known, or signs wrongly, gets none", async () => {
    const code = async (keys: SigningKeys) => (await sts(ROLE, keys)).tag("Code");
    expect(await code({ ...ANN, accessKeyId: "AKIANOBODY" })).toBe("InvalidClientTokenId");
    expect(await code({ ...ANN, secretAccessKey: "another-secret" })).toBe("SignatureDoesNotMatch");
    expect(await code({ ...ANN, sessionToken: "none" })).toBe("InvalidClientTokenId");
    // Signed for S3.
    const body = new URLSearchParams(ROLE).toString();
    expect((await signed("s3", ANN, "POST", "/", body, FORM)).tag("Code")).toBe("IncompleteSignature");
    const unsigned = await h.call("POST", "/", { headers: FORM, body });
    expect([unsigned.status, unsigned.tag("Code"), unsigned.bodyRead]).toEqual([
      403,
      "MissingAuthenticationToken",
      0,
    ]);
  });

  test("a body that was changed after it was signed is refused", async () => {
    const kept = h.call;
    const other = new URLSearchParams({ ...ROLE, DurationSeconds: "43200" }).toString();
    h = { ...h, call: (method, target, call) => kept(method, target, { ...call, body: other }) };
    expect((await sts(ROLE)).tag("Code")).toBe("SignatureDoesNotMatch");
  });

  test("without a sealing key: 503, and for a token of before too", async () => {
    const session = await assumed();
    const { view } = w.node();
    const sessions = new Sessions({ view, sealing: () => undefined, clock: w.time, random: systemRandom });
    expect(sessions.find(session.sessionToken ?? "")).toBe("later");
    sealing = undefined;
    const refused = await sts(ROLE);
    expect([refused.status, refused.tag("Code"), refused.tag("Type")]).toEqual([
      503,
      "ServiceUnavailable",
      "Receiver",
    ]);
  });
});

describe("a token", () => {
  test("is needed, is of its key alone, and none other opens", async () => {
    const [one, other] = [await assumed(), await assumed()];
    const code = async (keys: SigningKeys) => (await s3(keys, "GET", "/")).tag("Code");
    const { sessionToken: _, ...without } = one;
    expect(await code(without)).toBe("InvalidAccessKeyId");
    expect(await code({ ...one, sessionToken: other.sessionToken ?? "" })).toBe("InvalidToken");
    expect(await code({ ...ANN, sessionToken: one.sessionToken ?? "" })).toBe("InvalidToken");
    expect(await code({ ...one, sessionToken: `${one.sessionToken?.slice(0, -8)}AAAAAAAA` })).toBe(
      "InvalidToken",
    );
    expect(await code({ ...one, sessionToken: "x".repeat(9_000) })).toBe("InvalidToken");
    // Sealed with another cluster's key.
    const { view } = w.node();
    const elsewhere = SealingKey.make(systemRandom);
    const sessions = new Sessions({ view, sealing: () => elsewhere, clock: w.time, random: systemRandom });
    expect(sessions.find(one.sessionToken ?? "")).toBeUndefined();
  });
});

test("GetCallerIdentity says who signs", async () => {
  const whoami = async (keys: SigningKeys) => {
    const answer = await sts({ Action: "GetCallerIdentity" }, keys);
    return [answer.status, answer.tag("Arn"), answer.tag("UserId"), answer.tag("Account")?.length];
  };
  const account = (await w.iam.users.show("ann")).accountId;
  expect(await whoami(ANN)).toEqual([200, `arn:aws:iam::${account}:user/ann`, userId, 12]);
  expect(await whoami(await assumed())).toEqual([
    200,
    `arn:aws:sts::${account}:assumed-role/ann/laptop`,
    `${userId}:laptop`,
    12,
  ]);
  expect(await whoami(ROOT)).toEqual([200, expect.stringMatching(/^arn:aws:iam::\d{12}:root$/), ROOT_ID, 12]);
});
