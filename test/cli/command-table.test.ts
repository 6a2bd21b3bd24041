import { describe, expect, test } from "bun:test";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { COMMANDS, type CommandOption, type CommandRow } from "../../src/cli/command-table.ts";
import { isMaintenanceWord } from "../../src/cli/maintenance/arguments.ts";
import { isPolicyVerb } from "../../src/cli/policy/arguments.ts";
import { isUserWord } from "../../src/cli/users/arguments.ts";
import { SETTING_ROWS } from "../../src/config/settings.ts";

/** A value that is accepted: the setting's default where it has one. */
function exampleOf({ flag, placeholder }: CommandOption): string {
  const row = SETTING_ROWS.find(([, setting]) => setting.flag === flag)?.[1];
  const byDefault = row?.type.format(row.default) ?? "";
  const known: Readonly<Record<string, string>> = {
    "HOST:PORT": "127.0.0.1:9001",
    "HOST[:PORT]": "127.0.0.1",
    N: "3",
    PATH: "x",
    "PATH,...": "x,y",
    NAME: "n1",
    "NAME,...": "s3.example",
    "NAME=HOST:PORT,...": "n1=127.0.0.1:9002",
    DURATION: "10m",
    SIZE: "1MiB",
    URL: "http://127.0.0.1:9000",
    "viewer|operator": "operator",
    ID: "0011223344556677",
    SECONDS: "30",
    TEXT: "admin@host",
    ARN: "arn:aws:iam::111122223333:user/ann",
    "bucket|identity|session": "bucket",
    "ACCESS-KEY": "AKIAEXAMPLE",
    USER: "ann",
    GROUP: "staff",
  };
  const value = byDefault !== "" ? byDefault : known[placeholder ?? ""];
  if (value === undefined) throw new Error(`no value for --${flag}`);
  return value;
}

/** @param option what is given beside the operands: not every operand takes every option */
const operands = (row: CommandRow, option?: CommandOption): string[] =>
  row.operands.flatMap((operand, index) => {
    if (operand === "[verify]") return "verify";
    if (operand === "ACTION") return "s3:GetObject";
    if (operand === "[KEY=VALUE]...") return ["aws:UserAgent=x", "s3:prefix="];
    if (operand === "ACCESS-KEY") return "AKIAEXAMPLE";
    if (operand === "ID") return "0011223344556677";
    if (operand !== "acquire|release|show")
      return operand.includes("HOST:PORT") ? "n4=127.0.0.1:9002" : `n${index + 1}`;
    if (option?.flag === "owner") return "acquire";
    return option?.flag === "force" ? ["release", "--owner", "me"] : "show";
  });

/** The words of a command line that is complete without further options. */
const complete = (row: CommandRow, option?: CommandOption): string[] => {
  // `cluster replace OLD --with NEW` takes the place of the second operand.
  const given = option?.flag === "with" ? ["n9"] : operands(row, option);
  const needsPrincipal = option?.flag === "identity-policy" || option?.flag === "session-policy";
  const principal = needsPrincipal ? ["--principal", "arn:aws:iam::111122223333:root"] : [];
  const needsAddress = row.words[0] === "setup" && option?.flag !== "address";
  const attaches = /^policy (at|de)tach$/.test(row.words.join(" "));
  const needsTarget = attaches && option?.flag !== "user" && option?.flag !== "group";
  return [
    ...row.words,
    ...given,
    ...principal,
    ...(needsTarget ? ["--user", "ann"] : []),
    ...(needsAddress ? ["--address", "10.0.0.1"] : []),
  ];
};

describe.each(COMMANDS.map((row) => [row.words.join(" "), row] as const))("%s", (_, row) => {
  test("is a verb, and takes its operands", () => {
    const verb = row.words[0] ?? "";
    const withoutServer = verb === "policy" && isPolicyVerb(row.words[1]);
    const users = isUserWord(verb) && !withoutServer ? "users" : verb;
    const kind = isMaintenanceWord(verb) ? "maintenance" : row.words[1] === "extra-env" ? "extra-env" : users;
    expect(parseCommandLine(complete(row), {}).kind).toBe(kind as never);
  });

  test("takes every option that the table gives it, and no other", () => {
    for (const option of row.options) {
      const words = [`--${option.flag}`, ...(option.placeholder === undefined ? [] : [exampleOf(option)])];
      if (option.isSwitch === true) words.pop();
      expect(() => parseCommandLine([...complete(row, option), ...words], {})).not.toThrow();
    }
    expect(() => parseCommandLine([...complete(row), "--no-such-option", "1"], {})).toThrow();
  });
});
