import { verbHelp } from "../verb-help.ts";
import { MAINTENANCE_VERBS, type MaintenanceVerb, type MaintenanceWord } from "./arguments.ts";

/** Help on every verb that begins with the word. */
export function maintenanceHelp(word: MaintenanceWord): string {
  const verbs = Object.keys(MAINTENANCE_VERBS) as MaintenanceVerb[];
  return verbs
    .filter((verb) => verb.split(" ", 1)[0] === word)
    .map((verb) => verbHelp(verb, MAINTENANCE_VERBS[verb]))
    .join("\n");
}
