/**
 * Rows `policy` and `public-access-block` of a bucket (docs/format/keyspace.md), and the policy that they make
 * together. A request reads them in the view in which it found its bucket, so a policy that was acknowledged before the
 * request began is in force for the request, on every node.
 */
import { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import { parsePolicy } from "../../iam/policy/parse.ts";
import { isPublic } from "../../iam/policy/public.ts";
import type { Timestamp } from "../../store/types.ts";
import type { ReadView } from "../../txn/types.ts";
import { readConfiguration } from "./bucket-configuration.ts";
import { type BucketRef, configurationKey } from "./keys.ts";
import { RecordError } from "./record-error.ts";

/** API reference, PublicAccessBlockConfiguration. */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** The policy of a bucket, as it is in force. */
export interface BucketPolicy {
  readonly text: string;
  /** Undefined: this release cannot read the policy, so it must let nobody in. */
  readonly compiled: CompiledPolicy | undefined;
  readonly isPublic: boolean;
  /** RestrictPublicBuckets is on, and the policy is public: what the policy allows counts for the owner only. */
  readonly onlyOwner: boolean;
}

const BLOCK_ROW_VERSION = 1;
const BLOCK_ROW_BYTES = 2;
/** Bits of the second byte. */
const BLOCK_BITS: readonly (keyof PublicAccessBlock)[] = [
  "blockPublicAcls",
  "ignorePublicAcls",
  "blockPublicPolicy",
  "restrictPublicBuckets",
];

export function encodePublicAccessBlock(block: PublicAccessBlock): Uint8Array {
  const bits = BLOCK_BITS.reduce((sum, name, bit) => sum | (block[name] ? 1 << bit : 0), 0);
  return Uint8Array.of(BLOCK_ROW_VERSION, bits);
}

/** @throws RecordError */
export function decodePublicAccessBlock(value: Uint8Array): PublicAccessBlock {
  const [version, bits = 0] = value;
  if (
    version !== BLOCK_ROW_VERSION ||
    value.byteLength !== BLOCK_ROW_BYTES ||
    bits >> BLOCK_BITS.length !== 0
  ) {
    throw new RecordError("a public access block row cannot be decoded");
  }
  const isSet = (name: keyof PublicAccessBlock): boolean => (bits & (1 << BLOCK_BITS.indexOf(name))) !== 0;
  return {
    blockPublicAcls: isSet("blockPublicAcls"),
    ignorePublicAcls: isSet("ignorePublicAcls"),
    blockPublicPolicy: isSet("blockPublicPolicy"),
    restrictPublicBuckets: isSet("restrictPublicBuckets"),
  };
}

/** @throws RecordError; KvError */
export async function readPublicAccessBlock(
  view: ReadView,
  ref: BucketRef,
): Promise<PublicAccessBlock | undefined> {
  const row = await readConfiguration(view, ref, "public-access-block");
  return row === undefined ? undefined : decodePublicAccessBlock(row);
}

/** Of all policies that stay compiled, as `bytesOf` estimates them: at least 50 of the longest policies. */
const COMPILED_BYTES_MAX = 128 * 1024 * 1024;
/** Measured: the patterns of a compiled policy need up to 100 bytes for each character of its text. */
const BYTES_PER_CHARACTER = 100;
const BYTES_PER_ENTRY = 150;

interface Compiled {
  readonly commitTs: Timestamp;
  readonly policy: Omit<BucketPolicy, "onlyOwner">;
  /** When it was last asked for: it grows with the actions that it is asked for. */
  bytes: number;
}

/** Reads policies, and keeps them compiled while their rows stay the same. */
export class BucketPolicies {
  /** By bucket and generation; the least recently used first. */
  readonly #compiled = new Map<string, Compiled>();
  #bytes = 0;
  /** Keys of the rows, by the bucket as its directory keeps it. */
  readonly #keys = new WeakMap<BucketRef, Uint8Array>();

  /** How many are kept. @internal */
  get size(): number {
    return this.#compiled.size;
  }

  /** @throws RecordError; KvError */
  async read(view: ReadView, ref: BucketRef): Promise<BucketPolicy | undefined> {
    const row = await view.getMeta(this.#keyOf(ref));
    if (row === undefined) return undefined;
    const { policy } = this.#of(ref, row.commitTs, row.value);
    if (!policy.isPublic) return { ...policy, onlyOwner: false };
    const block = await readPublicAccessBlock(view, ref);
    return { ...policy, onlyOwner: block?.restrictPublicBuckets === true };
  }

  #keyOf(ref: BucketRef): Uint8Array {
    let key = this.#keys.get(ref);
    if (key === undefined) {
      key = configurationKey(ref, "policy");
      this.#keys.set(ref, key);
    }
    return key;
  }

  #of(ref: BucketRef, commitTs: Timestamp, value: Uint8Array): Compiled {
    const name = `${ref.bucket}/${ref.generation}`;
    const known = this.#compiled.get(name);
    this.#drop(name, known);
    const compiled =
      known?.commitTs === commitTs ? known : { commitTs, policy: compile(ref, value), bytes: 0 };
    compiled.bytes = bytesOf(compiled.policy);
    this.#compiled.set(name, compiled);
    this.#bytes += compiled.bytes;
    for (const [oldest, entry] of this.#compiled) {
      if (this.#bytes <= COMPILED_BYTES_MAX) break;
      this.#drop(oldest, entry);
    }
    return compiled;
  }

  #drop(name: string, entry: Compiled | undefined): void {
    if (entry === undefined) return;
    this.#compiled.delete(name);
    this.#bytes -= entry.bytes;
  }
}

function bytesOf({ compiled, text }: Compiled["policy"]): number {
  return text.length * BYTES_PER_CHARACTER + (compiled?.entries ?? 0) * BYTES_PER_ENTRY;
}

/** A row that cannot be read (damaged, or of a newer release) is a policy that lets nobody in. */
function compile({ bucket }: BucketRef, value: Uint8Array): Compiled["policy"] {
  const text = new TextDecoder().decode(value);
  try {
    const document = parsePolicy(text, { kind: "bucket", bucket, stored: true });
    return { text, compiled: new CompiledPolicy(document), isPublic: isPublic(document) };
  } catch {
    return { text, compiled: undefined, isPublic: false };
  }
}
