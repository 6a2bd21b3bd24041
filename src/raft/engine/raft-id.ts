/**
 * The number by which the core knows a node, from the operator's name for it. 48 bits of SHA-256: never 0 ("nobody"),
 * always a safe integer, the same on every node without asking anybody. Two names of one cluster that collide are
 * refused where the configuration is read.
 */
export function raftIdOf(nodeName: string): number {
  const digest = new Bun.CryptoHasher("sha256").update(nodeName).digest();
  return (
    new DataView(digest.buffer, digest.byteOffset, 8).getUint16(0) * 2 ** 32 + digest.readUInt32BE(2) || 1
  );
}
