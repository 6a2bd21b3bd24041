/**
 * The core's number for a node, made from the operator's name for the node: 48 bits of SHA-256. The number is never
 * 0 ("nobody"), always a safe integer, and the same on every node. The configuration parser refuses two names of
 * one cluster with the same number.
 */
export function raftIdOf(nodeName: string): number {
  const digest = new Bun.CryptoHasher("sha256").update(nodeName).digest();
  return (
    new DataView(digest.buffer, digest.byteOffset, 8).getUint16(0) * 2 ** 32 + digest.readUInt32BE(2) || 1
  );
}
