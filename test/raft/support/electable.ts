import type { SimNode } from "./sim-node.ts";

/**
 * Whether `candidate` may campaign and would be elected, as the logs of all `nodes` are now. It asks whom the
 * configuration names that it knows.
 */
export function wouldWin(candidate: SimNode, nodes: readonly SimNode[]): boolean {
  const { voters, votersOutgoing } = candidate.raw.confState();
  const halves = [voters, votersOutgoing].filter((half) => half.length > 0);
  const grants = (id: number): boolean => {
    const voter = nodes[id - 1];
    return voter !== undefined && isUpToDate(candidate, voter);
  };
  return (
    halves.some((half) => half.includes(candidate.id)) &&
    halves.every((half) => half.filter(grants).length > half.length / 2)
  );
}

/** Whether `candidate`'s log has everything that `voter` may have committed. */
function isUpToDate(candidate: SimNode, voter: SimNode): boolean {
  const own = logEnd(candidate);
  const other = logEnd(voter);
  return own.term > other.term || (own.term === other.term && own.index >= other.index);
}

function logEnd({ storage }: SimNode): { readonly index: number; readonly term: number } {
  const index = storage.lastIndex();
  return { index, term: storage.term(index) };
}
