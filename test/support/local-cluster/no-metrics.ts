import type { ConsensusThreadMetrics } from "../../../src/consensus/options.ts";

const nothing = (): void => {};

export const NO_CONSENSUS_METRICS: ConsensusThreadMetrics = {
  proposed: nothing,
  dropped: nothing,
  forwarded: nothing,
  readIndexRound: nothing,
  snapshot: nothing,
  tickLateness: nothing,
  observe: nothing,
};
