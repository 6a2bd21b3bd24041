/** What two nodes say before the first message: that they belong to the cluster, who they are, and whether they like each
 *  other. */
import { elastickv as gen } from "../../gen/peer.js";
import { Kind, type WireHeader } from "./codec.ts";
import { encodeFrame } from "./framing.ts";
import { SLOTS, type Slot } from "./lanes.ts";
import { HANDSHAKE_FRAME_BYTES, PROOF_FRAME_BYTES, REFUSAL_MESSAGE_CHARS } from "./limits.ts";
import { MAC_BYTES, NONCE_BYTES } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import { BOOT_ID, type Hello, type HelloBoots, type Peer, type RefusalCode, type Verdict } from "./types.ts";
import { copied, count } from "./wire-numbers.ts";

/** A hello with what concerns this connection only. */
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
/** After the proof: UNAUTHENTICATED is no verdict on a hello. */
const CODE_OF = new Map(
  Object.entries(CODES)
    .filter(([name]) => name !== "UNAUTHENTICATED")
    .map(([name, code]) => [code, name as RefusalCode]),
);

function frame(header: gen.peer.IHeader, limit = HANDSHAKE_FRAME_BYTES): Uint8Array {
  return encodeFrame(gen.peer.Header.encode(header).finish(), [], limit);
}

/** The first frame of the end that was dialled, and all that it says of itself to somebody who has proved nothing. */
export function challengeFrame(nonce: Uint8Array): Uint8Array {
  return frame({ kind: Kind.CHALLENGE, nonce }, PROOF_FRAME_BYTES);
}

/** @param nonce of the dialler; the other end answers with its MAC alone */
export function proofFrame(mac: Uint8Array, nonce?: Uint8Array): Uint8Array {
  return frame({ kind: Kind.PROOF, mac, ...(nonce === undefined ? {} : { nonce }) }, PROOF_FRAME_BYTES);
}

/** For whoever has not proved that it belongs to the cluster: always these bytes. */
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

/** Of the dialler. @throws PeerProtocolError */
export function proofOf(header: WireHeader): { readonly nonce: Uint8Array; readonly mac: Uint8Array } {
  return { mac: answerOf(header), nonce: fixed(header.nonce, NONCE_BYTES, "nonce") };
}

/** Of the end that was dialled. @throws PeerProtocolError */
export function answerOf(header: WireHeader): Uint8Array {
  if (header.kind !== Kind.PROOF) {
    throw new PeerProtocolError(`a frame of kind ${header.kind} where a proof was expected`);
  }
  return fixed(header.mac, MAC_BYTES, "MAC");
}

/** The answer to a dialler that has not proved itself; what else it says is nobody's word. */
export function isUnauthenticated(header: WireHeader): boolean {
  return header.kind === Kind.VERDICT && header.verdict?.code === CODES.UNAUTHENTICATED;
}

/** A copy: the frame is only lent. */
function fixed(bytes: Uint8Array | null | undefined, length: number, what: string): Uint8Array {
  if (bytes?.byteLength !== length) {
    throw new PeerProtocolError(`a ${what} of ${bytes?.byteLength ?? 0} bytes`);
  }
  return copied(bytes);
}

function helloToWire({ hello, slot, maxFrameBytes }: ConnectionHello): gen.peer.IHello {
  return { ...hello, capabilities: [...hello.capabilities], lane: slot.wire, maxFrameBytes };
}

function verdictToWire(verdict: Verdict): gen.peer.IVerdict {
  if (verdict.ok) return { ok: true };
  return {
    ok: false,
    code: CODES[verdict.code] as gen.peer.RefusalCode,
    message: verdict.message.slice(0, REFUSAL_MESSAGE_CHARS),
  };
}

/** @throws UnsendableError when what the node says of itself is too long */
export function helloFrame(hello: ConnectionHello): Uint8Array {
  return frame({ kind: Kind.HELLO, hello: helloToWire(hello) });
}

/** @param hello goes along when the end that was dialled accepts */
export function verdictFrame(verdict: Verdict, hello?: ConnectionHello): Uint8Array {
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
      ...bootsOf(wire),
    },
  };
}

/** What would be no start's id is nothing to write down. @throws PeerProtocolError */
function bootsOf({ boot, lastBootOfYou, instanceOfYou }: gen.peer.IHello): HelloBoots {
  if (!boot) throw new PeerProtocolError("a hello without a start");
  for (const id of [boot, lastBootOfYou]) {
    if (id && !BOOT_ID.test(id)) throw new PeerProtocolError(`a hello with a start "${id.slice(0, 40)}"`);
  }
  if (!lastBootOfYou !== !instanceOfYou) {
    throw new PeerProtocolError("a hello that knows a start and not of what, or the other way round");
  }
  return lastBootOfYou && instanceOfYou ? { boot, lastBootOfYou, instanceOfYou } : { boot };
}

/** @throws PeerProtocolError when the frame is no verdict */
export function verdictOf(header: WireHeader): Verdict {
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
 * What is wrong with a hello whatever the node's membership says.
 * @param expected whom this node dialled; undefined on the other end
 */
export function examineHello(own: Hello, other: Hello, expected: Peer | undefined): Verdict {
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

function refusal(code: RefusalCode, message: string): Verdict {
  return { ok: false, code, message };
}
