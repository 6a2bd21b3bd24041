import { describe, expect, test } from "bun:test";
import { BootLedger } from "../../src/kv/boot-ledger.ts";
import { BOOTS_BEFORE_CUT, BOOTS_NOT_CUT, type PeerBoot } from "../../src/raft/engine/boots.ts";
import type { Hello, HelloBoots } from "../../src/raft/transport/types.ts";

const boot = (n: number): string => n.toString(16).padStart(16, "0");
const OWN = [boot(1), boot(2)];
const PEER = 7;

function hello(id: number, fields: HelloBoots & Pick<Partial<Hello>, "instance">): Hello {
  const name = `n${id}`;
  const said = { clusterId: "c", id, name, instance: "i", protocol: 2, version: "v", address: "h:1" };
  return { ...said, capabilities: [], ...fields };
}

function ledger(boots: readonly string[] = OWN, peers: readonly PeerBoot[] = []) {
  const written: { id: number; peers: readonly PeerBoot[]; since: string }[] = [];
  const book = new BootLedger({
    instance: "own",
    boots,
    peers,
    keep: (id, table, since) => void written.push({ id, peers: table, since }),
    isGone: (id) => id === 99,
  });
  /** A connection of `id` in its start `now`, which was told what is known of it. */
  const meet = (id: number, now: string, told = book.greeting(id)) => {
    const events: string[] = [];
    book.keep(hello(id, { boot: now }), hello(1, told), {
      stands: () => void events.push("stands"),
      fails: (reason) => void events.push(reason),
    });
    return events;
  };
  return { book, written, meet };
}

describe("starts of peers", () => {
  test("a connection stands when the start is on the disk, and one write is for all lanes", () => {
    const { book, written, meet } = ledger();
    const lanes = [meet(PEER, boot(20)), meet(PEER, boot(20))];
    expect(lanes).toEqual([[], []]);
    expect(written).toEqual([{ id: 1, peers: [{ id: PEER, instance: "i", boot: boot(20) }], since: "" }]);
    expect(book.greeting(PEER)).toEqual({ boot: boot(2) });
    book.onKept(1, true);
    expect(lanes).toEqual([["stands"], ["stands"]]);
    expect(book.greeting(PEER)).toEqual({ boot: boot(2), lastBootOfYou: boot(20), instanceOfYou: "i" });
    expect(meet(PEER, boot(20))).toEqual(["stands"]);
    expect(written).toHaveLength(1);
  });

  test("what cannot be written down is met again later", () => {
    const { book, written, meet } = ledger();
    const events = meet(PEER, boot(20));
    book.onKept(1, false);
    expect(events).toEqual([expect.stringContaining("cannot be written down")]);
    meet(PEER, boot(20));
    expect(written).toHaveLength(2);
  });

  test("a later start takes the place of the one that the peer has vouched for, and of no other", () => {
    const { book, meet } = ledger(OWN, [{ id: PEER, instance: "i", boot: boot(20) }]);
    // Told before it was known that it has started again: an old life, or a copy that nobody has looked at yet.
    const told = book.greeting(PEER);
    const next = meet(PEER, boot(21), told);
    const copy = meet(PEER, boot(30), told);
    expect(copy).toEqual([expect.stringContaining("another start")]);
    book.onKept(1, true);
    expect(next).toEqual(["stands"]);
    expect(meet(PEER, boot(30), told)).toEqual([expect.stringContaining("another start")]);
    expect(book.greeting(PEER).lastBootOfYou).toBe(boot(21));
  });

  test("another directory under the same name, where the membership allows it, takes its place", () => {
    const { book, meet } = ledger(OWN, [{ id: PEER, instance: "before", boot: boot(20) }]);
    const events = meet(PEER, boot(30), { boot: boot(2) });
    book.onKept(1, true);
    expect(events).toEqual(["stands"]);
    expect(book.greeting(PEER)).toMatchObject({ lastBootOfYou: boot(30), instanceOfYou: "i" });
  });

  test("two peers at once; who is no peer any more is dropped at the next write", () => {
    const { book, written, meet } = ledger(OWN, [{ id: 99, instance: "i", boot: boot(9) }]);
    const [a, b] = [meet(PEER, boot(20)), meet(8, boot(30))];
    expect(written[1]?.peers).toEqual([
      { id: PEER, instance: "i", boot: boot(20) },
      { id: 8, instance: "i", boot: boot(30) },
    ]);
    book.onKept(1, true);
    book.onKept(2, true);
    expect([a, b]).toEqual([["stands"], ["stands"]]);
  });

  test("a node without a start of its own says hello to nobody", () => {
    expect(() => ledger([]).book.greeting(PEER)).toThrow("without a start");
  });
});

describe("own starts", () => {
  test("behind is who does not know a start that a peer knows of it", () => {
    const { book } = ledger();
    expect(book.isBehind(hello(PEER, { boot: boot(20) }))).toBe(false);
    const says = (lastBootOfYou: string, instanceOfYou: string) =>
      book.isBehind(hello(PEER, { boot: boot(20), lastBootOfYou, instanceOfYou }));
    for (const known of OWN) expect(says(known, "own")).toBe(false);
    expect(says(boot(3), "own")).toBe(true);
    // Wiped while the cluster forms: another directory, which has promised nothing.
    expect(says(boot(3), "another")).toBe(false);
  });

  test("a long list is cut once all members have said what they know, and some more of it is kept", () => {
    const boots = Array.from({ length: 3 * BOOTS_BEFORE_CUT }, (_, i) => boot(i + 1));
    const { book, written } = ledger(boots);
    const hear = (id: number, lastBootOfYou: string): void => {
      const standing = { stands: () => {}, fails: () => {} };
      book.keep(
        hello(id, { boot: boot(500 + id), lastBootOfYou, instanceOfYou: "own" }),
        hello(1, book.greeting(id)),
        standing,
      );
    };
    hear(7, boots.at(-2) as string);
    book.cut([7, 8]);
    hear(8, boots.at(-1) as string);
    const before = written.length;
    book.cut([7, 8]);
    book.cut([7, 8]);
    expect(written.slice(before).map(({ since }) => since)).toEqual([boots.at(-BOOTS_NOT_CUT) as string]);
    // Of the disk only: an older hello may be on its way.
    expect(
      book.isBehind(hello(7, { boot: boot(507), lastBootOfYou: boots[0] as string, instanceOfYou: "own" })),
    ).toBe(false);
  });
});
