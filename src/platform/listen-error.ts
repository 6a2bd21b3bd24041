/**
 * The reason why the node cannot listen at an address: the address is taken, not of this machine, not allowed, or
 * other.
 */
export type ListenProblem = "in-use" | "not-here" | "not-allowed" | "other";

const PROBLEMS: Readonly<Record<string, ListenProblem>> = {
  EADDRINUSE: "in-use",
  EADDRNOTAVAIL: "not-here",
  ENOTFOUND: "not-here",
  EAI_AGAIN: "not-here",
  EACCES: "not-allowed",
  EPERM: "not-allowed",
};

export function listenProblem(error: unknown): ListenProblem {
  const { code } = error as { readonly code?: unknown };
  return (typeof code === "string" ? PROBLEMS[code] : undefined) ?? "other";
}
