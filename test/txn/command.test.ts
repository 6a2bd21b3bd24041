import { describe, expect, test } from "bun:test";
import {
  COMMAND_HEADER_BYTES,
  CommandError,
  decodeCommand,
  encodeCeiling,
  readCommitTs,
  stampCommitTs,
} from "../../src/txn/command.ts";
import type { Txn } from "../../src/txn/types.ts";
import { encodeTxn } from "../support/encode-txn.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const origin = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

const everything: Txn = {
  conditions: [
    { kind: "must-exist", key: bytes("a") },
    { kind: "must-not-exist", key: bytes("b") },
    { kind: "version-equals", key: bytes("c"), commitTs: 2n ** 62n + 3n },
    { kind: "prefix-empty", prefix: bytes("d") },
    { kind: "prefix-unchanged", prefix: bytes("e"), ts: 7n },
  ],
  mutations: [
    { kind: "put", key: bytes("k"), value: bytes("v"), payload: bytes("payload"), garbage: bytes("junk") },
    { kind: "put", key: bytes("k2"), value: bytes(""), payload: new Uint8Array(0), keepContent: true },
    { kind: "put", key: bytes("k3"), value: bytes("no payload") },
    { kind: "delete", key: bytes("gone"), keepContent: true },
    { kind: "delete-prefix", prefix: bytes("pre") },
    { kind: "archive", from: bytes("now"), to: bytes("then") },
    { kind: "add-garbage", garbage: bytes("more") },
  ],
};

describe("command encoding", () => {
  test("every condition and mutation comes back as it was", () => {
    const data = encodeTxn(everything, { origin, sequence: 2 ** 52, acknowledgedBelow: 2 ** 51 });
    stampCommitTs(data, 2n ** 62n + 1n);
    const decoded = decodeCommand(data);
    expect(decoded).toEqual({
      kind: "txn",
      commitTs: 2n ** 62n + 1n,
      origin,
      sequence: 2 ** 52,
      acknowledgedBelow: 2 ** 51,
      conditions: [...everything.conditions],
      mutations: [...everything.mutations],
    });
  });

  test("works on shared memory and gives views, not copies", () => {
    const data = encodeTxn(everything, { origin, sequence: 1, acknowledgedBelow: 1 });
    const shared = new Uint8Array(new SharedArrayBuffer(data.byteLength));
    shared.set(data);
    const decoded = decodeCommand(shared);
    if (decoded.kind !== "txn") throw new Error(decoded.kind);
    const put = decoded.mutations[0];
    if (put?.kind !== "put") throw new Error("first mutation is not the put");
    expect(put.payload?.buffer).toBe(shared.buffer);
    expect(put.payload?.byteOffset).toBe(COMMAND_HEADER_BYTES);
  });

  // docs/format/command.md: a change here is a change of the format of logs that exist.
  test("golden bytes", () => {
    const txn: Txn = {
      conditions: [{ kind: "must-not-exist", key: bytes("k") }],
      mutations: [{ kind: "put", key: bytes("k"), value: bytes("v"), payload: bytes("PP") }],
    };
    const data = encodeTxn(txn, { origin, sequence: 3, acknowledgedBelow: 2 });
    stampCommitTs(data, 0x0102030405060708n);
    expect(hex(data)).toBe(
      "01010000" +
        "0102030405060708" +
        "00000002" +
        "5050" +
        "0a08010203040506070810031802" +
        "2205080212016b" +
        "2a0c" +
        "080112016b1a01762802" +
        "3001",
    );
    const ceiling = encodeCeiling(1_700_000_000_000);
    stampCommitTs(ceiling, 5n);
    expect(hex(ceiling)).toBe("01020000" + "0000000000000005" + "00000000" + "0000018bcfe56800");
    expect(decodeCommand(ceiling)).toEqual({
      kind: "hlc-ceiling",
      commitTs: 5n,
      ceilingMs: 1_700_000_000_000,
    });
    expect(readCommitTs(ceiling)).toBe(5n);
  });

  test("what cannot be read is refused and named", () => {
    const data = encodeTxn(everything, { origin, sequence: 1, acknowledgedBelow: 1 });
    const damaged = (change: (copy: Uint8Array) => Uint8Array | undefined): (() => void) => {
      const copy = Uint8Array.from(data);
      const changed = change(copy) ?? copy;
      return () => void decodeCommand(changed);
    };
    expect(damaged((copy) => copy.subarray(0, 10))).toThrow(CommandError);
    expect(damaged((copy) => void (copy[0] = 9))).toThrow(/format version 9/);
    expect(damaged((copy) => void (copy[1] = 77))).toThrow(/unknown kind 77/);
    expect(damaged((copy) => void (copy[12] = 0xff))).toThrow(/does not fit/);
    expect(damaged((copy) => void (copy[15] = 6))).toThrow();
  });
});
