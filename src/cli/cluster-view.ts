import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";

/** The status as a table, with the advice. */
export function clusterTable(status: ClusterStatus): string {
  const rows = [
    ["MEMBER", "ROLE", "PEER ADDRESS", "ON DISK", "APPLIED", "BEHIND", "REACHABLE"],
    ...status.members.map((member) => [
      member.id === status.nodeId ? `${member.id} *` : member.id,
      member.role,
      member.peerAddress ?? "-",
      ...[member.match, member.applied, member.lag].map(shown),
      reach(member),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const head = `cluster ${status.clusterId === "" ? "not known yet" : status.clusterId}  leader ${status.leaderId ?? "none"}  term ${status.term}  configuration ${shown(status.configurationIndex)}  (* answered)`;
  const seenBy = seenByWhom(status);
  const advice = status.advice.length === 0 ? [] : ["", ...status.advice.map((line) => `! ${line}`)];
  return `${[head, ...seenBy, "", ...lines, ...advice].join("\n")}\n`;
}

/** Names the node whose view is shown; nothing for the leader's view. */
function seenByWhom({ view, nodeId, leaderId }: ClusterStatus): string[] {
  if (view === "leader") return [];
  const why = leaderId === null ? "it knows no leader" : `the leader, ${leaderId}, has not answered it`;
  return [`as ${nodeId} sees it: ${why}; ? is not known there`];
}

function shown(value: number | null): string {
  return value === null ? "?" : String(value);
}

function reach(member: MemberStatus): string {
  if (member.reachable === null) return "?";
  if (!member.reachable) return member.problem === null ? "no" : `no: ${member.problem}`;
  if (member.problem !== null) return "yes, its snapshot fails";
  if (member.snapshot === true) return "yes, receives a snapshot";
  return member.registered === false ? "yes, not registered yet" : "yes";
}
