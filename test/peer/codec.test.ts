import { describe, expect, test } from "bun:test";
import { elastickv as gen } from "../../src/gen/peer.js";
import { decodeHeader, decodeMessage, encodeMessage } from "../../src/peer/codec.ts";
import { encodeFrame, FrameReader, PREFACE, PRELUDE_BYTES } from "../../src/peer/framing.ts";
import { laneOf, travels } from "../../src/peer/lanes.ts";
import { frameLimit } from "../../src/peer/limits.ts";
import { PeerProtocolError, UnsendableError } from "../../src/peer/protocol-error.ts";
import { encodeRaftMessage } from "../../src/peer/raft-codec.ts";
import type { PeerMessage } from "../../src/peer/types.ts";
import { type Message, MessageType, newMessage } from "../../src/raft/core/index.ts";
import { append, BIG, bytes, EVERY_MESSAGE, plain, raft, snapWithoutStream } from "./support/messages.ts";

const LIMIT = frameLimit(4 << 20);
const allocate = (size: number): Uint8Array => new Uint8Array(size);
const accept = () => {};

/** Every message in a stream, in pieces of the given size. */
function decodeStream(stream: Uint8Array, piece = stream.byteLength, allocator = allocate): PeerMessage[] {
  const messages: PeerMessage[] = [];
  const reader = new FrameReader(LIMIT, (header, payload) => {
    messages.push(decodeMessage(decodeHeader(header), payload, allocator, accept));
  });
  for (let at = 0; at < stream.byteLength; at += piece) {
    const lent = new Uint8Array(stream.subarray(at, at + piece));
    reader.push(lent);
    lent.fill(0xee);
  }
  return messages;
}

const stream = (messages: readonly PeerMessage[]) =>
  Buffer.concat([PREFACE, ...messages.map((message) => encodeMessage(message, LIMIT))]);

function protocolError(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PeerProtocolError);
    return (error as Error).message;
  }
  throw new Error("no protocol error");
}

const decodeHeaderOf = (header: gen.peer.IHeader, payload: Uint8Array = new Uint8Array(0)) =>
  decodeMessage(decodeHeader(gen.peer.Header.encode(header).finish()), payload, allocate, accept);

