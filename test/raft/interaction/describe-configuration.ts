import { type Configuration, isJoint } from "../../../src/raft/core/tracker/index.ts";

/** One line, as the interaction cases print it: ids in hexadecimal. */
export function describeConfiguration(configuration: Configuration): string {
  const set = (ids: readonly number[]): string => `(${ids.map((id) => id.toString(16)).join(" ")})`;
  let line = `voters=${set(configuration.voters.incoming)}`;
  if (isJoint(configuration)) line += `&&${set(configuration.voters.outgoing)}`;
  if (configuration.learners.length > 0) line += ` learners=${set(configuration.learners)}`;
  if (configuration.learnersNext.length > 0) line += ` learners_next=${set(configuration.learnersNext)}`;
  if (configuration.autoLeave) line += " autoleave";
  return line;
}
