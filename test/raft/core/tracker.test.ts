import { describe, expect, test } from "bun:test";
import { Progress, ProgressState } from "../../../src/raft/core/tracker/index.ts";
import { Inflights } from "../../../src/raft/core/tracker/inflights.ts";
import { SeededRandom } from "../support/random.ts";

const UNLIMITED = Number.POSITIVE_INFINITY;

describe("inflight windows", () => {
  test("full by messages", () => {
    const window = new Inflights(2, UNLIMITED);
    window.add(5, 10);
    expect(window.full).toBe(false);
    window.add(6, 10);
    expect(window.full).toBe(true);
    expect(() => window.add(7, 1)).toThrow(/count=2, maxMessages=2/);
    window.freeUpTo(5);
    expect([window.count, window.bytes, window.full]).toEqual([1, 10, false]);
  });

  test("full by bytes: the message that passes the limit is the last", () => {
    const window = new Inflights(100, 25);
    window.add(1, 20);
    expect(window.full).toBe(false);
    window.add(2, 20);
    expect([window.full, window.bytes]).toEqual([true, 40]);
    window.freeUpTo(1);
    expect([window.full, window.bytes]).toEqual([false, 20]);
  });

  test("the ring keeps order while it grows and turns", () => {
    const random = new SeededRandom(7);
    const window = new Inflights(50, UNLIMITED);
    let model: { index: number; size: number }[] = [];
    for (let index = 1; index < 5000; index++) {
      if (random.chance(60) && !window.full) {
        const size = random.nextInt(9);
        window.add(index, size);
        model.push({ index, size });
      } else if (model.length > 0) {
        const upTo = random.pick(model).index;
        window.freeUpTo(upTo);
        model = model.filter((each) => each.index > upTo);
      }
      expect([window.count, window.bytes]).toEqual([
        model.length,
        model.reduce((sum, { size }) => sum + size, 0),
      ]);
    }
  });
});

describe("progress", () => {
  function progress(match: number, next: number): Progress {
    return new Progress(match, next, new Inflights(2, UNLIMITED), false, true);
  }

  test("a probe sends one append with entries, and any number without", () => {
    const peer = progress(3, 4);
    peer.sentEntries(0, 0);
    expect(peer.paused).toBe(false);
    peer.sentEntries(1, 10);
    expect([peer.paused, peer.next]).toEqual([true, 4]);
    expect(peer.maybeUpdate(4)).toBe(true);
    expect([peer.paused, peer.match, peer.next]).toEqual([false, 4, 5]);
  });

  test("replication runs ahead until the window is full", () => {
    const peer = progress(3, 9);
    peer.becomeReplicate();
    peer.sentEntries(2, 10);
    expect([peer.next, peer.paused]).toEqual([6, false]);
    peer.sentEntries(1, 10);
    expect([peer.next, peer.paused, String(peer)]).toEqual([
      7,
      true,
      "StateReplicate match=3 next=7 paused inflight=2[full]",
    ]);
    // An empty append through a full window is a probe as well.
    peer.flowPaused = false;
    peer.sentEntries(0, 0);
    expect(peer.paused).toBe(true);
  });

  test("a refusal moves back: to the match when replicating, to the hint when probing", () => {
    const replicating = progress(3, 9);
    replicating.becomeReplicate();
    replicating.next = 9;
    expect(replicating.maybeDecreaseTo(3, 0)).toBe(false);
    expect(replicating.maybeDecreaseTo(6, 5)).toBe(true);
    expect(replicating.next).toBe(4);

    const probing = progress(3, 9);
    expect(probing.maybeDecreaseTo(7, 5)).toBe(false);
    expect(probing.maybeDecreaseTo(8, 5)).toBe(true);
    expect(probing.next).toBe(6);
    expect(probing.maybeDecreaseTo(5, 0)).toBe(true);
    expect(probing.next).toBe(4);
  });

  test("after a snapshot the probe goes on behind it; after a failed one where it was", () => {
    const peer = progress(3, 4);
    peer.becomeSnapshot(20);
    expect(String(peer)).toBe("StateSnapshot match=3 next=21 paused pendingSnap=20");
    expect(() => peer.sentEntries(1, 1)).toThrow(/pendingSnapshot=20/);
    peer.becomeProbe();
    expect([peer.state, peer.next, peer.pendingSnapshot]).toEqual([ProgressState.Probe, 21, 0]);

    const failed = progress(3, 4);
    failed.becomeSnapshot(20);
    failed.pendingSnapshot = 0;
    failed.becomeProbe();
    expect(failed.next).toBe(4);
  });

  test("a refusal whose hint lies beyond what was asked about does not move forward", () => {
    const probing = progress(3, 9);
    expect(probing.maybeDecreaseTo(8, 20)).toBe(true);
    expect(probing.next).toBe(8);
  });

  test("another role changes nothing else", () => {
    const probing = progress(3, 9);
    probing.sentEntries(1, 10);
    expect(String(probing.withRole(true))).toBe("StateProbe match=3 next=9 learner paused");
    expect(String(probing.withRole(true).withRole(false))).toBe(String(probing));

    const behind = progress(3, 9);
    behind.becomeSnapshot(20);
    expect(String(behind.withRole(true))).toBe("StateSnapshot match=3 next=21 learner paused pendingSnap=20");

    const told = progress(5, 6);
    told.becomeReplicate();
    told.sentEntries(2, 0);
    told.sentCommitIndex(7);
    expect([told.canBumpCommit(9), told.withRole(true).canBumpCommit(9)]).toEqual([false, false]);
    told.sentCommitIndex(4);
    expect(told.withRole(true).canBumpCommit(9)).toBe(true);
  });

  test("a commit index is sent on its own only when it can move the follower's", () => {
    const peer = progress(5, 6);
    peer.becomeReplicate();
    peer.sentEntries(2, 0);
    expect(peer.canBumpCommit(6)).toBe(true);
    peer.sentCommitIndex(7);
    // It has been told as much as it can take.
    expect(peer.canBumpCommit(9)).toBe(false);
    peer.becomeProbe();
    expect(peer.next).toBe(6);
    expect(peer.canBumpCommit(9)).toBe(false);
    // What it was told about entries that are to be sent again, it may not have taken.
    peer.maybeUpdate(7);
    expect(peer.canBumpCommit(9)).toBe(true);
    peer.sentCommitIndex(4);
    expect(peer.canBumpCommit(9)).toBe(true);
    expect(peer.canBumpCommit(4)).toBe(false);
  });
});
