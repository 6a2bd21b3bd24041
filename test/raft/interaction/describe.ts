import {
  APPEND_THREAD,
  APPLY_THREAD,
  asV2,
  type ConfChangeSingle,
  ConfChangeType,
  type ConfState,
  decodeConfChange,
  type Entry,
  EntryType,
  type HardState,
  type Message,
  messageTypeName,
  type Ready,
  type Snapshot,
  type SoftState,
  stateName,
} from "../../../src/raft/core/index.ts";

/** The print formats of docs/design/raft-interaction.md, section 4. */

function describeTarget(id: number): string {
  if (id === 0) return "None";
  if (id === APPEND_THREAD) return "AppendThread";
  if (id === APPLY_THREAD) return "ApplyThread";
  return id.toString(16);
}

function describeHardState(hardState: HardState): string {
  const vote = hardState.vote === 0 ? "" : ` Vote:${hardState.vote}`;
  return `Term:${hardState.term}${vote} Commit:${hardState.commit}`;
}

function describeSoftState(softState: SoftState): string {
  return `Lead:${softState.lead} State:${stateName(softState.state)}`;
}

function describeConfState(state: ConfState): string {
  const list = (ids: readonly number[]): string => `[${[...ids].sort((a, b) => a - b).join(" ")}]`;
  return (
    `Voters:${list(state.voters)} VotersOutgoing:${list(state.votersOutgoing)} ` +
    `Learners:${list(state.learners)} LearnersNext:${list(state.learnersNext)} AutoLeave:${state.autoLeave}`
  );
}

function describeSnapshot({ metadata }: Snapshot): string {
  return `Index:${metadata.index} Term:${metadata.term} ConfState:${describeConfState(metadata.confState)}`;
}

const LETTERS: Readonly<Record<ConfChangeType, string>> = {
  [ConfChangeType.AddNode]: "v",
  [ConfChangeType.AddLearnerNode]: "l",
  [ConfChangeType.RemoveNode]: "r",
  [ConfChangeType.UpdateNode]: "u",
};

function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${LETTERS[type]}${nodeId}`).join(" ");
}

const ENTRY_TYPES: readonly string[] = ["EntryNormal", "EntryConfChange", "EntryConfChangeV2"];

function describeEntry(entry: Entry): string {
  const payload =
    entry.type === EntryType.Normal
      ? quote(entry.data)
      : describeChanges(asV2(decodeConfChange(entry.type, entry.data)).changes);
  const head = `${entry.term}/${entry.index} ${ENTRY_TYPES[entry.type]}`;
  return payload === "" ? head : `${head} ${payload}`;
}

/** One entry per line. */
export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join("");
}

export function describeMessage(message: Message, indent = ""): string {
  const { from, to, type, term, logTerm, index, entries, snapshot, responses } = message;
  let text = `${indent}${describeTarget(from)}->${describeTarget(to)} ${messageTypeName(type)}`;
  text += ` Term:${term} Log:${logTerm}/${index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== 0) text += ` Vote:${message.vote}`;
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    text += ` Entries:[${describeEntry(only)}]`;
  } else if (entries.length > 1) {
    text += " Entries:[";
    for (const entry of entries) text += `\n${indent}  ${describeEntry(entry)}`;
    text += `\n${indent}]`;
  }
  if (snapshot !== null && snapshot.metadata.index !== 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(snapshot)}`;
  }
  if (responses.length > 0) {
    text += " Responses:[";
    for (const response of responses) text += `\n${describeMessage(response, `${indent}  `)}`;
    text += `\n${indent}]`;
  }
  return text;
}

export function describeReady(ready: Ready): string {
  let text = "";
  if (ready.softState !== null) text += `${describeSoftState(ready.softState)}\n`;
  if (ready.hardState !== null) text += `HardState ${describeHardState(ready.hardState)}\n`;
  if (ready.readStates.length > 0) {
    const states = ready.readStates.map(({ index, requestCtx }) => `{${index} [${requestCtx.join(" ")}]}`);
    text += `ReadStates [${states.join(" ")}]\n`;
  }
  if (ready.entries.length > 0) text += `Entries:\n${describeEntries(ready.entries)}`;
  if (ready.snapshot !== null) text += `Snapshot ${describeSnapshot(ready.snapshot)}\n`;
  if (ready.committedEntries.length > 0) {
    text += `CommittedEntries:\n${describeEntries(ready.committedEntries)}`;
  }
  if (ready.messages.length > 0) {
    text += "Messages:\n";
    for (const message of ready.messages) text += `${describeMessage(message)}\n`;
  }
  return text === "" ? "<empty Ready>" : `Ready MustSync=${ready.mustSync}:\n${text}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** As Go's %q: printable characters as they are, the rest escaped, bytes that are no UTF-8 as \xNN. */
function quote(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const { char, length } = decodeCharacter(bytes, at);
    if (char === null) {
      text += `\\x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}`;
    } else {
      text += ESCAPES[char] ?? escapeCharacter(char);
    }
    at += length;
  }
  return `"${text}"`;
}

function decodeCharacter(
  bytes: Uint8Array,
  at: number,
): { readonly char: string | null; readonly length: number } {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  try {
    const char = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.slice(at, at + length),
    );
    return [...char].length === 1 ? { char, length } : { char: null, length: 1 };
  } catch {
    return { char: null, length: 1 };
  }
}

function escapeCharacter(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x7f || (code >= 0xa1 && code !== 0xad && !/[\p{C}\p{Z}]/u.test(char))) return char;
  return code < 0x1_0000
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}
