/** What systemd itself makes of the file: test/hosts/update.hosts.ts. */
import { describe, expect, test } from "bun:test";
import { parseEnvFile } from "../../src/config/env-file.ts";
import { formatEnvFile, parseExtraEnv } from "../../src/config/extra-env.ts";

const parse = (text: string) => Object.fromEntries(parseExtraEnv(new TextEncoder().encode(text)));

describe("pairs", () => {
  test("are split at white space, and the later of one key wins", () => {
    expect(parse(" A=1\tB=x=y\n\nA=2 C= ")).toEqual({ A: "2", B: "x=y", C: "" });
    expect(parse("")).toEqual({});
    expect(parse(" \n\t")).toEqual({});
  });

  test("a blank of Unicode is part of a value", () =>
    expect(parse("A=x\u00a0y\u3000z")).toEqual({ A: "x\u00a0y\u3000z" }));

  test.each([
    ["A=1 secret", 'EXTRA_ENV: pair 2 is no KEY=VALUE: it has no "="'],
    ["=1", 'EXTRA_ENV: "" is no name of a variable: letters, digits and _'],
    ["1A=1", 'EXTRA_ENV: "1A" is no name of a variable: letters, digits and _'],
    ["A-B=1", 'EXTRA_ENV: "A-B" is no name of a variable: letters, digits and _'],
    ["Ä=1", 'EXTRA_ENV: "Ä" is no name of a variable: letters, digits and _'],
    ["A=\0", "EXTRA_ENV: contains a NUL byte"],
    ["NODE_OPTIONS=secret", "EXTRA_ENV: NODE_OPTIONS: the unit of the service takes this variable out"],
    ["NOTIFY_SOCKET=secret", "EXTRA_ENV: NOTIFY_SOCKET: systemd sets this variable for the service"],
  ])("%j is refused", (text, message) => expect(() => parse(text)).toThrow(message));

  test("bytes that are not UTF-8 are refused", () =>
    expect(() => parseExtraEnv(new Uint8Array([0x41, 0x3d, 0xff]))).toThrow("EXTRA_ENV: is not UTF-8"));
});

describe("the file", () => {
  test("gives every character of ASCII that is no blank back, alone, in pairs, at the start and at the end", () => {
    const ascii = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code));
    const characters = ascii.filter((character) => !/[\0\s]/.test(character));
    characters.push("ä", "\u00a0", "😀", "\ufeff");
    const values = characters.flatMap((one) => characters.flatMap((two) => [one + two, `x${one}${two}y`]));
    const variables = new Map(values.map((value, index) => [`V${index}`, value]));
    expect(parseEnvFile(formatEnvFile(variables), "file")).toEqual(variables);
  });

  test("escapes what systemd treats as special in double quotes", () =>
    expect(formatEnvFile(new Map([["A", "$x'\"\\`%;#"]]))).toBe(`A="\\$x'\\"\\\\\\\`%;#"\n`));
});
