import { expect, test } from "bun:test";
import { Forwarding } from "../../src/consensus/forwarding.ts";
import type { PeerMessage } from "../../src/peer/types.ts";
import type { Timers } from "../../src/platform/timers.ts";

const LEADER = 7;
const timers: Timers = { later: () => () => {}, every: () => () => {}, soon: (task) => task() };

function forwarding(firstId: number) {
  const sent: PeerMessage[] = [];
  const dropped: [gateway: number, sequence: number][] = [];
  const it = new Forwarding({
    timers,
    firstId,
    send: (_, message) => {
      sent.push(message);
      return true;
    },
    onDropped: (gateway, sequences) => {
      for (const sequence of sequences) dropped.push([gateway, sequence]);
    },
  });
  const idOf = (at: number): number => {
    const message = sent[at];
    if (message?.kind !== "propose") throw new Error(`${message?.kind}`);
    return message.requestId;
  };
  return { it, idOf, dropped };
}

test("an answer counts once, from whom it was asked, and for what was asked in this life", () => {
  const before = forwarding(1_000);
  before.it.propose(LEADER, 1, [1], [new Uint8Array(1)]);
  const late = before.idOf(0);
  const now = forwarding(500_000);
  now.it.propose(LEADER, 1, [1], [new Uint8Array(1)]);
  now.it.onProposeReply(LEADER, late, false);
  now.it.onProposeReply(8, now.idOf(0), false);
  expect(now.dropped).toEqual([]);
  now.it.onProposeReply(LEADER, now.idOf(0), false);
  now.it.onProposeReply(LEADER, now.idOf(0), false);
  expect(now.dropped).toEqual([[1, 1]]);
});
