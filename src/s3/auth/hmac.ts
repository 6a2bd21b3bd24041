/** SHA-256 and HMAC-SHA256 on Bun's native hasher: about a microsecond each. */

export function sha256Hex(data: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(data).digest("hex");
}

/** Text whose characters stand for bytes (latin1), as header values do. */
export function sha256HexLatin1(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text, "latin1").digest("hex");
}

export function hmac(key: string | Uint8Array, data: string): Uint8Array {
  return new Bun.CryptoHasher("sha256", key).update(data).digest();
}

export function hmacHex(key: Uint8Array, data: string): string {
  return new Bun.CryptoHasher("sha256", key).update(data).digest("hex");
}

/** Compares without stopping at the first difference. Lengths are public. */
export function equalConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