describe("messages", () => {
  for (const piece of [1, 7, 4096, Number.MAX_SAFE_INTEGER]) {
    test(`of every kind come back as they were, read in pieces of ${piece} bytes at most`, () => {
      const all = stream(EVERY_MESSAGE);
      expect(plain(decodeStream(all, Math.min(piece, all.byteLength)))).toEqual(plain(EVERY_MESSAGE));
    });
  }

  test("there is a sample of every type that travels, and no other type does", () => {
    const sampled = new Set<number>();
    for (const message of EVERY_MESSAGE) {
      if (message.kind === "raft" || message.kind === "snapshot-begin") sampled.add(message.message.type);
    }
    for (const type of Object.values(MessageType)) {
      expect([type, travels(type)]).toEqual([type, sampled.has(type)]);
      if (travels(type)) continue;
      expect(() => encodeMessage(raft(type), LIMIT)).toThrow(UnsendableError);
      const message = { type: type as number as never, to: 2, from: 1, term: 1 };
      const forged = gen.peer.Header.encode({ kind: gen.peer.Kind.RAFT, message: rawRaft(message) }).finish();
      protocolError(() => decodeMessage(decodeHeader(forged), new Uint8Array(0), allocate, accept));
    }
  });

  test("the entries of one message lie in one block of memory, asked for once, and are copied out of the frame", () => {
    const asked: Uint8Array[] = [];
    const messages = decodeStream(stream([append(7, [10, 0, 20]), raft(MessageType.AppResp)]), 11, (size) => {
      asked.push(new Uint8Array(new SharedArrayBuffer(size)));
      return asked[0] as Uint8Array;
    });
    expect(asked.map((memory) => memory.byteLength)).toEqual([30]);
    const entries = (messages[0] as { message: Message }).message.entries;
    expect(entries.map(({ data }) => data.byteLength)).toEqual([10, 0, 20]);
    expect(entries[0]?.data.buffer).toBe(asked[0]?.buffer as ArrayBuffer);
    expect(entries[2]?.data.byteOffset).toBe(10);
  });

  test("what a read carries lies in memory of its own: it waits in the core longer than its message lasts", () => {
    const request = raft(MessageType.ReadIndex);
    if (request.kind !== "raft") throw new Error(request.kind);
    const context = { term: 0, index: 0, type: 0 as const, data: bytes(16) };
    const pool = new Uint8Array(new SharedArrayBuffer(64));
    const read = { ...request, message: { ...request.message, entries: [context] } };
    const [first] = decodeStream(stream([read]), 16, (size) => pool.subarray(0, size));
    pool.fill(0xee);
    expect((first as { message: Message }).message.entries[0]?.data).toEqual(context.data);
  });

  test("what is sent is copied: the sender's memory may be used again at once", () => {
    const message = append(7, [64]);
    const before = plain(message);
    const frame = encodeMessage(message, LIMIT);
    message.message.entries[0]?.data.fill(0);
    expect(plain(decodeStream(Buffer.concat([PREFACE, frame])))).toEqual([before]);
  });

  test("an append of the largest size fits its frame, many small entries and the largest numbers included", () => {
    const limit = frameLimit(4 << 20);
    const full = append(7, [(4 << 20) - 64]);
    expect(encodeMessage(full, limit).byteLength).toBeLessThan(limit + PRELUDE_BYTES);
    // 64 KiB of headroom, whatever the payload is.
    expect(limit - encodeMessage(full, limit).byteLength).toBeGreaterThan((64 << 10) - 256);
    const entries = Array.from({ length: 200_000 }, (_, i) => ({
      type: 0 as const,
      term: BIG,
      index: BIG - 200_000 + i,
      data: new Uint8Array(0),
    }));
    // Each counts 4 + 8 + 8 bytes in the limit on messages (sizes.ts), and never more here.
    const many = encodeMessage(raft(MessageType.App, { entries }), limit);
    expect(many.byteLength).toBeLessThan(200_000 * 20);
    expect(() => encodeMessage(append(7, [limit]), limit)).toThrow(UnsendableError);
  });

  test("each goes over its lane", () => {
    const lanes: Record<string, string> = {};
    for (const message of EVERY_MESSAGE) {
      lanes[message.kind === "raft" ? `Msg${message.message.type}` : message.kind] = laneOf(message);
    }
    const { Heartbeat, HeartbeatResp, Vote, VoteResp, PreVote, PreVoteResp, TimeoutNow } = MessageType;
    for (const type of [Heartbeat, HeartbeatResp, Vote, VoteResp, PreVote, PreVoteResp, TimeoutNow]) {
      expect(lanes[`Msg${type}`]).toBe("heartbeat");
    }
    expect([lanes[`Msg${MessageType.ReadIndex}`], lanes[`Msg${MessageType.ReadIndexResp}`]]).toEqual([
      "heartbeat",
      "heartbeat",
    ]);
    expect([lanes[`Msg${MessageType.App}`], lanes[`Msg${MessageType.AppResp}`]]).toEqual([
      "replication",
      "replication",
    ]);
    for (const [kind, lane] of Object.entries(lanes))
      if (kind.startsWith("snapshot-")) expect(lane).toBe("snapshot");
    expect([lanes["propose"], lanes["reply"], lanes[`Msg${MessageType.Prop}`]]).toEqual([
      "other",
      "other",
      "other",
    ]);
  });
});

/** A raft message with more in it than the encoder would write. */
function rawRaft(fields: Record<string, unknown>): Uint8Array {
  // Number fields of raft.proto are varints; 0x08 = type, 0x10 = to, 0x18 = from, 0x20 = term.
  const out: number[] = [];
  const tags: Record<string, number> = { type: 0x08, to: 0x10, from: 0x18, term: 0x20, index: 0x30 };
  for (const [name, value] of Object.entries(fields)) {
    out.push(tags[name] as number);
    let rest = BigInt(value as number | bigint);
    do {
      out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      rest >>= 7n;
    } while (rest > 0n);
  }
  return Uint8Array.from(out);
}

