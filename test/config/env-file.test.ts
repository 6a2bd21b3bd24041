import { describe, expect, test } from "bun:test";
import { ConfigError } from "../../src/config/config.ts";
import { parseEnvFile } from "../../src/config/env-file.ts";

const parse = (text: string) => Object.fromEntries(parseEnvFile(text, "settings.env"));

describe("as systemd reads it", () => {
  test.each([
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["A=1", { A: "1" }],
    ["\n  # comment A=1\n; another\n\nA=1\n", { A: "1" }],
    ["  A = 1 \n", { A: "1" }],
    ["A=\nB=2\n", { A: "", B: "2" }],
    ["A=a b  c \n", { A: "a b  c" }],
    ["A=1\nA=2\n", { A: "2" }],
    ["A='a b' \n", { A: "a b" }],
    ["A=\"a 'b' # c\"\n", { A: "a 'b' # c" }],
    ["A=a#b;c\n", { A: "a#b;c" }],
    ["A='a\\nb'\n", { A: "a\\nb" }],
    ['A="a\\"b\\\\c\\$d\\`e\\n"\n', { A: 'a"b\\c$d`e\\n' }],
    ["A=a\\ b\\\\c\n", { A: "a b\\c" }],
    ["A=one\\\ntwo\n", { A: "onetwo" }],
    ['A="one\\\ntwo"\n', { A: "onetwo" }],
    ["A='one\ntwo'\nB=2\n", { A: "one\ntwo", B: "2" }],
    ["A=x'y'\n", { A: "x'y'" }],
    ["A='a''b'\n", { A: "ab" }],
    ["A=b\\ \n", { A: "b " }],
    ["A=a=b\n", { A: "a=b" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
  ])("%j", (text, variables) => expect(parse(text)).toEqual(variables as never));
});

test.each([
  ["A=1\nnonsense\n", "settings.env:2: is no NAME=value line"],
  ["export A=1\n", "settings.env:1: is no NAME=value line"],
  ["1A=1\n", "settings.env:1: is no NAME=value line"],
  ["=1\n", "settings.env:1: is no NAME=value line"],
  ["B=2\nA='one\n", "settings.env:2: A: a quote is not closed"],
  ['A="one\n', "settings.env:1: A: a quote is not closed"],
  ["A=a\0b\n", "settings.env:1: A: contains a NUL byte"],
])("%j is refused", (text, message) => expect(() => parse(text)).toThrow(new ConfigError(message)));
