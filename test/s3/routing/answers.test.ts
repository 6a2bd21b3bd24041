/**
 * The table "What is not there, and what is answered" of docs/s3.md, row by row. Where S3 has an answer of its own it is
 * the one recorded from AWS on 2026-09-29 in us-east-1 (brekkylab/backlot, tests; versity/versitygw, tests/integration).
 */
import { describe, expect, test } from "bun:test";
import { OPERATIONS } from "../../../src/s3/routing/operations/table.ts";
import { type Answer, type Harness, harness, OWNER_ID } from "../support/harness.ts";

interface Row {
  readonly method: string;
  readonly level: string;
  readonly subResource: string;
  readonly variant: string;
  readonly status: number;
  readonly code: string | undefined;
}

const HEAD = "## What is not there, and what is answered";
const ROW = /^\| ([A-Z]+) (bucket|object)(\?[^(|]*?)? ?(?:\(([^)]*)\))? \| (\d{3})(?: (\w+))? \|/;

function rowsOf(page: string): Row[] {
  const section = page.slice(page.indexOf(HEAD)).split("\n## ")[0] ?? "";
  return section.split("\n").flatMap((line) => {
    if (!/^\| [A-Z]+ /.test(line)) return [];
    const match = ROW.exec(line);
    if (match === null) throw new Error(`docs/s3.md: no row: ${line}`);
    const [, method = "", level = "", names = "", variant = "", status, code] = match;
    return names.split(", ").map((name) => ({
      method,
      level,
      subResource: name.trim().replace("?", ""),
      variant,
      status: Number(status),
      code,
    }));
  });
}

const rows = rowsOf(await Bun.file(new URL("../../../docs/s3.md", import.meta.url)).text());

const BODIES: Readonly<Record<string, string>> = {
  "of the owner": acl([`<ID>${OWNER_ID}</ID>`]),
  "of others too": acl([
    `<ID>${OWNER_ID}</ID>`,
    "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>",
  ]),
  off: "<BucketLoggingStatus/>",
  on: "<BucketLoggingStatus><LoggingEnabled><TargetBucket>b</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
  none: "<NotificationConfiguration></NotificationConfiguration>",
  some: "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>",
  BucketOwner: "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
  Requester: "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
  "a rule":
    "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
  "a tag": "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>",
  BucketOwnerEnforced: ownership("BucketOwnerEnforced"),
  BucketOwnerPreferred: ownership("BucketOwnerPreferred"),
  ObjectWriter: ownership("ObjectWriter"),
};

function acl(grantees: readonly string[]): string {
  const grants = grantees.map(
    (grantee) => `<Grant><Grantee>${grantee}</Grantee><Permission>FULL_CONTROL</Permission></Grant>`,
  );
  return `<AccessControlPolicy><Owner><ID>${OWNER_ID}</ID></Owner><AccessControlList>${grants.join("")}</AccessControlList></AccessControlPolicy>`;
}

function ownership(word: string): string {
  return `<OwnershipControls><Rule><ObjectOwnership>${word}</ObjectOwnership></Rule></OwnershipControls>`;
}

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "x" });
  return h;
}

function send(h: Harness, row: Row, bucket = "bucket", key = "key"): Promise<Answer> {
  const path = row.level === "bucket" ? `/${bucket}` : `/${bucket}/${key}`;
  const target = row.subResource === "" ? path : `${path}?${row.subResource}`;
  return h.call(row.method, target, {
    body: row.method === "GET" ? "" : (BODIES[row.variant] ?? ""),
  });
}

const title = (row: Row): string =>
  `${row.method} ${row.level}?${row.subResource} ${row.variant} is ${row.status} ${row.code ?? ""}`;

