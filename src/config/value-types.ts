import { formatAddress, isHostName, type ListenAddress, parseAddress } from "./address.ts";
import { formatMembers, type NamedAddress, parseMembers } from "./members.ts";
import { Secret } from "./secret.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

/** Parser and formatter of one kind of setting. */
export interface ValueType<T> {
  /** Placeholder after the flag in `--help`. */
  readonly placeholder: string;
  /** @throws RangeError whose message continues the sentence `--flag "value" ...`. */
  parse(text: string): T;
  /** Formats a value for help and log; `parse` can read the text back. */
  format(value: T): string;
  /** Accepted range in words; undefined when every well-formed value is accepted. */
  readonly bounds?: string;
  /** The flag may stand alone, which means `true`. */
  readonly isSwitch?: true;
  /** The value is never shown, and never accepted on the command line (`ps` shows the command line to every user). */
  readonly isSecret?: true;
}

export const text = (pattern: RegExp, rule: string): ValueType<string> => ({
  placeholder: "NAME",
  bounds: rule,
  parse: (input) => {
    if (!pattern.test(input)) throw new RangeError(`is not ${rule}`);
    return input;
  },
  format: (value) => value,
});

export const optionalText = (pattern: RegExp, rule: string): ValueType<string | undefined> => ({
  ...text(pattern, rule),
  format: (value) => value ?? "",
});

export const path: ValueType<string> = {
  placeholder: "PATH",
  parse: (input) => {
    if (input.includes("\0")) throw new RangeError("contains a NUL byte");
    return input;
  },
  format: (value) => value,
};

export const optionalPath: ValueType<string | undefined> = {
  placeholder: "PATH",
  parse: path.parse,
  format: (value) => value ?? "",
};

/** Paths, comma-separated: a path cannot contain a comma. */
export const paths: ValueType<readonly string[]> = {
  placeholder: "PATH,...",
  parse: (input) => Object.freeze(input.split(",").map((part) => nonEmpty(path.parse(part.trim())))),
  format: (value) => value.join(","),
};

function nonEmpty(part: string): string {
  if (part === "") throw new RangeError("has an empty path between its commas");
  if (/\p{Cc}/u.test(part)) throw new RangeError("contains a control character");
  return part;
}

export const secret: ValueType<Secret | undefined> = {
  placeholder: "SECRET",
  isSecret: true,
  parse: (input) => new Secret(input),
  format: (value) => (value === undefined ? "" : value.toString()),
};

export const address: ValueType<ListenAddress> = {
  placeholder: "HOST:PORT",
  parse: parseAddress,
  format: formatAddress,
};

export const optionalAddress: ValueType<ListenAddress | undefined> = {
  placeholder: "HOST:PORT",
  parse: parseAddress,
  format: (value) => (value === undefined ? "" : formatAddress(value)),
};

/** Nodes of a cluster: `n1=10.0.0.1:9002,n2=10.0.0.2:9002`. */
export const members: ValueType<readonly NamedAddress[]> = {
  placeholder: "NAME=HOST:PORT,...",
  parse: parseMembers,
  format: formatMembers,
};

/** Host names, comma-separated, lower-cased, duplicates removed. */
export const hostNames: ValueType<readonly string[]> = {
  placeholder: "NAME,...",
  parse: (input) => {
    const names = input
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== "");
    for (const name of names) {
      if (!isHostName(name)) throw new RangeError(`contains "${name}", which is not a host name`);
    }
    return Object.freeze([...new Set(names)]);
  },
  format: (value) => value.join(","),
};

/** One of a few words; case and surrounding blanks are ignored. */
export const oneOf = <const W extends readonly string[]>(...words: W): ValueType<W[number]> => ({
  placeholder: words.join("|"),
  parse: (input) => {
    const wanted = input.trim().toLowerCase();
    const found = words.find((word) => word === wanted);
    if (found === undefined) throw new RangeError(`is not one of ${words.join(", ")}`);
    return found;
  },
  format: (value) => value,
});

const SWITCH_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

export const onOff: ValueType<boolean> = {
  placeholder: "true|false",
  isSwitch: true,
  parse: (input) => {
    const word = input.trim().toLowerCase();
    const value = Object.hasOwn(SWITCH_WORDS, word) ? SWITCH_WORDS[word] : undefined;
    if (value === undefined) throw new RangeError("is neither true nor false");
    return value;
  },
  format: String,
};

export const integer = (min: number, max: number): ValueType<number> =>
  bounded("N", min, max, String, (input) => {
    const trimmed = input.trim();
    if (!/^\d+$/.test(trimmed)) throw new RangeError("is not a whole number");
    return Number(trimmed);
  });

export const size = (min: number, max: number): ValueType<number> =>
  bounded("SIZE", min, max, formatSize, parseSize);

export const duration = (minMs: number, maxMs: number): ValueType<number> =>
  bounded("DURATION", minMs, maxMs, formatDuration, parseDuration);

function bounded(
  placeholder: string,
  min: number,
  max: number,
  format: (value: number) => string,
  read: (input: string) => number,
): ValueType<number> {
  return {
    placeholder,
    bounds: `${format(min)} .. ${format(max)}`,
    format,
    parse: (input) => {
      const value = read(input);
      if (value < min || value > max) {
        throw new RangeError(`is outside ${format(min)} .. ${format(max)}`);
      }
      return value;
    },
  };
}
