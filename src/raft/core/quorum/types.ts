/** What an election or a quorum check came to. */
export const VoteResult = {
  /** Undecided: the missing answers can still tip it either way. */
  Pending: 0,
  /** A quorum said no, or yes has become impossible. */
  Lost: 1,
  Won: 2,
} as const;
export type VoteResult = (typeof VoteResult)[keyof typeof VoteResult];

/** The committed index of a configuration without voters: it holds nothing back. */
export const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Who has acknowledged which log index. */
export interface AckedIndexes {
  /** The highest index known to be durable on `id`; undefined when nothing is known. */
  ackedIndex(id: number): number | undefined;
}
