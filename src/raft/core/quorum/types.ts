/** The result of an election or of a quorum check. */
export const VoteResult = {
  /** The missing answers can still decide either way. */
  Pending: 0,
  /** A quorum said no, or a majority of yes has become impossible. */
  Lost: 1,
  Won: 2,
} as const;
export type VoteResult = (typeof VoteResult)[keyof typeof VoteResult];

/** The committed index of a configuration without voters: such a configuration limits nothing. */
export const UNBOUNDED = Number.POSITIVE_INFINITY;

/** The acknowledged log index of each node. */
export interface AckedIndexes {
  /** The highest index known to be durable on `id`; undefined when nothing is known. */
  ackedIndex(id: number): number | undefined;
}
