/** Frames of the handshake: both ends prove membership, exchange hellos, and accept or refuse each other. */
import { elastickv as gen } from "../gen/peer.js";
import { Kind, type WireHeader } from "./codec.ts";
import { encodeFrame } from "./framing.ts";
import { SLOTS, type Slot } from "./lanes.ts";
import { HANDSHAKE_FRAME_BYTES, PROOF_FRAME_BYTES, REFUSAL_MESSAGE_CHARS } from "./limits.ts";
import { MAC_BYTES, NONCE_BYTES } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import {
  type HandshakeResult,
  type Hello,
  type HelloIncarnations,
  INCARNATION_ID,
  type Peer,
  type RefusalCode,
} from "./types.ts";
import { copied, count } from "./wire-numbers.ts";

/** A hello with the values of this connection. */
export interface ConnectionHello {
  readonly hello: Hello;
  readonly slot: Slot;
  readonly maxFrameBytes: number;
}

const CODES: Readonly<Record<RefusalCode, number>> = {
  WRONG_CLUSTER: 1,
  WRONG_NODE: 2,
  WRONG_INSTANCE: 3,
  UNKNOWN_MEMBER: 4,
  REMOVED: 5,
  PROTOCOL: 6,
  CERTIFICATE: 7,
  NOT_READY: 8,
  ROLLED_BACK: 9,
  UNAUTHENTICATED: 10,
};
/** UNAUTHENTICATED is left out: it is an answer to a proof, never a verdict on a hello. */
const CODE_OF = new Map(
  Object.entries(CODES)
    .filter(([name]) => name !== "UNAUTHENTICATED")
    .map(([name, code]) => [code, name as RefusalCode]),
);

function frame(header: gen.peer.IHeader, limit = HANDSHAKE_FRAME_BYTES): Uint8Array {
  return encodeFrame(gen.peer.Header.encode(header).finish(), [], limit);
}

/** The first frame of the dialled end. A dialler without a proof receives no other information. */
export function challengeFrame(nonce: Uint8Array): Uint8Array {
  return frame({ kind: Kind.CHALLENGE, nonce }, PROOF_FRAME_BYTES);
}

/** @param nonce nonce of the dialler; the dialled end answers with its MAC only */
export function proofFrame(mac: Uint8Array, nonce?: Uint8Array): Uint8Array {
  return frame({ kind: Kind.PROOF, mac, ...(nonce === undefined ? {} : { nonce }) }, PROOF_FRAME_BYTES);
}

/** The answer to a dialler without a valid proof. The bytes are always the same. */
export const UNAUTHENTICATED_FRAME: Uint8Array = frame(
  { kind: Kind.VERDICT, verdict: { ok: false, code: CODES.UNAUTHENTICATED as gen.peer.RefusalCode } },
  PROOF_FRAME_BYTES,
);

/** @throws PeerProtocolError */
export function challengeOf(header: WireHeader): Uint8Array {
  if (header.kind !== Kind.CHALLENGE) {
    throw new PeerProtocolError(`a frame of kind ${header.kind} where a challenge was expected`);
  }
  return fixed(header.nonce, NONCE_BYTES, "nonce");
}

/** Reads the dialler's proof. @throws PeerProtocolError */
export function proofOf(header: WireHeader): { readonly nonce: Uint8Array; readonly mac: Uint8Array } {
  return { mac: answerOf(header), nonce: fixed(header.nonce, NONCE_BYTES, "nonce") };
}

/** Reads the dialled end's proof. @throws PeerProtocolError */
export function answerOf(header: WireHeader): Uint8Array {
  if (header.kind !== Kind.PROOF) {
    throw new PeerProtocolError(`a frame of kind ${header.kind} where a proof was expected`);
  }
  return fixed(header.mac, MAC_BYTES, "MAC");
}

/** The frame says that the other end did not accept this node's proof. The frame itself is not authenticated. */
export function isUnauthenticated(header: WireHeader): boolean {
  return header.kind === Kind.VERDICT && header.verdict?.code === CODES.UNAUTHENTICATED;
}

/** Returns a copy, because the frame's bytes are valid during the call only. */
function fixed(bytes: Uint8Array | null | undefined, length: number, what: string): Uint8Array {
  if (bytes?.byteLength !== length) {
    throw new PeerProtocolError(`a ${what} of ${bytes?.byteLength ?? 0} bytes`);
  }
  return copied(bytes);
}

function helloToWire({ hello, slot, maxFrameBytes }: ConnectionHello): gen.peer.IHello {
  return { ...hello, capabilities: [...hello.capabilities], lane: slot.wire, maxFrameBytes };
}

function verdictToWire(verdict: HandshakeResult): gen.peer.IHandshakeResult {
  if (verdict.ok) return { ok: true };
  return {
    ok: false,
    code: CODES[verdict.code] as gen.peer.RefusalCode,
    message: verdict.message.slice(0, REFUSAL_MESSAGE_CHARS),
  };
}

/** @throws UnsendableError when the hello is too long */
export function helloFrame(hello: ConnectionHello): Uint8Array {
  return frame({ kind: Kind.HELLO, hello: helloToWire(hello) });
}

