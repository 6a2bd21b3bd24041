import { expect, test } from "bun:test";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { MemberFeatures } from "../../src/consensus/member-features.ts";
import type { Hello } from "../../src/peer/types.ts";
import { PublishedState } from "../../src/threads/shared-state.ts";

const members = (...ids: number[]): Membership =>
  ({ members: ids.map((id) => ({ id, name: `n${id}`, instance: "" })) }) as unknown as Membership;

test("versions are open while every member has announced them; a member that was never met keeps them closed", () => {
  const published = new PublishedState();
  const hellos: Pick<Hello, "capabilities" | "id">[] = [];
  const peers = { clusterId: "c", hellos: hellos as unknown as readonly Hello[] };
  const features = new MemberFeatures({ blob: undefined, blobs: undefined, published }, 1, peers);
  const open = (membership: Membership): boolean => {
    features.check(membership);
    // Another thread reads the same memory.
    return new PublishedState(published.buffer).versionsOpen;
  };
  expect(open(members())).toBe(false);
  expect(open(members(1))).toBe(true);
  expect(open(members(1, 2, 3))).toBe(false);
  hellos.push({ id: 2, capabilities: ["archive", "versions"] }, { id: 3, capabilities: ["archive"] });
  expect(open(members(1, 2, 3))).toBe(false);
  hellos[1] = { id: 3, capabilities: ["archive", "versions"] };
  expect(open(members(1, 2, 3))).toBe(true);
  expect(open(members(1, 2, 3, 4))).toBe(false);
  expect(open(members(1, 2))).toBe(true);
});
