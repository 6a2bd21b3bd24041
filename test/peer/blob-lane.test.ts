/** The lane of the blob threads: its messages, its connection, and what it refuses. */
import { describe, expect, test } from "bun:test";
import { elastickv as gen } from "../../src/gen/peer.js";
import { decodeHeader, decodeMessage, encodeMessage } from "../../src/peer/codec.ts";
import { encodeFrame, FrameReader, PREFACE } from "../../src/peer/framing.ts";
import { helloFrame, helloOf } from "../../src/peer/handshake.ts";
import { laneOf, SLOTS, type Slot } from "../../src/peer/lanes.ts";
import {
  BLOB_QUEUE,
  BLOB_WINDOWS,
  frameLimit,
  MAX_ASKED_BLOBS,
  MAX_BLOB_BYTES,
} from "../../src/peer/limits.ts";
import { PeerProtocolError, UnsendableError } from "../../src/peer/protocol-error.ts";
import type { PeerMessage } from "../../src/peer/types.ts";
import { GOLDEN_HELLO } from "./support/golden.ts";
import { bytes, EVERY_BLOB_MESSAGE, EVERY_MESSAGE, heartbeat } from "./support/messages.ts";
import { group, introduce, SECRET, startNode, type TestNode } from "./support/node.ts";
import { Speaker } from "./support/speaker.ts";
import { World } from "./support/world.ts";

const { Kind } = gen.peer;
const LIMIT = frameLimit(0);
const NOTHING = new Uint8Array(0);
const BLOB_SLOT = SLOTS.find(({ name }) => name === "blob") as Slot;
const never = (): never => {
  throw new Error("asked for memory");
};

/** A copy in which every array of bytes is hexadecimal: what was received lies in memory that is reused. */
function shown(message: PeerMessage): Record<string, unknown> {
  const text = (value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Buffer.from(value as Uint8Array).toString("hex");
    return Array.isArray(value) ? value.map(text) : value;
  };
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, text(value)]));
}

const decodeHeaderOf = (header: gen.peer.IHeader, payload: Uint8Array = NOTHING) =>
  decodeMessage(decodeHeader(gen.peer.Header.encode(header).finish()), payload, never, never);

