import { afterEach, describe, expect, test } from "bun:test";
import { PLANTED } from "../../../src/platform/planted.ts";
import type { ConfState } from "../../../src/raft/core/index.ts";
import { LEASE_SHARE, Lease } from "../../../src/raft/engine/lease.ts";

const ELECTION_MS = 1_000;
const LEASE_MS = ELECTION_MS * LEASE_SHARE;

function voters(...ids: number[]): ConfState {
  return { voters: ids, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
}

const THREE = voters(1, 2, 3);

/** Node 1 leads in term 5. */
function leading(): Lease {
  const lease = new Lease(1, ELECTION_MS);
  lease.begin(5);
  return lease;
}

afterEach(() => {
  for (const name of Object.keys(PLANTED) as (keyof typeof PLANTED)[]) PLANTED[name] = false;
});

describe("a lease", () => {
  test("runs from the moment the acknowledged round was sent, never from when the answer came", () => {
    const lease = leading();
    const round = lease.nextRound(100);
    lease.acknowledge(2, round, 600);
    expect(lease.validUntilMs(THREE, 600)).toBe(100 + LEASE_MS);
  });

  test("is shorter than the election timeout by a margin", () => {
    expect(LEASE_MS).toBeLessThan(ELECTION_MS * 0.81);
  });

  test("needs a majority: no answer, no lease, and an old round of one does not hide a new one of another", () => {
    const lease = leading();
    const first = lease.nextRound(100);
    expect(lease.validUntilMs(voters(1, 2, 3, 4, 5), 110)).toBe(0);
    lease.acknowledge(2, first, 120);
    expect(lease.validUntilMs(voters(1, 2, 3, 4, 5), 120)).toBe(0);
    lease.acknowledge(3, lease.nextRound(200), 220);
    expect(lease.validUntilMs(voters(1, 2, 3, 4, 5), 220)).toBe(100 + LEASE_MS);
    lease.acknowledge(2, 2, 230);
    expect(lease.validUntilMs(voters(1, 2, 3, 4, 5), 230)).toBe(200 + LEASE_MS);
  });

  test("never shrinks by a late answer to an older round", () => {
    const lease = leading();
    const older = lease.nextRound(100);
    const newer = lease.nextRound(200);
    lease.acknowledge(2, newer, 210);
    lease.acknowledge(2, older, 220);
    expect(lease.validUntilMs(THREE, 220)).toBe(200 + LEASE_MS);
  });

  test("does not believe in rounds that were never sent, nor in those of another term", () => {
    const lease = leading();
    lease.acknowledge(2, 77, 100);
    const round = lease.nextRound(100);
    lease.begin(6);
    lease.acknowledge(2, round, 110);
    expect(lease.validUntilMs(THREE, 110)).toBe(0);
  });

  test("does not count learners", () => {
    const lease = leading();
    const confState = { ...voters(1, 2, 3), learners: [4, 5] };
    const round = lease.nextRound(100);
    for (const id of [4, 5]) lease.acknowledge(id, round, 110);
    expect(lease.validUntilMs(confState, 110)).toBe(0);
    PLANTED.leaseCountsLearners = true;
    expect(lease.validUntilMs(confState, 110)).toBe(100 + LEASE_MS);
  });

  test("does not count removed members", () => {
    const lease = leading();
    lease.acknowledge(2, lease.nextRound(100), 110);
    expect(lease.validUntilMs(THREE, 110)).toBe(100 + LEASE_MS);
    expect(lease.validUntilMs(voters(1, 3, 4), 110)).toBe(0);
  });

  test("needs both majorities of a joint configuration", () => {
    const lease = leading();
    const joint = { ...voters(1, 4, 5), votersOutgoing: [1, 2, 3] };
    const round = lease.nextRound(100);
    lease.acknowledge(2, round, 110);
    expect(lease.validUntilMs(joint, 110)).toBe(0);
    lease.acknowledge(5, round, 120);
    expect(lease.validUntilMs(joint, 120)).toBe(100 + LEASE_MS);
  });

  test("is not counted for a leader that is itself no voter", () => {
    const lease = leading();
    lease.acknowledge(2, lease.nextRound(100), 110);
    expect(lease.validUntilMs(voters(2, 3, 4), 110)).toBe(0);
  });

  test("is void from the moment a transfer starts; its heartbeats grant none", () => {
    const lease = leading();
    lease.acknowledge(2, lease.nextRound(100), 110);
    lease.transfer(true, 120);
    expect(lease.validUntilMs(THREE, 120)).toBe(0);
    expect(lease.nextRound(130)).toBe(0);
  });

  test("is void for a full election timeout after an aborted transfer", () => {
    const lease = leading();
    lease.transfer(true, 100);
    lease.transfer(false, 1_100);
    lease.acknowledge(2, lease.nextRound(1_200), 1_210);
    expect(lease.validUntilMs(THREE, 1_210)).toBe(0);
    expect(lease.validUntilMs(THREE, 2_099)).toBe(0);
    lease.acknowledge(2, lease.nextRound(2_090), 2_095);
    expect(lease.validUntilMs(THREE, 2_100)).toBe(2_090 + LEASE_MS);
  });

  test("of a sole voter is always now", () => {
    expect(leading().validUntilMs(voters(1), 500)).toBe(500 + LEASE_MS);
  });

  test("goes wrong as planted", () => {
    const lease = leading();
    PLANTED.leaseFromArrival = true;
    lease.acknowledge(2, lease.nextRound(100), 600);
    expect(lease.validUntilMs(THREE, 600)).toBe(600 + LEASE_MS);
    PLANTED.leaseDuringTransfer = true;
    lease.transfer(true, 610);
    expect(lease.validUntilMs(THREE, 610)).toBe(600 + LEASE_MS);
    PLANTED.leaseWithoutMargin = true;
    expect(lease.validUntilMs(THREE, 610)).toBeGreaterThan(600 + ELECTION_MS);
  });
});
