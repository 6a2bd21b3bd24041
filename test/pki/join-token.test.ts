import { describe, expect, test } from "bun:test";
import {
  formatJoinToken,
  JoinTokenError,
  MAX_TOKEN_ADDRESSES,
  makeJoinToken,
  parseJoinToken,
  secretDigest,
} from "../../src/pki/join-token.ts";
import { systemRandom } from "../../src/platform/random.ts";

const FINGERPRINT = "ab".repeat(32);

describe("a join token", () => {
  test("comes back as it was made, with blanks around it too", () => {
    const token = makeJoinToken(FINGERPRINT, ["10.0.0.1:9002", "[fd00::1]:9002"], systemRandom);
    const text = formatJoinToken(token);
    expect(text).toMatch(/^ekj1\.[A-Za-z0-9_-]+$/);
    expect(parseJoinToken(`  ${text}\n`)).toEqual(token);
  });

  test("names at most as many members as a joining node asks", () => {
    const many = Array.from({ length: 9 }, (_, i) => `10.0.0.${i + 1}:9002`);
    expect(makeJoinToken(FINGERPRINT, many, systemRandom).addresses).toEqual(
      many.slice(0, MAX_TOKEN_ADDRESSES),
    );
  });

  test("any changed or missing character is noticed, and the message does not show the secret", () => {
    const text = formatJoinToken(makeJoinToken(FINGERPRINT, ["10.0.0.1:9002"], systemRandom));
    const bad = ["", "x", "ekj1.", `ekj2.${text.slice(5)}`, text.slice(0, -1), text.slice(0, 60), `${text}A`];
    for (let at = 5; at < text.length; at++) {
      bad.push(text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
    }
    for (const word of bad) {
      let message = "";
      try {
        parseJoinToken(word);
      } catch (error) {
        expect(error).toBeInstanceOf(JoinTokenError);
        message = (error as Error).message;
      }
      expect(message).not.toBe("");
      expect(message).not.toContain(text.slice(20, 40));
    }
  });

  test("the kept digest is of the secret alone, and is not the secret", () => {
    const { secret } = makeJoinToken(FINGERPRINT, ["10.0.0.1:9002"], systemRandom);
    expect(secretDigest(secret)).toBe(secretDigest(secret.slice()));
    expect(secretDigest(secret)).not.toBe(secretDigest(systemRandom.bytes(32)));
    expect(secretDigest(secret)).not.toContain(Buffer.from(secret).toString("hex"));
  });
});