describe("messages", () => {
  test("of every kind come back as they were, in pieces of any size, and go over the lane", () => {
    const stream = Buffer.concat([PREFACE, ...EVERY_BLOB_MESSAGE.map((each) => encodeMessage(each, LIMIT))]);
    for (const piece of [1_000, 65_536, stream.byteLength]) {
      const seen: unknown[] = [];
      const reader = new FrameReader(LIMIT, (header, payload) => {
        const message = decodeMessage(decodeHeader(header), payload, never, never);
        expect(laneOf(message)).toBe("blob");
        seen.push(shown(message));
      });
      for (let at = 0; at < stream.byteLength; at += piece) reader.push(stream.subarray(at, at + piece));
      expect(seen).toEqual(EVERY_BLOB_MESSAGE.map(shown));
    }
  });

  test("names outlive the frame; the bytes of a blob are the frame's own, not a copy", () => {
    const header = { kind: Kind.BLOB_PUSH, requestId: 1, blobs: bytes(32), pinUntilMs: 5 };
    const payload = bytes(100);
    const frame = gen.peer.Header.encode(header).finish();
    const message = decodeMessage(decodeHeader(frame), payload, never, never);
    frame.fill(0xee);
    if (message.kind !== "blob-push") throw new Error(message.kind);
    expect(message.sha256).toEqual(bytes(32));
    expect(message.bytes).toBe(payload);
  });

  test("a blob that is pushed is copied once, into its frame: the sender's memory is free then", () => {
    const blob = bytes(1_000);
    const push = { kind: "blob-push", requestId: 1, sha256: bytes(32), pinUntilMs: 5, bytes: blob } as const;
    const frame = encodeMessage(push, LIMIT);
    const before = Buffer.from(frame);
    blob.fill(0);
    expect(before.equals(frame)).toBe(true);
  });

  test("nonsense is a protocol error", () => {
    const one = { blobs: bytes(32), requestId: 1 };
    const wrong: [gen.peer.IHeader, Uint8Array?][] = [
      [{ ...one, kind: Kind.BLOB_PUSH, requestId: 2 ** 60 }],
      [{ ...one, kind: Kind.BLOB_PUSH, pinUntilMs: 2 ** 53 }],
      [{ ...one, kind: Kind.BLOB_PUSH, blobs: bytes(31) }],
      [{ ...one, kind: Kind.BLOB_PUSH, blobs: bytes(64) }],
      [{ kind: Kind.BLOB_PUSH, requestId: 1 }],
      [{ ...one, kind: Kind.BLOB_PUSH }, new Uint8Array(MAX_BLOB_BYTES + 1)],
      [{ ...one, kind: Kind.BLOB_PUSH, group: 1 }],
      [{ ...one, kind: Kind.BLOB_FETCH }, bytes(1)],
      [{ ...one, kind: Kind.BLOB_FETCH, blobs: bytes(64) }],
      [{ ...one, kind: Kind.BLOB_ASK, blobs: NOTHING }],
      [{ ...one, kind: Kind.BLOB_ASK, blobs: bytes(33) }],
      [{ ...one, kind: Kind.BLOB_ASK, blobs: bytes(32 * (MAX_ASKED_BLOBS + 1)) }],
      [{ ...one, kind: Kind.BLOB_ASK }, bytes(1)],
      [{ kind: Kind.BLOB_REPLY, requestId: 1 }],
      [{ kind: Kind.BLOB_REPLY, requestId: 1, result: 7 as gen.peer.BlobResult }],
      [{ kind: Kind.BLOB_REPLY, requestId: 1, result: gen.peer.BlobResult.BLOB_BUSY }, bytes(1)],
    ];
    for (const [header, payload] of wrong) {
      expect(() => decodeHeaderOf(header, payload)).toThrow(PeerProtocolError);
    }
  });

  test("what is over a limit is not sent", () => {
    const long = new Uint8Array(MAX_BLOB_BYTES + 1);
    const names = Array.from({ length: MAX_ASKED_BLOBS + 1 }, () => bytes(32));
    for (const message of [
      { kind: "blob-push", requestId: 1, sha256: bytes(32), pinUntilMs: 0, bytes: long },
      { kind: "blob-reply", requestId: 1, result: "ok", payload: long },
      { kind: "blob-ask", requestId: 1, blobs: names, deep: false },
    ] satisfies PeerMessage[]) {
      expect(() => encodeMessage(message, Number.MAX_SAFE_INTEGER)).toThrow(UnsendableError);
    }
  });

  test("the longest blob and the longest question fit the smallest limit on frames", () => {
    const push = { kind: "blob-push", requestId: 2 ** 52, sha256: bytes(32), pinUntilMs: 2 ** 52 } as const;
    expect(() => encodeMessage({ ...push, bytes: new Uint8Array(MAX_BLOB_BYTES) }, LIMIT)).not.toThrow();
    const blobs = Array.from({ length: MAX_ASKED_BLOBS }, () => bytes(32));
    expect(() => encodeMessage({ kind: "blob-ask", requestId: 1, blobs, deep: true }, LIMIT)).not.toThrow();
  });

  test("random headers never do more than raise a protocol error", () => {
    let seed = 99;
    const next = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8;
    let refused = 0;
    for (let round = 0; round < 5_000; round++) {
      const kind = 16 + (next() % 4);
      const tail = Uint8Array.from({ length: next() % 60 }, () => next() & 0xff);
      const header = Buffer.concat([gen.peer.Header.encode({ kind }).finish(), tail]);
      try {
        encodeMessage(decodeMessage(decodeHeader(header), NOTHING, never, never), LIMIT);
      } catch (error) {
        if (!(error instanceof PeerProtocolError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1_000);
  });
});

test("a hello carries the address for blobs, and one without it stays without it", () => {
  const say = (hello: typeof GOLDEN_HELLO) => {
    let heard: unknown;
    const reader = new FrameReader(LIMIT, (header) => {
      heard = helloOf(decodeHeader(header));
    });
    reader.push(Buffer.concat([PREFACE, helloFrame(hello)]));
    return heard;
  };
  const told = { ...GOLDEN_HELLO, hello: { ...GOLDEN_HELLO.hello, blobAddress: "h:9004" } };
  expect(say(told)).toEqual(told);
  expect(say(GOLDEN_HELLO)).toEqual(GOLDEN_HELLO);
});

describe("connections", () => {
  const two = async (world: World) => (await group(world, 2, { lanes: "blob" })) as [TestNode, TestNode];

  test("one in each direction; every message arrives once, in order", async () => {
    const world = new World();
    const [a, b] = await two(world);
    expect([world.living("h1", "h2"), world.living("h2", "h1")].map(({ length }) => length)).toEqual([1, 1]);
    expect([a.transport.reachable(2), b.transport.reachable(1), a.transport.reachable(3)]).toEqual([
      true,
      true,
      false,
    ]);
    const arrived: unknown[] = [];
    b.received.push = (...items) => arrived.push(...items.map(({ message }) => shown(message)));
    for (const message of EVERY_BLOB_MESSAGE) expect(a.transport.send(2, message)).toBe(true);
    world.run(200);
    expect(arrived).toEqual(EVERY_BLOB_MESSAGE.map(shown));
    expect([a.sent.blob, b.taken.blob, a.dropped.blob]).toEqual([arrived.length, arrived.length, 0]);
  });

  test("a peer that reads nothing: all that the windows allow waits, and none of it is dropped", async () => {
    const world = new World();
    const [a] = await two(world);
    world.stopped.add("h2");
    const mib = bytes(1 << 20);
    const reply = { kind: "blob-reply", requestId: 1, result: "ok", payload: mib } as const;
    const push = { kind: "blob-push", requestId: 1, sha256: bytes(32), pinUntilMs: 5, bytes: mib } as const;
    for (let i = 0; i < BLOB_WINDOWS.push.bytes >> 20; i++) expect(a.transport.send(2, push)).toBe(true);
    for (let i = 0; i < BLOB_WINDOWS.fetch.bytes >> 20; i++) expect(a.transport.send(2, reply)).toBe(true);
    const small = { kind: "blob-fetch", requestId: 1, sha256: bytes(32) } as const;
    for (let i = 0; i < BLOB_WINDOWS.fetch.requests + BLOB_WINDOWS.push.requests; i++) {
      expect(a.transport.send(2, small)).toBe(true);
    }
    expect(a.dropped.blob).toBe(0);
    // A sender that keeps no window is bounded all the same.
    let more = 0;
    while (a.transport.send(2, push)) more++;
    expect(more).toBeLessThan(BLOB_QUEUE.bytes >> 20);
    expect(a.dropped.blob).toBe(1);
  });

  test("a consensus thread's transport refuses the lane, a blob thread's every other, with the reason", async () => {
    const world = new World();
    const raft = await startNode(world, 1, { lanes: 4 });
    const blob = await startNode(world, 2, { lanes: "blob" });
    introduce(raft, blob);
    world.run(200);
    expect(raft.refusals.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "PROTOCOL lane heartbeat was dialled at its address for blobs",
    ]);
    expect(blob.refusals.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "PROTOCOL lane blob was dialled at an address for Raft, not for blobs",
    ]);
    expect([raft.transport.reachable(2), blob.transport.reachable(1)]).toEqual([false, false]);
    expect([raft.protocolErrors, blob.protocolErrors]).toEqual([0, 0]);
  });

  test("a message of the other thread in a lane that stands ends the connection", async () => {
    const world = new World();
    const blob = await startNode(world, 1, { lanes: "blob" });
    const raft = await startNode(world, 2, { lanes: 4 });
    const cases: [TestNode, Slot, PeerMessage][] = [
      [blob, BLOB_SLOT, heartbeat(1)],
      [blob, BLOB_SLOT, EVERY_MESSAGE.find(({ kind }) => kind === "snapshot-chunk") as PeerMessage],
      [raft, SLOTS[3] as Slot, EVERY_BLOB_MESSAGE[0] as PeerMessage],
      [raft, SLOTS[4] as Slot, EVERY_BLOB_MESSAGE[1] as PeerMessage],
    ];
    for (const [node, slot, message] of cases) {
      const before = node.protocolErrors;
      const hello = { ...node.hello, id: 3, name: "n3", instance: "i3" };
      const liar = new Speaker(world.network("h3"), node.peer.address);
      liar.prove(SECRET, { hello, slot, maxFrameBytes: LIMIT });
      world.run(20);
      expect(liar.ended).toBeUndefined();
      liar.send(encodeMessage(message, LIMIT));
      world.run(20);
      expect([liar.ended, node.protocolErrors - before]).toEqual(["closed by the other end", 1]);
      expect(node.received).toEqual([]);
    }
  });

  test("a hello for a lane that nobody knows is a protocol error, as it was for lane 5 before", async () => {
    const world = new World();
    const node = await startNode(world, 1, { lanes: 4 });
    const speaker = new Speaker(world.network("h3"), node.peer.address);
    const slot: Slot = { wire: 6, name: "rest", lanes: [] };
    speaker.prove(SECRET, {
      hello: { ...node.hello, id: 3, name: "n3", instance: "i3" },
      slot,
      maxFrameBytes: LIMIT,
    });
    world.run(20);
    expect([speaker.ended, node.protocolErrors]).toEqual(["closed by the other end", 1]);
  });
});

test("a frame of a push is no longer than the queue's account of it", () => {
  const frame = encodeFrame(bytes(60), [bytes(1 << 20)], LIMIT);
  const perPush = frame.byteLength - (1 << 20);
  expect(BLOB_WINDOWS.push.requests * perPush).toBeLessThan(BLOB_QUEUE.bytes - 2 * BLOB_WINDOWS.push.bytes);
});
