import { expect, test } from "bun:test";
import {
  type AdmissionView,
  admitToBlobs,
  certifyForBlobs,
} from "../../../src/blob/replication/admission.ts";
import type { HandshakeResult, Hello } from "../../../src/peer/types.ts";
import { member } from "./support/nodes.ts";

const view: AdmissionView = {
  ownName: "n1",
  clusterId: "c1",
  members: new Map([
    [1, member(1)],
    [2, member(2, { instance: "i2", blobAddress: "[::1]:9004" })],
    [3, member(3)],
    [4, member(4, { blobAddress: undefined })],
  ]),
  former: new Set([7]),
};
const hello: Hello = {
  clusterId: "c1",
  id: 2,
  name: "n2",
  instance: "i2",
  protocol: 2,
  version: "0.1.0",
  capabilities: [],
  address: "h2:9004",
  boot: "00000000000000b2",
};
const answer = (result: HandshakeResult): string => (result.ok ? "ok" : result.code);

test("members of this cluster, with the data directory that is known of them, and nobody else", () => {
  const cases: [Partial<Hello>, string][] = [
    [{}, "ok"],
    [{ id: 3, name: "n3", instance: "whatever" }, "ok"],
    [{ clusterId: "c2" }, "WRONG_CLUSTER"],
    [{ clusterId: "" }, "NOT_READY"],
    [{ instance: "i9" }, "WRONG_INSTANCE"],
    [{ name: "n9" }, "WRONG_NODE"],
    [{ id: 3 }, "WRONG_NODE"],
    [{ id: 7, name: "n7" }, "REMOVED"],
    [{ id: 8, name: "n8" }, "NOT_READY"],
    [{ id: 4, name: "n4" }, "NOT_READY"],
  ];
  for (const [fields, expected] of cases) {
    const said = admitToBlobs(view, { ...hello, ...fields });
    expect([fields, answer(said)]).toEqual([fields, expected]);
    // What this node knows of its cluster is nothing for a node that is refused.
    if (!said.ok) expect(said.message).not.toMatch(/c1|i2/);
  }
  expect(answer(admitToBlobs({ ...view, clusterId: "" }, hello))).toBe("NOT_READY");
});

test("a certificate names the node, or the host at which it is dialled", () => {
  const shown = (...names: string[]) => ({ subject: "CN=x", names });
  const certified = (names: readonly string[], of: Partial<Hello> = {}) =>
    answer(certifyForBlobs(view, { ...hello, ...of }, shown(...names)));
  expect(certified(["N2"])).toBe("ok");
  expect(certified(["other", "::1"])).toBe("ok");
  expect(certified(["h2"])).toBe("CERTIFICATE");
  expect(certified([])).toBe("CERTIFICATE");
  expect(certified(["n3"])).toBe("CERTIFICATE");
  expect(certified(["h3"], { id: 3, name: "n3" })).toBe("ok");
  // The address in the hello proves nothing.
  expect(certified(["h9"], { id: 9, name: "n9", address: "h9:1", blobAddress: "h9:1" })).toBe("CERTIFICATE");
  expect(answer(certifyForBlobs(view, hello, undefined))).toBe("CERTIFICATE");
});
