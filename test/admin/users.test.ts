/** Users, keys, groups and policies through the admin application: shapes, statuses, and where a secret is shown. */
import { beforeEach, expect, test } from "bun:test";
import { createAdminApp } from "../../src/admin/app.ts";
import { world } from "../node/users/world.ts";
import { ADMIN_DEPS } from "./deps.ts";

type Json = Record<string, unknown>;
let ask: (method: string, path: string, body?: unknown) => Promise<{ status: number; answer: Json }>;
let down: () => void;

beforeEach(async () => {
  const w = await world();
  down = w.down;
  const app = createAdminApp({ ...ADMIN_DEPS, iam: w.iam }, (error) => {
    throw error;
  });
  ask = async (method, path, body) => {
    const content =
      body === undefined
        ? {}
        : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const response = await app.handle(
      new Request(`http://admin.localhost/v1${path}`, { method, ...content }),
    );
    return { status: response.status, answer: (await response.json()) as Json };
  };
});

const POLICY =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}';
const DONE = { status: 200, answer: { done: true } };

test("a user with all that belongs to it, and every name of IAM in a path", async () => {
  const name = "a+b=c,d.e@f_g-h";
  const path = `/users/${encodeURIComponent(name)}`;
  const created = await ask("POST", "/users", { name, displayName: "A", description: "first" });
  expect(created.status).toBe(200);
  const { accessKey, secretKey } = created.answer["key"] as { accessKey: string; secretKey: string };
  expect([accessKey.length, secretKey.length]).toEqual([20, 40]);
  expect(await ask("GET", path)).toEqual({ status: 200, answer: created.answer["user"] as Json });
  expect(await ask("POST", "/groups", { name: "staff" })).toEqual(DONE);
  expect(await ask("POST", "/groups/staff/members", { user: name })).toEqual(DONE);
  expect(await ask("POST", "/policies/mine", { text: POLICY })).toEqual(DONE);
  expect(await ask("POST", "/policies/mine/attachments", { group: "staff" })).toEqual(DONE);
  expect(await ask("POST", "/policies/readonly/attachments", { user: name })).toEqual(DONE);
  expect((await ask("GET", "/policies/mine")).answer).toEqual({ name: "mine", text: POLICY });
  expect((await ask("GET", "/groups")).answer).toMatchObject({
    groups: [{ name: "staff", members: [name], policies: ["mine"] }],
  });
  const second = (await ask("POST", "/keys", { user: name, expiresInMs: 60_000 })).answer;
  expect(second).toMatchObject({ expiresMs: expect.any(Number), secretKey: expect.any(String) });
  expect(await ask("POST", `/keys/${accessKey}/state`, { enabled: false })).toEqual(DONE);
  const rotated = await ask("POST", `/keys/${second["accessKey"]}/rotate`, { keepMs: 0 });
  expect(rotated.answer).toMatchObject({ secretKey: expect.any(String) });
  const shown = (await ask("GET", path)).answer;
  expect(shown).toMatchObject({ policies: ["owner", "readonly"], groups: ["staff"] });
  const stateOf = (wanted: unknown): unknown[] => {
    const key = (shown["keys"] as Json[]).find((one) => one["accessKey"] === wanted);
    return [key?.["enabled"], key?.["expired"]];
  };
  expect(stateOf(accessKey)).toEqual([false, false]);
  expect(stateOf(second["accessKey"])).toEqual([true, true]);
  expect(stateOf(rotated.answer["accessKey"])).toEqual([true, false]);
  expect(JSON.stringify([shown, (await ask("GET", "/keys")).answer])).not.toContain(secretKey);
  expect((await ask("GET", `/keys?user=${encodeURIComponent(name)}`)).answer["keys"]).toHaveLength(3);
  expect(await ask("POST", `${path}/state`, { disabled: true })).toEqual(DONE);
  expect(await ask("DELETE", `/policies/readonly/attachments?user=${encodeURIComponent(name)}`)).toEqual(
    DONE,
  );
  expect(await ask("DELETE", `/groups/staff/members/${encodeURIComponent(name)}`)).toEqual(DONE);
  expect(await ask("DELETE", `/keys/${accessKey}`)).toEqual(DONE);
  expect(await ask("DELETE", path)).toEqual(DONE);
  expect(await ask("DELETE", "/groups/staff")).toEqual(DONE);
  expect(await ask("DELETE", "/policies/mine")).toEqual(DONE);
});

test("a given secret is not told again", async () => {
  const given = { name: "ann", accessKey: "AKIAANN", secretKey: "given-secret" };
  const { answer } = await ask("POST", "/users", given);
  expect(answer["key"]).toEqual({ accessKey: "AKIAANN", secretKey: null, expiresMs: null });
  expect((await ask("POST", "/users", { name: "bob", withoutKey: true })).answer["key"]).toBeNull();
});

test.each([
  ["GET", "/users/none", undefined, 404, "UNKNOWN_USER"],
  ["POST", "/users", { name: "root" }, 409, "EXISTS"],
  ["POST", "/users", { name: "a/b" }, 400, "INVALID"],
  ["POST", "/users", { name: "" }, 400, "INVALID"],
  ["POST", "/users", { name: "ann", accessKey: "A/B" }, 400, "INVALID"],
  ["POST", "/users", { name: "ann", accessKey: "AKIA", secretKey: "short" }, 400, "INVALID"],
  ["POST", "/users", { name: "ann", secretKey: "longenough" }, 400, "INVALID"],
  ["POST", "/users", { name: "ann", expiresInMs: 1 }, 400, "INVALID"],
  ["POST", "/users/none/state", { disabled: true }, 404, "UNKNOWN_USER"],
  ["POST", "/keys/NONE/rotate", { keepMs: 0 }, 404, "UNKNOWN_KEY"],
  ["POST", "/keys/NONE/rotate", { keepMs: -1 }, 400, "INVALID"],
  ["DELETE", "/keys/AKIAROOT", undefined, 409, "IN_USE"],
  ["POST", "/groups/none/members", { user: "ann" }, 404, "UNKNOWN_GROUP"],
  ["POST", "/policies/owner", { text: "{}" }, 409, "IN_USE"],
  ["POST", "/policies/mine", { text: "no json" }, 400, "INVALID"],
  ["POST", "/policies/none/attachments", { user: "ann" }, 404, "UNKNOWN_POLICY"],
  ["POST", "/policies/readonly/attachments", {}, 400, "INVALID"],
])("%s %s %j: %d %s", async (method, path, body, status, code) => {
  const refused = await ask(method, path, body);
  expect([refused.status, refused.answer["code"]]).toEqual([status, code]);
});

test("without a leader: 503", async () => {
  down();
  expect(await ask("GET", "/users")).toMatchObject({ status: 503, answer: { code: "UNAVAILABLE" } });
});
