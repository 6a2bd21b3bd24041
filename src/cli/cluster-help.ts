import { formatAddress } from "../config/address.ts";
import { SERVICE_SOCKET, socketIn } from "../config/admin-socket.ts";
import { SETTINGS, variableOf } from "../config/settings.ts";
import { formatDuration } from "../config/units.ts";
import { CLUSTER_VERBS, type ClusterVerb } from "./cluster-arguments.ts";

export const SUMMARY: Readonly<Record<ClusterVerb, string>> = {
  status: "show members, leader and what to do next",
  "add-learner": "let a new node in; it copies the data and has no vote yet",
  promote: "give a learner that has caught up a vote",
  remove: "take a member out for good; its process says so and ends",
  replace: "a new node takes the place of a lost one, in one step",
  "transfer-leader": "hand leadership over, to the member that is furthest or to NAME",
  "join-token": "print a line that lets one more host in, once",
  "update-lock": "one updater at a time: take the lock, give it back, show it",
  secret: "print a new cluster secret; asks no node",
};

const DETAILS: Readonly<Record<ClusterVerb, string>> = {
  status: `Exit codes: 0 the leader's view; 1 no leader is known, or nobody answered; 3 a leader is known and did not answer
in time: shown is what the node that was asked sees itself, with ? for what it cannot know (null in JSON).
--json prints what GET /v1/cluster answers.`,
  "add-learner": `HOST:PORT is the new node's peer address. Start it afterwards, with an empty data directory and
--node-id NAME --peer-address HOST:PORT --join MEMBER=HOST:PORT,...`,
  promote: `Refused until the learner's log is close behind the leader's (NOT_CAUGHT_UP); try again then.`,
  remove: `Refused when the voters that stay and can be reached would be no majority (WOULD_LOSE_QUORUM). The name and
its data directory never come back: a new node gets a new name.`,
  replace: `Adds NEW as a learner, waits until it has caught up, then makes it a voter as OLD leaves, in one change:
at no time are there fewer voters. Interrupted anywhere, the same command goes on where it stopped.
In a cluster that elastickv setup has made: elastickv cluster replace OLD --with NEW prints a join line for the new
host, and shows the progress until every member has its vote and can be reached.`,
  "transfer-leader": `Writes wait for the moment it takes; nothing is lost.`,
  "join-token": `Run the line as root on the new host, where elastickv is installed and has no data. It works once. Only in a
cluster that elastickv setup has made. --expires DURATION [default 1h, at most 7d]; --node NAME: the name that the
new node gets [default: the cluster chooses].`,
  "update-lock": `Whoever updates the nodes one by one takes the lock first. The cluster keeps it, with owner and age.
  acquire --owner TEXT            take it; an owner that has it keeps it, with its age
  release --owner TEXT [--force]  give it back; --force: whoever has it
  show [--json]                   who has it, and since when

Exit codes: 0 done, 1 another owner has it, or the command failed, 2 wrong usage.
An updater that died keeps the lock: look at its age, make sure that nobody updates, then release it with --force.
--owner TEXT is anything that tells others whom to ask: user@host, the number of a job.`,
  secret: `Every node of a cluster is given the same one:
  (umask 077; elastickv cluster secret > cluster-secret)
  elastickv serve --cluster-secret-file cluster-secret ...`,
};

/** Options of `cluster join-token`. */
export const JOIN_TOKEN_OPTIONS = [
  { flag: "expires", placeholder: "DURATION", help: "life of the join token [default 1h]" },
  { flag: "node", placeholder: "NAME", help: "name of the new node" },
] as const;

export const REPLACE_WITH_OPTION = {
  flag: "with",
  placeholder: "NAME",
  help: "name of the new node, which a join line lets in",
} as const;

function usage(verb: ClusterVerb): string {
  const operands = CLUSTER_VERBS[verb].operands;
  return ["elastickv cluster", verb, ...operands, ...(verb === "status" ? ["[--json]"] : [])].join(" ");
}

/** Options of every verb that asks a node. */
export const CLUSTER_OPTIONS = [
  {
    flag: "admin-address",
    placeholder: "HOST:PORT",
    help: "admin address of any node; it needs a token (elastickv admin --help)",
  },
  {
    flag: "admin-socket",
    placeholder: "PATH",
    help: "or its admin socket, on its own machine; it needs no token",
  },
  { flag: "timeout", placeholder: "DURATION", help: "how long to wait" },
] as const;

function options(timeoutMs: number | undefined): string {
  const { adminAddress, adminSocket, dataDir } = SETTINGS;
  const admin = formatAddress(adminAddress.default);
  const timeout = timeoutMs === undefined ? "" : ` [default ${formatDuration(timeoutMs)}]`;
  const defaults = `
                              [default: ${variableOf(adminSocket)}, ${socketIn(`$${variableOf(dataDir)}`)},
                              ${variableOf(adminAddress)}, ${socketIn(dataDir.default)},
                              ${SERVICE_SOCKET}, ${admin}: the first that is there]`;
  const after: Readonly<Record<string, string>> = { "admin-socket": defaults, timeout };
  const lines = CLUSTER_OPTIONS.map(
    ({ flag, placeholder, help }) => `  ${`--${flag} ${placeholder}`.padEnd(28)}${help}${after[flag] ?? ""}`,
  );
  return `Options:\n${lines.join("\n")}`;
}

export function clusterHelp(): string {
  const verbs = Object.keys(CLUSTER_VERBS) as ClusterVerb[];
  const width = Math.max(...verbs.map((verb) => usage(verb).length));
  return `Usage: elastickv cluster VERB [operands] [options]

${verbs.map((verb) => `  ${usage(verb).padEnd(width)}   ${SUMMARY[verb]}`).join("\n")}

${options(undefined)}

Any node can be asked: it passes the request on to the leader. A change names the configuration that was looked at,
and is refused when another change came in between. Exit codes: 0 done, 1 refused or failed, 2 wrong usage,
3 the status is not the leader's.
`;
}

export function clusterVerbHelp(verb: ClusterVerb): string {
  return `Usage: ${usage(verb)}${verb === "secret" ? "" : " [options]"}

${SUMMARY[verb].charAt(0).toUpperCase()}${SUMMARY[verb].slice(1)}.
${DETAILS[verb]}
${verb === "secret" ? "" : `\n${options(CLUSTER_VERBS[verb].timeoutMs)}\n`}`;
}
