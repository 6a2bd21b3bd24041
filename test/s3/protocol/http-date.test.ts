import { expect, test } from "bun:test";
import { parseHttpDate } from "../../../src/s3/protocol/http-date.ts";

const AT = Date.UTC(1994, 10, 6, 8, 49, 37);

test.each([
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
  " Sun, 06 Nov 1994 08:49:37 GMT ",
  "Sun, 6 Nov 1994 08:49:37 UTC",
  "06 Nov 1994 09:49:37 +0100",
  "1994-11-06T08:49:37Z",
  "1994-11-06T08:49:37.000Z",
  "1994-11-06T09:49:37+01:00",
])("%j is a date, wherever the server stands", (text) => {
  const zone = process.env["TZ"];
  try {
    process.env["TZ"] = "Asia/Tokyo";
    expect(parseHttpDate(text)).toBe(AT);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test.each([
  "",
  "1",
  "2001",
  "yesterday",
  "06 Nov 1994",
  "1994-11-06",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 99:49:37 GMT",
  "784111777",
])("%j is none", (text) => {
  expect(parseHttpDate(text)).toBeUndefined();
});
