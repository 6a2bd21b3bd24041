import { expect, test } from "bun:test";
import { join } from "node:path";
import { decodeHeader, decodeMessage, Kind } from "../../src/raft/transport/codec.ts";
import { FrameSeal, SEAL_BYTES } from "../../src/raft/transport/frame-seal.ts";
import { FrameReader } from "../../src/raft/transport/framing.ts";
import { challengeOf, helloOf, proofFrame, proofOf, verdictOf } from "../../src/raft/transport/handshake.ts";
import { PROOF_FRAME_BYTES } from "../../src/raft/transport/limits.ts";
import { ClusterProof } from "../../src/raft/transport/proof.ts";
import { GOLDEN, GOLDEN_HELLO, GOLDEN_PROOF } from "./support/golden.ts";
import { plain } from "./support/messages.ts";

const document = await Bun.file(join(import.meta.dir, "../../docs/format/peer.md")).text();

/** As the document shows them, not as the code makes them. */
function documented(name: string): Uint8Array {
  const hex = new RegExp(`^ {4}${name} +([0-9a-f]+)$`, "m").exec(document)?.[1];
  if (hex === undefined) throw new Error(`docs/format/peer.md shows no bytes of ${name}`);
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

test("frames are written as docs/format/peer.md shows them", () => {
  for (const [name, bytes] of GOLDEN) {
    expect([name, Buffer.from(bytes).toString("hex")]).toEqual([
      name,
      Buffer.from(documented(name)).toString("hex"),
    ]);
  }
});

test("a connection without TLS begins as documented", () => {
  const seen: unknown[] = [];
  const { secret, challenge, nonce } = GOLDEN_PROOF;
  const proof = new ClusterProof([secret]);
  let seals = 0;
  const reader = new FrameReader(PROOF_FRAME_BYTES, (bytes) => {
    const header = decodeHeader(bytes);
    if (seen.length === 0) seen.push(challengeOf(header));
    else if (seen.length === 1) {
      const said = proofOf(header);
      const accepted = proof.accept(challenge, said.nonce, said.mac);
      if (accepted === undefined) throw new Error("the documented proof is none");
      seen.push(said.nonce, accepted.answer);
      const seal = new FrameSeal(accepted.keys.receive);
      reader.expectSeals(SEAL_BYTES, (frame) => {
        seal.check(frame);
        seals++;
      });
    } else seen.push(header.kind);
  });
  for (const name of ["preface", "challenge", "proof", "sealed"]) reader.push(documented(name));
  expect(seen.slice(0, 2)).toEqual([challenge, nonce]);
  expect(proofFrame(seen[2] as Uint8Array)).toEqual(Buffer.from(documented("answer")));
  expect([seen[3], seals]).toEqual([Kind.ALIVE, 1]);
});

test("and read like that", () => {
  const seen: unknown[] = [];
  const reader = new FrameReader(1_000, (bytes, payload) => {
    const header = decodeHeader(bytes);
    if (seen.length === 0) seen.push(helloOf(header));
    else if (seen.length === 1) seen.push(verdictOf(header));
    else
      seen.push(
        decodeMessage(
          header,
          payload,
          (size) => new Uint8Array(size),
          () => {},
        ),
      );
  });
  for (const name of ["preface", "hello", "refusal", "heartbeat", "append", "chunk"])
    reader.push(documented(name));
  expect(seen.slice(0, 2)).toEqual([GOLDEN_HELLO, { ok: false, code: "REMOVED", message: "gone" }]);
  const [heartbeat, append, chunk] = plain(seen.slice(2)) as [never, never, never];
  expect(heartbeat).toMatchObject({
    kind: "raft",
    leaseRound: 300,
    message: { type: 8, from: 1, to: 2, term: 5 },
  });
  expect(append).toMatchObject({
    kind: "raft",
    message: {
      type: 3,
      index: 7,
      logTerm: 4,
      commit: 6,
      entries: [{ term: 5, index: 8, data: [104, 105, 33] }],
    },
  });
  expect(chunk).toEqual({ kind: "snapshot-chunk", streamId: 3, bytes: [104, 105, 33] } as never);
});
