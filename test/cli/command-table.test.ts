import { describe, expect, test } from "bun:test";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { COMMANDS, type CommandOption, type CommandRow } from "../../src/cli/command-table.ts";
import { isMaintenanceWord } from "../../src/cli/maintenance/arguments.ts";
import { SETTING_ROWS } from "../../src/config/settings.ts";

/** A value that is accepted: the setting's default where it has one. */
function exampleOf({ flag, placeholder }: CommandOption): string {
  const row = SETTING_ROWS.find(([, setting]) => setting.flag === flag)?.[1];
  const byDefault = row?.type.format(row.default) ?? "";
  const known: Readonly<Record<string, string>> = {
    "HOST:PORT": "127.0.0.1:9001",
    PATH: "x",
    NAME: "n1",
    "NAME,...": "s3.example",
    "NAME=HOST:PORT,...": "n1=127.0.0.1:9002",
    DURATION: "10m",
    SIZE: "1MiB",
    URL: "http://127.0.0.1:9000",
    ID: "0011223344556677",
  };
  const value = byDefault !== "" ? byDefault : known[placeholder ?? ""];
  if (value === undefined) throw new Error(`no value for --${flag}`);
  return value;
}

const operands = (row: CommandRow): string[] =>
  row.operands.map((operand, index) =>
    operand === "[verify]" ? "verify" : operand.includes("HOST:PORT") ? "n4=127.0.0.1:9002" : `n${index + 1}`,
  );

describe.each(COMMANDS.map((row) => [row.words.join(" "), row] as const))("%s", (_, row) => {
  test("is a verb, and takes its operands", () => {
    const verb = row.words[0] ?? "";
    const kind = isMaintenanceWord(verb) ? "maintenance" : row.words[1] === "extra-env" ? "extra-env" : verb;
    expect(parseCommandLine([...row.words, ...operands(row)], {}).kind).toBe(kind as never);
  });

  test("takes every option that the table gives it, and no other", () => {
    for (const option of row.options) {
      const words = [`--${option.flag}`, ...(option.placeholder === undefined ? [] : [exampleOf(option)])];
      if (option.isSwitch === true) words.pop();
      expect(() => parseCommandLine([...row.words, ...operands(row), ...words], {})).not.toThrow();
    }
    expect(() => parseCommandLine([...row.words, ...operands(row), "--no-such-option", "1"], {})).toThrow();
  });
});
