import { expect, test } from "bun:test";
import { Crowd } from "../../src/platform/network/crowd.ts";
import { hostOf } from "../../src/platform/network/host-of.ts";

test("the oldest of the address that has the most makes space; whoever comes is let in", () => {
  const crowd = new Crowd<string>({ all: 4, perAddress: 3 });
  expect(["a1", "a2", "a3"].map((member) => crowd.add(member, "a"))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(crowd.add("a4", "a")).toBe("a1");
  expect(crowd.add("b1", "b")).toBeUndefined();
  expect(crowd.add("c1", "c")).toBe("a2");
  expect(crowd.add("d1", "d")).toBe("a3");
  // All alike: the one that came first.
  expect(crowd.add("e1", "e")).toBe("a4");
  expect([...crowd.members()]).toEqual(["b1", "c1", "d1", "e1"]);
});

test("who has come through holds no place", () => {
  const crowd = new Crowd<string>({ all: 2, perAddress: 2 });
  crowd.add("a1", "a");
  crowd.delete("a1");
  crowd.delete("a1");
  expect([crowd.add("b1", "b"), crowd.add("c1", "c"), crowd.some((member) => member === "a1")]).toEqual([
    undefined,
    undefined,
    false,
  ]);
});

test("the address without its port", () => {
  expect(["10.0.0.1:5", "[::1]:5", "[fe80::1]:1", "h:5"].map(hostOf)).toEqual([
    "10.0.0.1",
    "::1",
    "fe80::1",
    "h",
  ]);
});
