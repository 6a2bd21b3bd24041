import { describe, expect, test } from "bun:test";
import { clientUrl, formatAddress, parseAddress } from "../../src/config/address.ts";
import { parsePeerAddress } from "../../src/config/members.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../src/config/units.ts";

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["123", 123],
    ["123B", 123],
    ["4MiB", 4 * 2 ** 20],
    ["4mib", 4 * 2 ** 20],
    [" 256 KiB ", 256 * 1024],
    ["64GiB", 64 * 2 ** 30],
    ["5TiB", 5 * 2 ** 40],
  ])("%s is %i bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    "",
    "MiB",
    "-1",
    "1.5MiB",
    "4MB",
    "4M",
    "0x10",
    "1e3",
    "9007199254740993",
    "9000000TiB",
    "4MiB 2",
  ])("%j is refused", (text) => expect(() => parseSize(text)).toThrow(RangeError));

  test("the refusal of KB says which units there are", () =>
    expect(() => parseSize("4MB")).toThrow('unknown unit "MB": use B, KiB, MiB, GiB or TiB'));

  test.each([0, 1, 1000, 1024, 1025, 3 * 2 ** 20, 2 ** 30, 7 * 2 ** 40])(
    "%i survives a round trip",
    (bytes) => expect(parseSize(formatSize(bytes))).toBe(bytes),
  );
});

describe("durations", () => {
  test.each([
    ["0", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["1h30m", 5_400_000],
    ["1m500ms", 60_500],
    [" 30S ", 30_000],
  ])("%s is %i ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(["", "30", "s", "-5s", "1.5s", "5 m", "5min", "1e3s", "99999999999999999d"])(
    "%j is refused",
    (text) => expect(() => parseDuration(text)).toThrow(RangeError),
  );

  test("a number without unit is told what is missing", () =>
    expect(() => parseDuration("30")).toThrow("has no unit"));

  test.each([0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000, 86_400_001])("%i survives a round trip", (ms) =>
    expect(parseDuration(formatDuration(ms))).toBe(ms),
  );
});

describe("addresses", () => {
  test.each([
    ["127.0.0.1:9000", "127.0.0.1", 9000],
    ["[::1]:9000", "::1", 9000],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
    [":9000", "0.0.0.0", 9000],
    ["storage-1.example:0", "storage-1.example", 0],
  ])("%s", (text, host, port) => expect(parseAddress(text)).toEqual({ host, port }));

  test.each([
    "",
    "9000",
    "127.0.0.1",
    "127.0.0.1:",
    "h:65536",
    "h:-1",
    "::1:9000",
    "[127.0.0.1]:1",
    "a b:1",
    "-x:1",
    "http://h:1",
  ])("%j is refused", (text) => expect(() => parseAddress(text)).toThrow(RangeError));

  test("of a peer: host and port, brackets for IPv6; anything else is named in the error", () => {
    expect(parsePeerAddress("H.test:80")).toEqual({ host: "h.test", port: 80 });
    expect(parsePeerAddress("[::1]:80")).toEqual({ host: "::1", port: 80 });
    for (const bad of ["", "h", "h:", ":80", "h:0", "h:70000", "h:x", "[::]:80"]) {
      expect(() => parsePeerAddress(bad)).toThrow(`"${bad}"`);
    }
  });

  test("brackets come back", () => expect(formatAddress(parseAddress("[::1]:9000"))).toBe("[::1]:9000"));
  test("a client connects to loopback when the listener is on all interfaces", () => {
    expect(clientUrl(parseAddress(":9000"))).toBe("http://127.0.0.1:9000");
    expect(clientUrl(parseAddress("[::]:9000"))).toBe("http://[::1]:9000");
  });
});