describe("nonsense is a protocol error", () => {
  const { Kind } = gen.peer;
  const append1 = { type: MessageType.App, to: 2, from: 1, term: 1 };

  test("a number of 2^53 or more, wherever it is", () => {
    for (const field of ["to", "from", "term", "index"]) {
      for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
        const message = rawRaft({ ...append1, [field]: value });
        expect(protocolError(() => decodeHeaderOf({ kind: Kind.RAFT, message }))).toContain(field);
      }
    }
    const message = rawRaft(append1);
    const TOO_BIG = 2 ** 60;
    for (const header of [
      { kind: Kind.RAFT, message, leaseRound: TOO_BIG },
      { kind: Kind.RAFT, message, applied: TOO_BIG },
      { kind: Kind.RAFT, message, lengths: [0], entryTypes: [0], entryTerms: [TOO_BIG], entryIndexes: [1] },
      { kind: Kind.RAFT, message, lengths: [0], entryTypes: [0], entryTerms: [1], entryIndexes: [TOO_BIG] },
      { kind: Kind.PROPOSE_REPLY, requestId: TOO_BIG },
      { kind: Kind.SNAPSHOT_END, streamId: TOO_BIG },
    ]) {
      expect(protocolError(() => decodeHeaderOf(header))).toContain(String(TOO_BIG));
    }
  });

  test("entries that do not fit their payload or their lists", () => {
    const message = rawRaft(append1);
    const entry = { kind: Kind.RAFT, message, entryTypes: [0], entryTerms: [1], entryIndexes: [1] };
    protocolError(() => decodeHeaderOf({ ...entry, lengths: [3] }, bytes(2)));
    protocolError(() => decodeHeaderOf({ ...entry, lengths: [3] }, bytes(4)));
    protocolError(() => decodeHeaderOf({ ...entry, lengths: [2 ** 32 - 1] }, bytes(4)));
    protocolError(() => decodeHeaderOf({ ...entry, lengths: [2, 2] }, bytes(4)));
    protocolError(() => decodeHeaderOf({ ...entry, entryTypes: [3], lengths: [4] }, bytes(4)));
    protocolError(() => decodeHeaderOf({ kind: Kind.PROPOSE, requestId: 1 }));
    protocolError(() => decodeHeaderOf({ kind: Kind.SNAPSHOT_END, streamId: 1 }, bytes(1)));
    protocolError(() => decodeHeaderOf({ kind: Kind.SNAPSHOT_BEGIN, streamId: 1, message }));
  });

  test("a snapshot that does not come at the head of its stream: the core would take it without a keyspace", () => {
    for (const withMetadata of [true, false]) {
      const frame = Buffer.concat([PREFACE, snapWithoutStream(withMetadata)]);
      expect(protocolError(() => decodeStream(frame))).toContain("at the head of its stream only");
    }
    const { snapshot } = (EVERY_MESSAGE.find(({ kind }) => kind === "snapshot-begin") as { message: Message })
      .message;
    for (const message of [raft(MessageType.Snap, { snapshot }), raft(MessageType.AppResp, { snapshot })]) {
      expect(() => encodeMessage(message, LIMIT)).toThrow(UnsendableError);
      const header = { kind: Kind.RAFT, message: encodeRaftMessage(message.message) };
      protocolError(() => decodeHeaderOf(header));
    }
    const heartbeat = encodeRaftMessage(raft(MessageType.Heartbeat, { snapshot }).message);
    const begin = { kind: Kind.SNAPSHOT_BEGIN, streamId: 1, message: heartbeat };
    expect(protocolError(() => decodeHeaderOf(begin))).toContain("announced by MsgHeartbeat");
  });

  test("no memory is asked for before everything about a message is known to be right", () => {
    const header = gen.peer.Header.encode({
      kind: Kind.RAFT,
      message: rawRaft({ ...append1, term: 2n ** 60n }),
      lengths: [4],
      entryTypes: [0],
      entryTerms: [1],
      entryIndexes: [1],
    }).finish();
    const never = () => {
      throw new Error("asked for memory");
    };
    protocolError(() => decodeMessage(decodeHeader(header), bytes(4), never, accept));
  });

  test("kinds that nobody knows, or that have no place after the handshake", () => {
    for (const kind of [0, 1, 2, 3, 14, 1_000]) {
      protocolError(() => decodeHeaderOf({ kind: kind as gen.peer.Kind }));
    }
  });

  test("lengths over the limit, before a byte of the frame is waited for", () => {
    const frame = encodeFrame(bytes(10), [bytes(200)], 210);
    const reader = new FrameReader(209, () => {});
    reader.push(PREFACE);
    expect(protocolError(() => reader.push(frame.subarray(0, PRELUDE_BYTES)))).toContain("210 bytes");
    const empty = new FrameReader(LIMIT, () => {});
    empty.push(PREFACE);
    protocolError(() => empty.push(encodeFrame(new Uint8Array(0), [bytes(1)], 10)));
  });

  test("another protocol is recognised by its first bytes", () => {
    const read = (text: string | Uint8Array) => () =>
      new FrameReader(LIMIT, () => {}).push(typeof text === "string" ? Buffer.from(text) : text);
    expect(protocolError(read("G"))).toContain("does not speak the peer protocol");
    expect(protocolError(read("EKVX"))).toContain("does not speak the peer protocol");
    expect(protocolError(read(Uint8Array.of(0x16, 3, 1)))).toContain("speaks TLS");
    expect(protocolError(read(Uint8Array.of(...Buffer.from("EKVP"), 1, 0, 0, 0)))).toContain("version 1");
  });
});