for (const row of rows) {
  test(title(row), async () => {
    const h = await prepared();
    const answer = await send(h, row);
    expect([answer.status, answer.tag("Code")]).toEqual([row.status, row.code]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("x");
    // What is answered at all is answered after the bucket was found, and about an object after that.
    if (row.status === 501) return;
    expect((await send(h, row, "nowhere")).tag("Code")).toBe("NoSuchBucket");
    const aboutObject = row.level === "object" && /acl|tagging|restore/.test(row.subResource);
    if (aboutObject) expect((await send(h, row, "bucket", "none")).tag("Code")).toBe("NoSuchKey");
  });
}

/** What the table of operations on the same page is about. */
const REAL = new Set([
  "",
  "list-type",
  "versions",
  "uploads",
  "uploadId",
  "delete",
  "location",
  "attributes",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "versioning",
  "object-lock",
  "legal-hold",
  "retention",
]);

/** `LEVEL METHOD sub-resource` of what has an answer, and of what is refused. */
function targets(which: "operations" | "refused"): Set<string> {
  return new Set(
    Object.values(OPERATIONS).flatMap((table) =>
      table[which].map(({ method, subResource }) => `${table.level} ${method} ${subResource}`),
    ),
  );
}

test("the table has every operation that is not there, and 501 is what the code says it is", () => {
  const answered = targets("operations");
  const refusing = targets("refused");
  const listed = new Set(rows.map((row) => `${row.level} ${row.method} ${row.subResource}`));
  for (const name of [...answered, ...refusing]) {
    const [level, , subResource = ""] = name.split(" ");
    if (level !== "service" && (!REAL.has(subResource) || refusing.has(name))) expect(listed).toContain(name);
  }
  const refused = new Set(
    rows
      .filter((row) => row.status === 501 && row.variant === "")
      .map((row) => `${row.level} ${row.method} ${row.subResource}`),
  );
  expect([...refused].sort()).toEqual([...refusing].sort());
  for (const name of answered) expect(refusing.has(name)).toBe(false);
});

describe("ACLs that are set", () => {
  test("what a GET gave back may be put: s3cmd does so after each copy", async () => {
    const h = await prepared();
    for (const target of ["/bucket?acl", "/bucket/key?acl"]) {
      const body = (await h.call("GET", target)).text;
      expect((await h.call("PUT", target, { body })).status).toBe(200);
      for (const canned of ["private", "bucket-owner-full-control"]) {
        expect((await h.call("PUT", target, { headers: { "x-amz-acl": canned } })).status).toBe(200);
      }
    }
  });

  test.each([
    ["", {}, "MissingSecurityHeader"],
    ["<AccessControlPolicy/>", {}, "MalformedACLError"],
    ["<Other/>", {}, "MalformedXML"],
    [acl([]), {}, "AccessControlListNotSupported"],
    [acl(["<ID>somebody</ID>"]), {}, "AccessControlListNotSupported"],
    [acl([`<ID>${OWNER_ID}</ID>`]).replace("FULL_CONTROL", "READ"), {}, "AccessControlListNotSupported"],
    [acl([`<ID>${OWNER_ID}</ID>`]).replace(OWNER_ID, "other-id"), {}, "AccessControlListNotSupported"],
    ["", { "x-amz-acl": "public-read" }, "AccessControlListNotSupported"],
    ["", { "x-amz-grant-read": "id=1" }, "AccessControlListNotSupported"],
    ["", { "x-amz-acl": "nope" }, "InvalidArgument"],
  ] as [string, Record<string, string>, string][])("%j with %j is %s", async (body, headers, code) => {
    const h = await prepared();
    for (const target of ["/bucket?acl", "/bucket/key?acl"]) {
      const answer = await h.call("PUT", target, { body, headers });
      expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
    }
  });
});

describe("BucketOwnerEnforced", () => {
  test("a bucket made with it says so; so does any other", async () => {
    const h = harness();
    const headers = { "x-amz-object-ownership": "BucketOwnerEnforced" };
    expect((await h.call("PUT", "/asked", { headers })).status).toBe(200);
    await h.call("PUT", "/plain");
    for (const bucket of ["asked", "plain"]) {
      const answer = await h.call("GET", `/${bucket}?ownershipControls`);
      expect([answer.status, answer.tag("ObjectOwnership")]).toEqual([200, "BucketOwnerEnforced"]);
      const body = ownership("BucketOwnerEnforced");
      expect((await h.call("PUT", `/${bucket}?ownershipControls`, { body })).status).toBe(200);
    }
  });

  test.each([
    ["", "MissingRequestBodyError"],
    ["<OwnershipControls></OwnershipControls>", "MalformedXML"],
    [ownership("invalid_ownership"), "MalformedXML"],
    [ownership("BucketOwnerEnforced").replace("<Rule>", "<Rule></Rule><Rule>"), "MalformedXML"],
    ["<Ownership/>", "MalformedXML"],
  ])("PUT ?ownershipControls of %j is %s", async (body, code) => {
    const h = await prepared();
    const answer = await h.call("PUT", "/bucket?ownershipControls", { body });
    expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
  });
});

test.each([
  ["HEAD", "/bucket?acl", 405, undefined, "GET, PUT"],
  ["POST", "/bucket?acl", 405, "ACL", "GET, PUT"],
  ["PATCH", "/bucket?versioning", 405, "VERSIONING", "GET, PUT"],
  ["GET", "/bucket?delete", 405, "MULTI_OBJECT_DELETE", "POST"],
  ["POST", "/bucket/key?tagging", 405, "OBJECT_TAGGING", "GET, DELETE, PUT"],
  ["PUT", "/bucket?location", 405, "LOCATION", "GET"],
] as const)("%s %s is no operation of S3: %d", async (method, target, status, resource, allow) => {
  const h = await prepared();
  const answer = await h.call(method, target);
  expect([answer.status, answer.tag("ResourceType"), answer.headers.get("allow")]).toEqual([
    status,
    resource,
    allow,
  ]);
});

test.each(["analytics", "intelligent-tiering", "inventory", "metrics"])(
  "one of ?%s, and a token",
  async (name) => {
    const h = await prepared();
    const code = async (query: string) => (await h.call("GET", `/bucket?${name}&${query}`)).tag("Code");
    expect(await code("id=x")).toBe("NoSuchConfiguration");
    expect(await code("id=")).toBeUndefined();
    expect(await code("continuation-token=garbage")).toBe("MalformedContinuationToken");
    expect((await h.call("GET", `/bucket?${name}`)).tag("IsTruncated")).toBe("false");
  },
);