/** @param hello sent with the verdict when the dialled end accepts */
export function verdictFrame(verdict: HandshakeResult, hello?: ConnectionHello): Uint8Array {
  return frame({
    kind: Kind.VERDICT,
    verdict: verdictToWire(verdict),
    ...(hello === undefined ? {} : { hello: helloToWire(hello) }),
  });
}

export const ALIVE_FRAME: Uint8Array = frame({ kind: Kind.ALIVE });

/** @throws PeerProtocolError */
export function helloOf(header: WireHeader): ConnectionHello {
  const wire = header.hello;
  if (!wire) throw new PeerProtocolError("a handshake without a hello");
  const slot = SLOTS.find(({ wire: number }) => number === (wire.lane ?? 0));
  if (slot === undefined) throw new PeerProtocolError(`a hello for lane ${wire.lane}`);
  const id = count(wire.id ?? 0, "the id in a hello");
  const name = wire.name ?? "";
  const instance = wire.instance ?? "";
  if (id === 0 || name === "" || instance === "") {
    throw new PeerProtocolError(`a hello without identity: id=${id} name="${name}" instance="${instance}"`);
  }
  const maxFrameBytes = count(wire.maxFrameBytes ?? 0, "max_frame_bytes");
  if (maxFrameBytes < HANDSHAKE_FRAME_BYTES) {
    throw new PeerProtocolError(`a hello that takes frames of ${maxFrameBytes} bytes`);
  }
  return {
    slot,
    maxFrameBytes,
    hello: {
      clusterId: wire.clusterId ?? "",
      id,
      name,
      instance,
      protocol: wire.protocol ?? 0,
      version: wire.version ?? "",
      capabilities: wire.capabilities ?? [],
      address: wire.address ?? "",
      ...(wire.blobAddress ? { blobAddress: wire.blobAddress } : {}),
      ...incarnationsOf(wire),
    },
  };
}

/**
 * Reads the starts in a hello. An invalid id of a start is refused, so that no invalid id is recorded. @throws
 * PeerProtocolError
 */
function incarnationsOf({ boot, lastIncarnationOfYou, instanceOfYou }: gen.peer.IHello): HelloIncarnations {
  if (!boot) throw new PeerProtocolError("a hello without a start");
  for (const id of [boot, lastIncarnationOfYou]) {
    if (id && !INCARNATION_ID.test(id))
      throw new PeerProtocolError(`a hello with a start "${id.slice(0, 40)}"`);
  }
  if (!lastIncarnationOfYou !== !instanceOfYou) {
    throw new PeerProtocolError("a hello that knows a start and not of what, or the other way round");
  }
  return lastIncarnationOfYou && instanceOfYou ? { boot, lastIncarnationOfYou, instanceOfYou } : { boot };
}

/** @throws PeerProtocolError when the frame is no verdict */
export function verdictOf(header: WireHeader): HandshakeResult {
  const wire = header.verdict;
  if (header.kind !== Kind.VERDICT || !wire) {
    throw new PeerProtocolError(`a frame of kind ${header.kind} where a verdict was expected`);
  }
  if (wire.ok) return { ok: true };
  const code = CODE_OF.get(wire.code ?? 0);
  if (code === undefined) throw new PeerProtocolError(`a refusal with code ${wire.code}`);
  return { ok: false, code, message: wire.message ?? "" };
}

/**
 * Checks a hello without the node's membership.
 * @param expected the peer that this node dialled; undefined on the dialled end
 */
export function examineHello(own: Hello, other: Hello, expected: Peer | undefined): HandshakeResult {
  if (other.protocol !== own.protocol) {
    return refusal(
      "PROTOCOL",
      `node ${other.name} (${other.version}) speaks protocol ${other.protocol}, node ${own.name} (${own.version}) protocol ${own.protocol}`,
    );
  }
  if (other.id === own.id && other.instance === own.instance) {
    return refusal("WRONG_NODE", `node ${own.name} was reached under the address of one of its own peers`);
  }
  if (other.name === own.name) {
    return refusal(
      "WRONG_NODE",
      `two nodes are named ${own.name}, at ${own.address} and at ${other.address}`,
    );
  }
  if (other.id === own.id) {
    return refusal(
      "WRONG_NODE",
      `nodes ${own.name} and ${other.name} have the same Raft id ${own.id}: rename one`,
    );
  }
  if (expected !== undefined && (other.id !== expected.id || other.name !== expected.name)) {
    const { host, port } = expected.address;
    return refusal(
      "WRONG_NODE",
      `node ${other.name} answers at ${host}:${port}, where ${expected.name} was expected`,
    );
  }
  if (own.clusterId !== "" && other.clusterId !== "" && own.clusterId !== other.clusterId) {
    return refusal(
      "WRONG_CLUSTER",
      `node ${other.name} belongs to another cluster (${other.clusterId}) than node ${own.name}`,
    );
  }
  return { ok: true };
}

function refusal(code: RefusalCode, message: string): HandshakeResult {
  return { ok: false, code, message };
}
