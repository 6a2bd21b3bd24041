/**
 * IAM actions of the operations against two lists of AWS: the names of the Service Authorization Reference (iam-actions.json), and
 * what botocore's service model mentions in the documentation of each operation (scripts/s3-api-names.ts).
 */
import { describe, expect, test } from "bun:test";
import { API_NAMES, type ApiNames } from "../../../scripts/s3-api-names.ts";
import { actionsOf, type Permissions } from "../../../src/s3/auth/permissions.ts";
import { detectOperation } from "../../../src/s3/routing/detect.ts";
import { OPERATIONS } from "../../../src/s3/routing/operations/table.ts";
import iamActions from "./iam-actions.json";
import { s3Request } from "./support/request.ts";

const root = new URL("../../../", import.meta.url);
const model = (await Bun.file(new URL(API_NAMES, root)).json()) as ApiNames;
const published = new Set([...iamActions["asOf2024-02-12"], ...iamActions.later]);

const rows = Object.values(OPERATIONS).flatMap(({ level, operations, refused }) =>
  [...operations, ...refused].map(({ method, name, permissions, subResource }) => ({
    name,
    target: `${level} ${method} ${subResource}`,
    permissions,
  })),
);

function allOf({ actions, ofVersion, ofHeaders, ofSource, ofKeys }: Permissions): string[] {
  return [
    ...actions,
    ...(ofVersion ?? []),
    ...Object.values(ofHeaders ?? {}),
    ...[ofSource, ofKeys].flatMap((keys) =>
      keys === undefined ? [] : [keys.action, keys.ofVersion, ...Object.values(keys.ofHeaders ?? {})],
    ),
  ];
}

/** Of other kinds of buckets, and of Object Lambda; or an older name of one that is in the table. */
const ELSEWHERE = new Set(["ListDirectoryBuckets", "WriteGetObjectResponse"]);

describe("the table and botocore's model", () => {
  test("every target of the model is in the table", () => {
    const targets = new Set(rows.map(({ target }) => target));
    for (const [name, { target, query }] of Object.entries(model.operations)) {
      if (ELSEWHERE.has(name)) continue;
      expect([...targets]).toContain(query.includes("uploadId") ? `${target}uploadId` : target);
    }
  });

  test.each(rows)("$name is at its target", ({ name, target }) => {
    // A form upload is no operation of the model.
    if (name === "PostObject") return;
    expect([target, target.replace(/uploadId$/, "")]).toContain(model.operations[name]?.target ?? "none");
  });

  test.each(rows)("$name: its actions are AWS's", ({ name, permissions }) => {
    const mentioned = (model.operations[name]?.actions ?? []).map((action) => action.toLowerCase());
    const own = allOf(permissions);
    expect(own.length).toBeGreaterThan(0);
    for (const action of own) {
      if (action !== "s3express:CreateSession") expect([...published]).toContain(action);
    }
    if (mentioned.length === 0) return;
    const first = permissions.ofKeys?.action ?? permissions.actions[0] ?? "";
    expect(mentioned).toContain(first.toLowerCase());
  });
});

function actions(method: string, target: string, headers: Record<string, string> = {}): readonly string[] {
  const request = s3Request(method, target, headers);
  return actionsOf(detectOperation(request).operation.permissions, request);
}

describe("what a request needs", () => {
  test.each([
    ["GET", "/b/k", ["s3:GetObject"]],
    ["GET", "/b/k?versionId=null", ["s3:GetObjectVersion"]],
    ["HEAD", "/b/k?versionId=v", ["s3:GetObjectVersion"]],
    ["DELETE", "/b/k", ["s3:DeleteObject"]],
    ["DELETE", "/b/k?versionId=v", ["s3:DeleteObjectVersion"]],
    ["GET", "/b/k?attributes", ["s3:GetObject", "s3:GetObjectAttributes"]],
    ["GET", "/b/k?attributes&versionId=v", ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]],
    ["PUT", "/b/k?tagging&versionId=v", ["s3:PutObjectVersionTagging"]],
    ["PUT", "/b?lifecycle", ["s3:PutLifecycleConfiguration"]],
    ["GET", "/b?list-type=2", ["s3:ListBucket"]],
    ["GET", "/b?list-type=3", ["s3:ListBucket"]],
    ["PUT", "/b/k?whatever=1", ["s3:PutObject"]],
    ["PATCH", "/b/k", [""]],
    ["POST", "/b?delete", []],
  ])("%s %s: %j", (method, target, expected) => {
    expect(actions(method, target)).toEqual(expected);
  });

  test("headers ask for more, once each", () => {
    expect(actions("PUT", "/b/k", { "X-Amz-Acl": "private", "x-amz-grant-read": "id=1" })).toEqual([
      "s3:PutObject",
      "s3:PutObjectAcl",
    ]);
    expect(
      actions("POST", "/b/k?uploads", { "x-amz-tagging": "a=b", "x-amz-object-lock-mode": "GOVERNANCE" }),
    ).toEqual(["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectRetention"]);
    expect(actions("DELETE", "/b/k", { "x-amz-bypass-governance-retention": "true" })).toEqual([
      "s3:DeleteObject",
      "s3:BypassGovernanceRetention",
    ]);
    expect(actions("PUT", "/b", { "x-amz-object-ownership": "ObjectWriter" })).toEqual([
      "s3:CreateBucket",
      "s3:PutBucketOwnershipControls",
    ]);
    expect(actions("GET", "/b/k", { "x-amz-acl": "private" })).toEqual(["s3:GetObject"]);
  });

  test("a copy and a list of keys name what they need elsewhere", () => {
    const { permissions } = detectOperation(
      s3Request("PUT", "/b/k", { "x-amz-copy-source": "b/x" }),
    ).operation;
    expect(permissions.ofSource).toEqual({ action: "s3:GetObject", ofVersion: "s3:GetObjectVersion" });
    expect(detectOperation(s3Request("POST", "/b?delete")).operation.permissions.ofKeys).toEqual({
      action: "s3:DeleteObject",
      ofVersion: "s3:DeleteObjectVersion",
      ofHeaders: { "x-amz-bypass-governance-retention": "s3:BypassGovernanceRetention" },
    });
  });
});
