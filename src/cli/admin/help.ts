import { verbHelp } from "../verb-help.ts";
import { ADMIN_VERBS, type AdminVerb } from "./arguments.ts";

export function adminHelp(): string {
  const verbs = Object.keys(ADMIN_VERBS) as AdminVerb[];
  return `${verbs.map((verb) => verbHelp(`admin ${verb}`, ADMIN_VERBS[verb])).join("\n")}
Over the admin socket no login is needed. To an admin address the command line sends the token in ELASTICKV_ADMIN_TOKEN,
or in the file that ELASTICKV_ADMIN_TOKEN_FILE names (mode 0600): for elastickv cluster, verify and migrate too.
An address that speaks TLS is written https://HOST:PORT; ELASTICKV_ADMIN_CA_FILE names the CA when the system does not know it.
`;
}
