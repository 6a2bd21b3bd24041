import { expect, test } from "bun:test";
import { hostIdOf } from "../../src/kv/host-id.ts";

test("an S3 answer's id of a node: always the same, another for every data directory, and nothing of it in it", () => {
  const instance = "0123456789abcdef0123456789abcdef";
  expect(hostIdOf(instance)).toMatch(/^[0-9a-f]{32}$/);
  expect(hostIdOf(instance)).toBe(hostIdOf(instance));
  expect(hostIdOf(instance)).not.toBe(hostIdOf(`1${instance.slice(1)}`));
  // Documented by its value: it may not change under operators who have written it down.
  expect(hostIdOf(instance)).toBe("3e41c45c0ca39e52cea0d8bd370f65b9");
});
