/** What a connection without a certificate can do: ask once, in one line of bounded length and time. */
import { beforeEach, expect, test } from "bun:test";
import { JoinLink } from "../../src/peer/join-link.ts";
import { HANDSHAKE_MS, JOIN_ANSWER_MS, JOIN_REQUEST_BYTES } from "../../src/peer/limits.ts";
import type { HandshakeFailure } from "../../src/peer/types.ts";

let nowMs: number;
let written: string[];
let destroyed: string | undefined;
let asked: { readonly request: string; readonly answer: (line: string) => void }[];
let ended: (HandshakeFailure | undefined)[];
let link: JoinLink;

beforeEach(() => {
  nowMs = 1_000;
  written = [];
  destroyed = undefined;
  asked = [];
  ended = [];
  const connection = {
    remote: "10.0.0.9:1234",
    bufferedBytes: 0,
    write: (bytes: Uint8Array) => void written.push(Buffer.from(bytes).toString()),
    pause: () => {},
    resume: () => {},
    destroy: (reason: string) => {
      destroyed = reason;
    },
  };
  link = new JoinLink(() => nowMs, connection, {
    onRequest: (request, answer) => void asked.push({ request, answer }),
    onEnd: (failure) => void ended.push(failure),
  });
});

const data = (text: string) => link.handlers.onData(Buffer.from(text));

test("a request in pieces is one request, its answer one line, and the other end hangs up", () => {
  data('{"v":1,');
  data('"ask":"x"}');
  expect(asked).toEqual([]);
  data("\n");
  expect(asked.map(({ request }) => request)).toEqual(['{"v":1,"ask":"x"}']);
  asked[0]?.answer("yes");
  asked[0]?.answer("twice");
  expect(written).toEqual(["yes\n"]);
  expect(destroyed).toBeUndefined();
  link.handlers.onClose("closed by the other end");
  expect(ended).toEqual([undefined]);
});

test.each([
  ["too long", "x".repeat(JOIN_REQUEST_BYTES + 1)],
  ["too long with its end", `${"x".repeat(JOIN_REQUEST_BYTES + 1)}\n`],
  ["two requests at once", "a\nb"],
])("%s is hung up on without a word", (_, text) => {
  data(text);
  expect(asked).toEqual([]);
  expect(destroyed).toBeDefined();
  expect(written).toEqual([]);
  expect(ended).toEqual(["protocol"]);
});

test("a second request is hung up on, and its late answer goes nowhere", () => {
  data("a\n");
  data("b\n");
  expect(asked.length).toBe(1);
  expect(ended).toEqual(["protocol"]);
  asked[0]?.answer("late");
  expect(written).toEqual([]);
});

test("silence ends it: before the request, before the answer, and after it", () => {
  nowMs += HANDSHAKE_MS - 1;
  link.sweep(false);
  expect(destroyed).toBeUndefined();
  nowMs += 1;
  link.sweep(false);
  expect(ended).toEqual(["timeout"]);
});

test("the answer has its own time, and a pause of this process counts for nobody", () => {
  data("a\n");
  nowMs += JOIN_ANSWER_MS - 1;
  link.sweep(false);
  expect(destroyed).toBeUndefined();
  nowMs += JOIN_ANSWER_MS;
  link.sweep(true);
  expect(destroyed).toBeUndefined();
  asked[0]?.answer("yes");
  nowMs += HANDSHAKE_MS;
  link.sweep(false);
  expect(destroyed).toBeDefined();
  expect(ended).toEqual([undefined]);
});

test("an eviction is counted as one", () => {
  link.evict();
  link.handlers.onClose("gone");
  expect(ended).toEqual(["crowded"]);
});
