import { verbHelp } from "../verb-help.ts";
import { POLICY_VERBS, type PolicyVerb } from "./arguments.ts";

const COLUMN = 32;

export function policyHelp(): string {
  return (Object.keys(POLICY_VERBS) as PolicyVerb[])
    .map((verb) => verbHelp(`policy ${verb}`, POLICY_VERBS[verb], COLUMN))
    .join("\n");
}
