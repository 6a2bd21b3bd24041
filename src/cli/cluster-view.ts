import type { ClusterMember, ClusterStatus } from "./cluster-client.ts";

/** The status as a table, and what to do next. */
export function clusterTable(status: ClusterStatus): string {
  const rows = [
    ["MEMBER", "ROLE", "PEER ADDRESS", "ON DISK", "APPLIED", "BEHIND", "REACHABLE"],
    ...status.members.map((member) => [
      member.id === status.nodeId ? `${member.id} *` : member.id,
      member.role,
      member.peerAddress ?? "-",
      ...progress(member),
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
  const head = `cluster ${status.clusterId === "" ? "not known yet" : status.clusterId}  leader ${status.leaderId ?? "none"}  term ${status.term}  configuration ${status.configurationIndex}  (* answered)`;
  const advice = status.advice.length === 0 ? [] : ["", ...status.advice.map((line) => `! ${line}`)];
  return `${[head, "", ...lines, ...advice].join("\n")}\n`;
}

/** Zeros of a node that nobody has heard of are no measurement. */
function progress({ reachable, match, applied, lag }: ClusterMember): string[] {
  return reachable || match > 0 ? [String(match), String(applied), String(lag)] : ["?", "?", "?"];
}

function reach(member: ClusterMember): string {
  if (!member.reachable) return member.problem === null ? "no" : `no: ${member.problem}`;
  if (member.problem !== null) return "yes, its snapshot fails";
  if (member.snapshot) return "yes, receives a snapshot";
  return member.registered ? "yes" : "yes, not registered yet";
}
