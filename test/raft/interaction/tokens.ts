import { type ConfChangeSingle, ConfChangeType } from "../../../src/raft/core/index.ts";

const TYPES: Readonly<Record<string, ConfChangeType>> = {
  v: ConfChangeType.AddNode,
  l: ConfChangeType.AddLearnerNode,
  r: ConfChangeType.RemoveNode,
  u: ConfChangeType.UpdateNode,
};

/** A token that is no membership change; the text is part of what a case prints. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/** `v1 l2 r3 u4`: add voter, add learner, remove, update. Throws TokenError. */
export function parseChanges(input: string): readonly ConfChangeSingle[] {
  const text = input.trim();
  if (text === "") return [];
  return text.split(" ").map((token) => {
    if (token.length < 2) throw new TokenError(`unknown token ${token}`);
    const type = TYPES[token.slice(0, 1)];
    if (type === undefined) throw new TokenError(`unknown input: ${token}`);
    const digits = token.slice(1);
    if (!/^\d+$/.test(digits)) {
      throw new TokenError(`strconv.ParseUint: parsing ${JSON.stringify(digits)}: invalid syntax`);
    }
    const nodeId = Number(digits);
    if (!Number.isSafeInteger(nodeId)) {
      throw new TokenError(`strconv.ParseUint: parsing ${JSON.stringify(digits)}: value out of range`);
    }
    return { type, nodeId };
  });
}
