/** How many voters hold a blob before its writer goes on. */
export interface Copies {
  readonly required: number;
  /** With fewer than `required` within reach a store is content with this many. */
  readonly floor: number;
}

/** In a cluster of two or more voters one copy is never enough: the node that holds it may be lost at any time. */
const LEAST_COPIES = 2;

/**
 * @param minReplicas the operator's number, clamped to what the cluster can have; it is never undercut. undefined: a
 * majority of the voters, and LEAST_COPIES when there are no more within reach.
 */
export function copiesNeeded(voters: number, minReplicas: number | undefined): Copies {
  const least = Math.min(LEAST_COPIES, Math.max(1, voters));
  if (minReplicas === undefined) {
    return { required: Math.max(least, Math.floor(voters / 2) + 1), floor: least };
  }
  const required = Math.max(least, Math.min(minReplicas, voters));
  return { required, floor: required };
}
