/** Policies and groups: what reaches a user's view, what is refused, and what stands for what cannot be read. */
import { beforeEach, describe, expect, test } from "bun:test";
import { iamKey } from "../../../src/iam/user-rows.ts";
import { GROUPS_MAX, MEMBERS_MAX } from "../../../src/node/users/groups.ts";
import { POLICIES_MAX } from "../../../src/node/users/policies.ts";
import { ROOT_ID, refusal, type World, world } from "./world.ts";

let w: World;
beforeEach(async () => {
  w = await world();
});

describe("policies and groups", () => {
  const text =
    '{ "Version": "2012-10-17",   "Statement": {"Effect":"Allow","Action":"s3:*","Resource":"*"} }';

  test("the text is kept as it was given, and reaches every user that has it, also through a group", async () => {
    const { user } = await w.iam.users.create({ name: "ann" });
    await w.iam.policies.put("mine", text);
    await w.iam.policies.put("staffs", text);
    await w.iam.policies.attach("mine", { user: "ann" });
    await w.iam.groups.create("staff");
    await w.iam.policies.attach("staffs", { group: "staff" });
    await w.iam.groups.add("staff", "ann");
    expect(await w.iam.policies.show("mine")).toEqual({ name: "mine", text });
    const { view, apply } = w.node();
    await apply();
    const names = () => view.policiesOf(user.id).map(({ name }) => name);
    expect(names()).toEqual(["owner", "mine", "staffs"]);
    expect(view.policiesOf(user.id)[1]?.text).toBe(text);
    // The same objects for every request: what was compiled of them is kept by identity.
    expect(view.policiesOf(user.id)[1]).toBe(view.policiesOf(user.id)[1] as never);
    expect([view.policiesOf(ROOT_ID), view.policiesOf("0".repeat(64))]).toEqual([[], []]);
    await w.iam.groups.remove("staff", "ann");
    await w.iam.policies.detach("owner", { user: "ann" });
    await apply();
    expect(names()).toEqual(["mine"]);
    expect((await w.iam.policies.list()).policies.find(({ name }) => name === "mine")).toMatchObject({
      canned: false,
      users: ["ann"],
      groups: [],
    });
  });

  test("what cannot be read denies everything, for nobody knows what it denied", async () => {
    const { user } = await w.iam.users.create({ name: "ann" });
    await w.iam.policies.put("mine", text);
    await w.iam.policies.attach("mine", { user: "ann" });
    const broken = (table: "policy" | "group", name: string) =>
      w.kv.transact({
        conditions: [],
        mutations: [{ kind: "put", key: iamKey(table, name), value: Buffer.from("?") }],
      });
    await broken("policy", "mine");
    const { view, apply } = w.node();
    await apply();
    expect(view.policiesOf(user.id).map(({ name }) => name)).toEqual(["owner", "unreadable"]);
    expect(view.policiesOf(user.id)[1]?.text).toContain('"Deny"');
    await broken("group", "staff");
    await apply();
    expect(view.policiesOf(user.id).at(-1)?.name).toBe("unreadable");
    expect(w.unreadable.length).toBeGreaterThan(0);
  });

  test("what is refused", async () => {
    await w.iam.users.create({ name: "ann" });
    await w.iam.groups.create("staff");
    await w.iam.policies.put("mine", text);
    await w.iam.policies.attach("mine", { group: "staff" });
    for (const [work, code] of [
      [w.iam.policies.put("mine", "{"), "INVALID"],
      [w.iam.policies.put("mine", "[]"), "INVALID"],
      [w.iam.policies.put("mine", '{"Statement": []}'), "INVALID"],
      [w.iam.policies.put("mine", `{"x":"${"é".repeat(10_240)}"}`), "INVALID"],
      [w.iam.policies.put("owner", text), "IN_USE"],
      [w.iam.policies.delete("readonly"), "IN_USE"],
      [w.iam.policies.delete("mine"), "IN_USE"],
      [w.iam.policies.delete("none"), "UNKNOWN_POLICY"],
      [w.iam.policies.show("none"), "UNKNOWN_POLICY"],
      [w.iam.policies.attach("none", { user: "ann" }), "UNKNOWN_POLICY"],
      [w.iam.policies.attach("mine", { user: "bob" }), "UNKNOWN_USER"],
      [w.iam.policies.attach("mine", { group: "none" }), "UNKNOWN_GROUP"],
      [w.iam.policies.attach("mine", { user: "root" }), "INVALID"],
      [w.iam.policies.attach("mine", {}), "INVALID"],
      [w.iam.policies.attach("mine", { user: "ann", group: "staff" }), "INVALID"],
      [w.iam.groups.create("staff"), "EXISTS"],
      [w.iam.groups.add("none", "ann"), "UNKNOWN_GROUP"],
      [w.iam.groups.add("staff", "bob"), "UNKNOWN_USER"],
      [w.iam.groups.add("staff", "root"), "INVALID"],
      [w.iam.groups.remove("staff", "ann"), "UNKNOWN_USER"],
      [w.iam.groups.delete("none"), "UNKNOWN_GROUP"],
    ] as const) {
      expect(await refusal(work)).toBe(code);
    }
    await w.iam.groups.delete("staff");
    await w.iam.policies.delete("mine");
    expect((await w.iam.policies.list()).policies.every(({ canned }) => canned)).toBe(true);
  });

  test("no more than the bounds", async () => {
    await w.iam.users.create({ name: "ann", withoutKey: true });
    const put = (table: "group" | "policy", count: number, row: object) =>
      w.kv.transact({
        conditions: [],
        mutations: Array.from({ length: count }, (_, i) => ({
          kind: "put",
          key: iamKey(table, `${table}-${i}`),
          value: Buffer.from(JSON.stringify({ v: 1, createdMs: 1, ...row })),
        })),
      });
    await put("policy", POLICIES_MAX, { changedMs: 1, text });
    expect(await refusal(w.iam.policies.put("one-more", text))).toBe("TOO_MANY");
    for (let i = 0; i < 19; i++) await w.iam.policies.attach(`policy-${i}`, { user: "ann" });
    expect(await refusal(w.iam.policies.attach("policy-20", { user: "ann" }))).toBe("TOO_MANY");
    const members = Array.from({ length: MEMBERS_MAX }, (_, i) => i.toString(16).padStart(64, "0"));
    await put("group", 1, { members, policies: [] });
    expect(await refusal(w.iam.groups.add("group-0", "ann"))).toBe("TOO_MANY");
    await put("group", GROUPS_MAX, { members: [], policies: [] });
    expect(await refusal(w.iam.groups.create("one-more"))).toBe("TOO_MANY");
  });
});
