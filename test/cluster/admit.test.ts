import { describe, expect, test } from "bun:test";
import { type AdmissionView, admit, checkCertificate } from "../../src/cluster/admit.ts";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import type { Hello } from "../../src/peer/types.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";

const hello = (name: string, instance: string, more: Partial<Hello> = {}): Hello => ({
  clusterId: "c",
  id: raftIdOf(name),
  name,
  instance,
  protocol: 2,
  boot: "00000000000000b1",
  version: "test",
  capabilities: [],
  address: `${name}.test:7000`,
  ...more,
});
const first = bootstrapMembership(["n1", "n2", "n3"].map((name) => ({ name, address: `${name}.test:7000` })));
const member = (name: string, instance: string) => ({
  id: raftIdOf(name),
  name,
  address: `${name}.test:7000`,
  instance,
});
const registered: Membership = {
  ...first,
  members: first.members.map(({ name }) => member(name, `i-${name}`)),
  removed: [member("gone", "i-gone")],
};
const view = (more: Partial<AdmissionView> = {}): AdmissionView => ({
  name: "n1",
  clusterId: "c",
  registry: registered,
  roster: [],
  expected: undefined,
  named: [],
  tls: false,
  ...more,
});
const verdict = (of: AdmissionView, who: Hello): string => {
  const answer = admit(of, who);
  return answer.ok ? "ok" : answer.code;
};

describe("who may talk", () => {
  test("the cluster, the name and the data directory have to be right", () => {
    expect(verdict(view(), hello("n2", "i-n2"))).toBe("ok");
    expect(verdict(view(), hello("n2", "i-n2", { clusterId: "other" }))).toBe("WRONG_CLUSTER");
    expect(verdict(view(), hello("n1", "i-n1"))).toBe("WRONG_NODE");
    expect(verdict(view(), hello("n2", "i-n2", { id: 5 }))).toBe("WRONG_NODE");
    expect(verdict(view(), hello("n2", "wiped"))).toBe("WRONG_INSTANCE");
    expect(verdict(view(), hello("gone", "i-gone"))).toBe("REMOVED");
    expect(verdict(view(), hello("another name", "i-gone"))).toBe("REMOVED");
  });

  test("before the leader has registered anybody the roster of the formation decides", () => {
    const formed = view({ registry: first, roster: [member("n2", "i-n2")] });
    expect(verdict(formed, hello("n2", "i-n2"))).toBe("ok");
    expect(verdict(formed, hello("n2", "wiped"))).toBe("WRONG_INSTANCE");
  });

  test("while it forms: every initial member, and nobody else", () => {
    const forming = view({ registry: undefined, expected: ["n1", "n2", "n3"] });
    expect(verdict(forming, hello("n2", "any"))).toBe("ok");
    expect(verdict(forming, hello("n9", "any"))).toBe("UNKNOWN_MEMBER");
  });

  test("who joins is taken in once it was added, and takes whom it finds", () => {
    const joining = hello("n4", "i-n4", { clusterId: "" });
    expect(verdict(view(), joining)).toBe("UNKNOWN_MEMBER");
    const added = { ...registered, members: [...registered.members, member("n4", "")] };
    expect(verdict(view({ registry: added }), joining)).toBe("ok");
    const self = view({ name: "n4", clusterId: "", registry: undefined });
    expect(verdict(self, hello("n1", "i-n1"))).toBe("ok");
    expect(verdict(self, hello("n5", "i-n5", { clusterId: "" }))).toBe("NOT_READY");
  });

  test("a member that this replica does not know yet is let in: it may be the leader it has to catch up with", () => {
    expect(verdict(view(), hello("n7", "i-n7"))).toBe("ok");
  });

  test("a refusal tells nobody what is known of the data directory of that name, nor which cluster this is", () => {
    for (const who of [hello("n2", "wiped"), hello("n2", "i-n2", { clusterId: "other" })]) {
      const answer = admit(view({ clusterId: "cluster-of-ours" }), who);
      expect(answer.ok).toBe(false);
      expect(JSON.stringify(answer)).not.toMatch(/i-n2|cluster-of-ours/);
    }
  });

  test("with TLS the certificate has to name the node, or the host it is registered at", () => {
    const tls = view({ tls: true });
    const shown = (...names: string[]) =>
      checkCertificate(tls, hello("n2", "i-n2"), { subject: "CN=x", names });
    expect(shown("N2").ok).toBe(true);
    expect(shown("n2.test").ok).toBe(true);
    expect(shown("n3", "n3.test")).toMatchObject({ ok: false, code: "CERTIFICATE" });
    expect(checkCertificate(tls, hello("n2", "i-n2"), undefined)).toMatchObject({
      ok: false,
      code: "CERTIFICATE",
    });
    // What the hello says of its address helps nobody: neither a member, nor a node that is not known here.
    for (const name of ["n2", "n9"]) {
      const elsewhere = hello(name, "i", { address: "evil.test:1" });
      expect(checkCertificate(tls, elsewhere, { subject: "CN=x", names: ["evil.test"] }).ok).toBe(false);
    }
    // Before there is a membership, the operator's list is what is known.
    const named = [{ name: "n9", address: "nine.test:7000" }];
    const joining = view({ tls: true, registry: undefined, named });
    const nine = { subject: "CN=x", names: ["nine.test"] };
    expect(checkCertificate(joining, hello("n9", "i"), nine).ok).toBe(true);
    expect(checkCertificate(joining, hello("n8", "i", { address: "nine.test:1" }), nine).ok).toBe(false);
  });
});
