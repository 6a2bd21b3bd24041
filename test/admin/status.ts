import type { ClusterStatus, MemberStatus } from "../../src/api/schemas.ts";

export function member(id: string, more: Partial<MemberStatus> = {}): MemberStatus {
  return {
    id,
    peerAddress: `${id}.example:9002`,
    role: "follower",
    change: null,
    match: 100,
    applied: 100,
    lag: 0,
    reachable: true,
    unreachableSeconds: null,
    snapshot: false,
    registered: true,
    hostId: "0123456789abcdef0123456789abcdef",
    version: "1.0.0",
    problem: null,
    ...more,
  };
}

/** Three voters, n1 leads, nothing is wrong. */
export function clusterStatus(more: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    clusterId: "00112233445566778899aabbccddeeff",
    nodeId: "n1",
    view: "leader",
    leaderId: "n1",
    term: 3,
    configurationIndex: 1,
    joint: false,
    transferTo: null,
    commitIndex: 100,
    members: [member("n1", { role: "leader" }), member("n2"), member("n3")],
    advice: [],
    ...more,
  };
}
