import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { harness, OWNER_ID } from "../support/harness.ts";

async function prepared() {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (const key of ["a", "b/1", "b/2", "c"]) await h.call("PUT", `/bucket/${key}`, { body: key });
  return h;
}

test.each([
  ["max-keys=-1", "InvalidArgument"],
  ["max-keys=abc", "InvalidArgument"],
  ["max-keys=2147483648", "InvalidArgument"],
  ["max-keys=1.5", "InvalidArgument"],
  ["encoding-type=base64", "InvalidArgument"],
  ["list-type=2&continuation-token=", "InvalidArgument"],
  ["list-type=2&continuation-token=AAAA", "InvalidArgument"],
  ["list-type=2&continuation-token=not%20a%20token", "InvalidArgument"],
  ["list-type=1", "InvalidArgument"],
  ["versions&version-id-marker=null", "InvalidArgument"],
  ["versions&key-marker=a&version-id-marker=zzz", "InvalidArgument"],
  ["uploads&max-uploads=-5", "InvalidArgument"],
  ["uploads&key-marker=a&upload-id-marker=no-id", "InvalidArgument"],
  [`uploads&key-marker=a&upload-id-marker=${"0".repeat(43)}`, "InvalidArgument"],
  [`uploads&key-marker=a&upload-id-marker=${"F".repeat(44)}`, "InvalidArgument"],
])("%s is %s", async (query, code) => {
  const h = await prepared();
  const answer = await h.call("GET", `/bucket?${query}`);
  expect(answer.tag("Code")).toBe(code);
  expect(answer.status).toBe(400);
});

test("an upload marker that is no id does not matter without a key marker, nor does one that nobody has", async () => {
  const h = await prepared();
  await h.call("POST", "/bucket/b?uploads");
  for (const marker of [
    "upload-id-marker=no-id",
    "key-marker=&upload-id-marker=no-id",
    "key-marker=a&upload-id-marker=",
    `key-marker=a&upload-id-marker=${"f".repeat(44)}`,
  ]) {
    const page = await h.call("GET", `/bucket?uploads&${marker}`);
    expect([marker, page.status, page.tags("Key")]).toEqual([marker, 200, ["b"]]);
  }
});

test("a token of another bucket, or a changed one, is refused", async () => {
  const h = await prepared();
  await h.call("PUT", "/other");
  const page = await h.call("GET", "/bucket?list-type=2&max-keys=1");
  const token = page.tag("NextContinuationToken") as string;
  expect((await h.call("GET", `/bucket?list-type=2&continuation-token=${token}`)).tags("Key")).toEqual([
    "b/1",
    "b/2",
    "c",
  ]);
  expect((await h.call("GET", `/other?list-type=2&continuation-token=${token}`)).status).toBe(400);
  const changed = token.slice(0, 3) + (token[3] === "A" ? "B" : "A") + token.slice(4);
  expect(changed).not.toBe(token);
  expect((await h.call("GET", `/bucket?list-type=2&continuation-token=${changed}`)).status).toBe(400);
});

test("max-keys is clamped, 0 is an empty page, owner on request", async () => {
  const h = await prepared();
  expect((await h.call("GET", "/bucket?list-type=2&max-keys=5000")).tag("MaxKeys")).toBe("1000");
  const none = await h.call("GET", "/bucket?max-keys=0");
  expect([none.tag("IsTruncated"), none.tags("Key").length]).toEqual(["false", 0]);
  expect((await h.call("GET", "/bucket?list-type=2")).text).not.toContain("<Owner>");
  expect((await h.call("GET", "/bucket?list-type=2&fetch-owner=true")).text).toContain(
    `<Owner><ID>${OWNER_ID}</ID>`,
  );
  expect((await h.call("GET", "/bucket")).text).toContain(`<Owner><ID>${OWNER_ID}</ID>`);
});

test("names that XML cannot carry are escaped, and url-encoded on request", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/%01%3C%26%0D", { body: "" });
  expect((await h.call("GET", "/bucket")).text).toContain("<Key>&#x1;&lt;&amp;&#xD;</Key>");
  expect((await h.call("GET", "/bucket?encoding-type=url")).text).toContain("<Key>%01%3C%26%0D</Key>");
});

test("control characters: references where they can be, U+FFFD where not, all exact when url-encoded", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (const [escaped, listed] of [
    ["%09%0A%0D", "&#x9;&#xA;&#xD;"],
    ["%01%1F", "&#x1;&#x1F;"],
    ["%7F%C2%80%C2%85%C2%9F", "&#x7F;&#x80;&#x85;&#x9F;"],
    ["%00", "\ufffd"],
    ["%EF%BF%BE", "\ufffd"],
    ["%EF%BF%BF", "\ufffd"],
  ] as const) {
    await h.call("PUT", `/bucket/${escaped}`, { body: escaped });
    expect((await h.call("GET", "/bucket")).tag("Key")).toBe(listed);
    expect((await h.call("GET", "/bucket?encoding-type=url")).tag("Key")).toBe(escaped);
    expect((await h.call("GET", `/bucket/${escaped}`)).text).toBe(escaped);
    const references = [...decodeURIComponent(escaped)].map((one) => `&#${one.codePointAt(0)};`).join("");
    const body = `<Delete><Object><Key>${references}</Key></Object></Delete>`;
    const md5 = createHash("md5").update(body).digest("base64");
    expect((await h.call("POST", "/bucket?delete", { body, headers: { "Content-MD5": md5 } })).status).toBe(
      200,
    );
    expect((await h.call("GET", `/bucket/${escaped}`)).status).toBe(404);
  }
});

test("a missing bucket has no list", async () => {
  const h = harness();
  for (const query of ["", "?list-type=2", "?versions", "?uploads"]) {
    expect((await h.call("GET", `/nowhere${query}`)).tag("Code")).toBe("NoSuchBucket");
  }
});
