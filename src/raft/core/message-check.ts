import { violated } from "./invariant.ts";
import { messageTypeName } from "./message.ts";
import { malformedMessage, type Refusal } from "./refusal.ts";
import { type Message, MessageType } from "./types.ts";

/** Types that need a term: with term 0 such a message would count as local and skip every comparison of terms. */
const NEEDS_TERM: ReadonlySet<MessageType> = new Set([
  MessageType.App,
  MessageType.Vote,
  MessageType.VoteResp,
  MessageType.PreVote,
  MessageType.PreVoteResp,
  MessageType.Heartbeat,
  MessageType.TimeoutNow,
]);

/**
 * Checks a message from outside. Every number is a safe integer, a term is present where the type needs one, and
 * proposals and reads have content; otherwise the message is refused. The entries of an append are consecutive;
 * otherwise the check throws InvariantViolation, because the entries would corrupt the log.
 */
export function checkMessage(message: Message): Refusal | null {
  const { type, to, from, term, logTerm, index, commit, vote, rejectHint } = message;
  if (
    !(
      isCount(term) &&
      isCount(index) &&
      isCount(logTerm) &&
      isCount(commit) &&
      isCount(vote) &&
      isCount(rejectHint) &&
      isCount(from) &&
      isCount(to)
    )
  ) {
    return malformedMessage(
      `${messageTypeName(type)} with a number that is no safe integer: ` +
        `from=${from} to=${to} term=${term} index=${index} logTerm=${logTerm} commit=${commit} vote=${vote} rejectHint=${rejectHint}`,
    );
  }
  if (term === 0 && NEEDS_TERM.has(type)) return malformedMessage(`${messageTypeName(type)} without a term`);
  if (type === MessageType.App) checkEntries(message);
  return checkContent(message);
}

/** Checks the content that the state machine uses without a check. */
function checkContent({ type, entries, snapshot }: Message): Refusal | null {
  if (type === MessageType.Prop && entries.length === 0) return malformedMessage("MsgProp without entries");
  if (type === MessageType.ReadIndex && entries.length !== 1) {
    return malformedMessage(`MsgReadIndex with ${entries.length} entries`);
  }
  if (snapshot !== null && !(isCount(snapshot.metadata.index) && isCount(snapshot.metadata.term))) {
    const { index, term } = snapshot.metadata;
    return malformedMessage(`snapshot at index=${index} term=${term}`);
  }
  return null;
}

function checkEntries(message: Message): void {
  let previousTerm = message.logTerm;
  let expected = message.index + 1;
  for (const { index, term } of message.entries) {
    if (
      index !== expected ||
      term < previousTerm ||
      term > message.term ||
      !isCount(index) ||
      !isCount(term)
    ) {
      violated("append with entries that do not follow each other", {
        from: message.from,
        messageTerm: message.term,
        expectedIndex: expected,
        index,
        previousTerm,
        term,
      });
    }
    previousTerm = term;
    expected++;
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
