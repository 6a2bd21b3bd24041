/** Messages of nodes that ask to join pass the consensus thread by. */
import { expect, test } from "bun:test";
import { JoinDoor } from "../../src/consensus/join-door.ts";
import type { ConsensusToControl, ControlToConsensus } from "../../src/messages/messages.ts";

function world() {
  const sent: ConsensusToControl[] = [];
  let receive: (messages: readonly ControlToConsensus[]) => void = () => {};
  let waiting: ControlToConsensus[] = [];
  let reloads = 0;
  const door = new JoinDoor(
    {
      send: (message) => void sent.push(message),
      flush: () => {},
      onBatch: (to) => {
        receive = to;
      },
      drain: () => waiting.splice(0),
      close: () => {},
    },
    () => reloads++,
  );
  const passed: ControlToConsensus[][] = [];
  door.onBatch((messages) => passed.push([...messages]));
  return {
    door,
    sent,
    passed,
    reloads: () => reloads,
    receive: (...messages: ControlToConsensus[]) => receive(messages),
    wait: (...messages: ControlToConsensus[]) => {
      waiting = messages;
    },
  };
}

test("each answer goes to its asker, once, whatever the order; everything else passes", () => {
  const { door, sent, passed, receive, wait } = world();
  const heard: string[] = [];
  door.ask("one", "10.0.0.1", (line) => heard.push(`one: ${line}`));
  door.ask("two", "10.0.0.2", (line) => heard.push(`two: ${line}`));
  expect(sent).toEqual([
    { kind: "join-asked", id: 1, request: "one", host: "10.0.0.1" },
    { kind: "join-asked", id: 2, request: "two", host: "10.0.0.2" },
  ]);
  receive({ kind: "join-answered", id: 2, line: "b" }, { kind: "step-down" }, { kind: "roster-kept" });
  wait(
    { kind: "join-answered", id: 1, line: "a" },
    { kind: "join-answered", id: 2, line: "again" },
    { kind: "stop" },
  );
  expect(door.drain()).toEqual([{ kind: "stop" }]);
  expect(heard).toEqual(["two: b", "one: a"]);
  expect(passed).toEqual([[{ kind: "step-down" }, { kind: "roster-kept" }]]);
});

test("a renewed certificate is read, and wakes nobody else", () => {
  const { passed, receive, reloads } = world();
  receive({ kind: "certificate-renewed" });
  expect(reloads()).toBe(1);
  expect(passed).toEqual([]);
});
