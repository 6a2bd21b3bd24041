import { expect, test } from "bun:test";
import { Formation, type FormationResult } from "../../src/kv/formation.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import type { Hello } from "../../src/raft/transport/types.ts";

const hello = (name: string, instance: string, clusterId = "c"): Hello => ({
  clusterId,
  id: raftIdOf(name),
  name,
  instance,
  protocol: 2,
  boot: "00000000000000b1",
  version: "test",
  capabilities: [],
  address: "from the hello:1",
});
function formation(mode: "form" | "join") {
  const waits: string[] = [];
  const met: FormationResult[] = [];
  const it = new Formation({
    mode,
    others: ["n2", "n3"].map((name) => ({ name, address: `${name}:1` })),
    clusterId: mode === "join" ? "" : "c",
    onWaiting: (members, why) => waits.push(`${members.join(",")} ${why}`),
    onMet: (result) => met.push(result),
  });
  it.start();
  return { it, waits, met };
}

test("all others have to be met, with their newest data directories; the addresses are the configured ones", () => {
  const { it, waits, met } = formation("form");
  it.onHello(hello("n2", "first"));
  it.onHello(hello("n2", "wiped meanwhile"));
  it.onHello(hello("nobody", "x"));
  expect(met).toEqual([]);
  it.onHello(hello("n3", "i-n3"));
  it.onHello(hello("n3", "again"));
  expect(met.length).toBe(1);
  expect(met[0]?.clusterId).toBe("c");
  const roster = new Map(
    met[0]?.roster.map(({ name, address, instance }) => [name, `${address} ${instance}`]),
  );
  expect(roster.get("n2")).toBe("n2:1 wiped meanwhile");
  expect(roster.get("n3")).toBe("n3:1 i-n3");
  expect(waits.map((text) => text.split(" ")[0])).toEqual(["n2,n3", "n3"]);
});

test("what keeps a member away is said once, and only while it is missing", () => {
  const { it, waits } = formation("form");
  it.onProblem("n3", "WRONG_CLUSTER: other list");
  it.onProblem("n3", "WRONG_CLUSTER: other list");
  expect(waits.length).toBe(2);
  expect(waits[1]).toContain("n3: WRONG_CLUSTER: other list");
  it.onHello(hello("n3", "i"));
  it.onProblem("n3", "later");
  expect(waits.length).toBe(3);
  expect(waits[2]).not.toContain("WRONG_CLUSTER");
});

test("who joins needs one member that knows the cluster", () => {
  const { it, met } = formation("join");
  it.onHello(hello("n2", "joins too", ""));
  it.onHello(hello("stranger", "x", "another cluster"));
  expect(met).toEqual([]);
  it.onHello(hello("n3", "i", "the cluster"));
  expect(met).toEqual([{ clusterId: "the cluster", roster: [] }]);
});
