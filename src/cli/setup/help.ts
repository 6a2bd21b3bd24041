import { described } from "../columns.ts";
import { OPTIONS_OF } from "./arguments.ts";

const COLUMN = 26;

function options(verb: "setup" | "join"): string {
  return OPTIONS_OF[verb]
    .map(({ flag, placeholder, help }) => {
      const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
      return described(head, help, COLUMN);
    })
    .join("\n");
}

export function setupHelp(verb: "setup" | "join"): string {
  return verb === "setup" ? SETUP : JOIN;
}

const SETUP = `Usage: elastickv setup --address HOST[:PORT] [options]

Makes this host the first node of a new cluster: a CA of the cluster's own, this node's certificate, the settings in
/etc/elastickv/cluster.env; then it starts the service (systemd) and prints join lines for other hosts. Run it as root.
A node that has been alone until now keeps its data and its name. Nothing else that is there is overwritten.

${options("setup")}

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 78 something is in the way.
`;

const JOIN = `Usage: echo TOKEN | elastickv join [options]

Lets this host into a cluster, as root: it asks a member for a certificate, writes the settings to
/etc/elastickv/cluster.env, starts the service (systemd), and shows the progress until the node has a vote. The node goes
on by itself when this command is ended. elastickv setup and elastickv cluster join-token print such lines.
The token is a secret, and is not taken as an argument: every user of a host can read arguments while a command runs.
At a terminal, elastickv join alone asks for it.

${options("join")}

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 78 something is in the way.
`;
