import { Changer } from "../../../src/raft/core/confchange/changer.ts";
import { type ChangedConfiguration, ConfChangeError } from "../../../src/raft/core/confchange/index.ts";
import { ProgressTracker } from "../../../src/raft/core/tracker/index.ts";
import { type Case, lastValueOf, parseBoolean } from "./datadriven.ts";
import { describeConfiguration } from "./describe-configuration.ts";
import { parseChanges, TokenError } from "./tokens.ts";

/** docs/design/raft-interaction.md, section 6: one tracker for the whole file. */
export function confChangeSuite(): (testCase: Case) => string {
  const tracker = new ProgressTracker(10, Number.POSITIVE_INFINITY);
  // Grows with every case, so that the progress of a newcomer shows when it came.
  let lastIndex = 0;
  return (testCase) => {
    try {
      const { configuration, progress } = change(new Changer(tracker, lastIndex), testCase);
      tracker.install(configuration, progress);
      const lines = tracker.ids.map((id) => `${id}: ${tracker.get(id)}\n`);
      return `${describeConfiguration(configuration)}\n${lines.join("")}`;
    } catch (error) {
      if (error instanceof ConfChangeError || error instanceof TokenError || error instanceof CommandError) {
        return `${error.message}\n`;
      }
      throw error;
    } finally {
      lastIndex++;
    }
  };
}

class CommandError extends Error {
  override readonly name = "CommandError";
}

function change(changer: Changer, { command, args, input }: Case): ChangedConfiguration {
  const changes = parseChanges(input);
  switch (command) {
    case "simple":
      return changer.simple(changes);
    case "enter-joint":
      return changer.enterJoint(parseBoolean(lastValueOf(args, "autoleave") ?? "false"), changes);
    case "leave-joint":
      if (changes.length > 0) throw new CommandError("this command takes no input");
      return changer.leaveJoint();
    default:
      throw new CommandError("unknown command");
  }
}
