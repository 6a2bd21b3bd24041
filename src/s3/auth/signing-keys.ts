import type { Service } from "./credential-scope.ts";
import { hmac } from "./hmac.ts";
import type { Credential } from "./types.ts";

/** With more (user, day, region) triples the cache is cleared. Deriving a key costs 2 microseconds. */
const MAX_CACHED_KEYS = 4096;

interface CachedKey {
  readonly secretKey: string;
  readonly key: Uint8Array;
}

/** Derived SigV4 keys, by access key, day and region. */
export class SigningKeys {
  readonly #cache = new Map<string, CachedKey>();

  /** @param day `YYYYMMDD` @param region without a slash */
  get(credential: Credential, day: string, region: string, service: Service = "s3"): Uint8Array {
    const name = `${service}${day}${region}/${credential.accessKey}`;
    const cached = this.#cache.get(name);
    // The cache must not return a key of an old secret.
    if (cached !== undefined && cached.secretKey === credential.secretKey) return cached.key;
    const key = deriveSigningKey(credential.secretKey, day, region, service);
    if (this.#cache.size >= MAX_CACHED_KEYS) this.#cache.clear();
    this.#cache.set(name, { secretKey: credential.secretKey, key });
    return key;
  }
}

/** The chain of four HMACs of "Deriving the signing key" (AWS Signature Version 4). @internal */
export function deriveSigningKey(
  secretKey: string,
  day: string,
  region: string,
  service: string,
): Uint8Array {
  return hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), service), "aws4_request");
}