describe("damage", () => {
  const frames = [append(3, [5, 40]), raft(MessageType.Vote, { context: bytes(9) })];
  const whole = stream(frames);

  test("a flip of any bit of a stream is found, and nothing of the damaged frame gets through", () => {
    const sound = plain(frames) as unknown[];
    for (let bit = 0; bit < whole.byteLength * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
      const messages: PeerMessage[] = [];
      const reader = new FrameReader(LIMIT, (header, payload) => {
        messages.push(decodeMessage(decodeHeader(header), payload, allocate, accept));
      });
      expect(protocolError(() => reader.push(damaged))).not.toBe("");
      expect(plain(messages)).toEqual(sound.slice(0, messages.length));
      expect(messages.length).toBeLessThan(2);
    }
  });

  test("a stream that ends at any byte gives the frames before it and nothing else", () => {
    const first = PREFACE.byteLength + encodeMessage(frames[0] as PeerMessage, LIMIT).byteLength;
    for (let length = 0; length < whole.byteLength; length++) {
      expect(decodeStream(whole.subarray(0, length)).length).toBe(length >= first ? 1 : 0);
    }
  });

  test("random headers in sound frames never do more than raise a protocol error", () => {
    let seed = 4711;
    const next = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8;
    const sound = EVERY_MESSAGE.filter((message) => message.kind !== "snapshot-chunk").map((message) => {
      const frame = encodeMessage(message, LIMIT);
      const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
      return {
        header: frame.slice(PRELUDE_BYTES, PRELUDE_BYTES + length),
        payload: frame.slice(PRELUDE_BYTES + length),
      };
    });
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const { header, payload } = sound[next() % sound.length] as { header: Uint8Array; payload: Uint8Array };
      let mutant = header.slice();
      if (round % 4 === 0) mutant = Uint8Array.from({ length: 1 + (next() % 60) }, () => next() & 0xff);
      else if (round % 4 === 1) mutant = mutant.slice(0, next() % mutant.byteLength);
      else
        for (let flips = 0; flips <= next() % 4; flips++) mutant[next() % mutant.byteLength] = next() & 0xff;
      try {
        const message = decodeMessage(decodeHeader(mutant), payload, allocate, accept);
        // What is let through can be sent on: it is a message, and all its numbers are numbers.
        encodeMessage(message, Number.MAX_SAFE_INTEGER);
      } catch (error) {
        if (!(error instanceof PeerProtocolError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1_000);
  });
});

test("newMessage is what the decoder starts from: a field that is added to it is thought of here", () => {
  expect(Object.keys(newMessage(MessageType.App, 1))).toHaveLength(14);
});

test("a message for another Raft group is refused: only a later release has one", () => {
  const { Kind } = gen.peer;
  for (const kind of [Kind.RAFT, Kind.PROPOSE, Kind.REQUEST, Kind.SNAPSHOT_CHUNK]) {
    expect(protocolError(() => decodeHeaderOf({ kind, group: 1 }))).toBe(
      "a message for Raft group 1, and there is only group 0",
    );
  }
});
