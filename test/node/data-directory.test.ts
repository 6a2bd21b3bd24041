import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addIncarnation,
  keepIncarnations,
  keepRolledBack,
  keepRoster,
  loadIdentity,
  markInitialized,
  type WantedCluster,
  walIdentity,
} from "../../src/node/data-directory.ts";
import { prepareDataDirectory } from "../../src/node/directory-access.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { INCARNATIONS_KEPT_PER_END, withIncarnation } from "../../src/raft/engine/incarnations.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-dir-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test("every directory that got a new entry is synced: a power cut must not take the whole data directory", () => {
  const synced: string[] = [];
  const dataDir = join(base, "srv", "elastickv", "data");
  prepareDataDirectory(dataDir, { warn: () => {}, sync: (path) => synced.push(path) });
  expect(synced.sort()).toEqual([base, join(base, "srv"), join(base, "srv", "elastickv"), dataDir].sort());
});

test("one that was there is only synced itself", () => {
  const synced: string[] = [];
  prepareDataDirectory(base, { warn: () => {}, sync: (path) => synced.push(path) });
  expect(synced).toEqual([base]);
});

const A = "aa".repeat(16);
const B = "bb".repeat(16);
const ROSTER = [{ id: 7, name: "n1", address: "h1:9002", instance: "cc".repeat(16) }];
const ALONE: WantedCluster = { nodeId: "n1", initialClusterId: undefined, joins: false };
const INITIAL: WantedCluster = { ...ALONE, initialClusterId: A };
const JOINS: WantedCluster = { ...ALONE, joins: true };
const load = (wanted: WantedCluster) => loadIdentity(base, wanted, systemRandom);

describe("who a directory belongs to", () => {
  test("alone: an id and an instance of its own, the same ever after", () => {
    const made = load(ALONE);
    expect(made).toMatchObject({ nodeId: "n1", origin: "alone", roster: undefined, initializing: true });
    expect(made.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(made.instance).toMatch(/^[0-9a-f]{32}$/);
    expect(made.instance).not.toBe(made.clusterId);
    expect(load(ALONE)).toEqual(made);
    expect(markInitialized(base, made).initializing).toBe(false);
    expect(load(ALONE)).toEqual({ ...made, initializing: false });
  });

  test("a wiped directory is another instance", () => {
    const { instance } = load(INITIAL);
    rmSync(join(base, "node.json"));
    expect(load(INITIAL).instance).not.toBe(instance);
  });

  test("an initial member: the cluster's id at once, the roster when it has formed; then the list may be left out", () => {
    const made = load(INITIAL);
    expect(made).toMatchObject({ clusterId: A, origin: "initial", roster: undefined });
    expect(() => load(ALONE)).toThrow("its cluster has not formed yet");
    keepRoster(base, made, A, ROSTER);
    expect(load(ALONE)).toMatchObject({ clusterId: A, roster: ROSTER });
    expect(load(INITIAL).roster).toEqual(ROSTER);
  });

  test("a joining one learns the id, and its log stays the one it began", () => {
    const made = load(JOINS);
    expect(made).toMatchObject({ clusterId: "", origin: "join" });
    expect(walIdentity(made)).toEqual({ clusterId: made.instance, nodeId: "n1" });
    expect(() => load(ALONE)).toThrow("this node has not joined yet: give --join");
    keepRoster(base, made, B, ROSTER);
    const later = load(ALONE);
    expect(later.clusterId).toBe(B);
    expect(walIdentity(later)).toEqual(walIdentity(made));
  });
});

describe("starts", () => {
  test("every one is in the directory before anybody hears of it, the newest last", () => {
    const first = addIncarnation(base, load(INITIAL), systemRandom);
    const second = addIncarnation(base, load(INITIAL), systemRandom);
    expect(second.incarnations).toHaveLength(2);
    expect(second.incarnations[0]).toBe(first.incarnations[0] as string);
    expect(new Set(second.incarnations).size).toBe(2);
    for (const boot of second.incarnations) expect(boot).toMatch(/^[0-9a-f]{16}$/);
    expect(load(INITIAL)).toEqual(second);
  });

  test("one start of each peer; own ones that nobody can name any more are forgotten", () => {
    const peers = [{ id: 7, instance: "i7", boot: "00000000000000b1" }];
    let identity = load(INITIAL);
    for (let i = 0; i < 3; i++) identity = addIncarnation(base, identity, systemRandom);
    const [, second = "", third = ""] = identity.incarnations;
    expect(keepIncarnations(base, identity, peers, "").incarnations).toEqual(identity.incarnations);
    keepIncarnations(base, identity, peers, second);
    expect(load(INITIAL)).toEqual({ ...identity, incarnations: [second, third], peerIncarnations: peers });
  });

  test("a copy that was found out is not used again", () => {
    keepRolledBack(base, load(INITIAL), "the data directory of n1 is older than what n1 has promised");
    expect(() => load(INITIAL)).toThrow(StartError);
    expect(() => load(INITIAL)).toThrow("the data directory of n1 is older");
  });

  test("a directory of an older release has none", () => {
    load(INITIAL);
    const path = join(base, "node.json");
    const { incarnations, peerIncarnations, boots, peerBoots, ...older } = JSON.parse(
      readFileSync(path, "utf8"),
    );
    writeFileSync(path, JSON.stringify(older));
    expect(load(INITIAL)).toMatchObject({ incarnations, peerIncarnations });
    expect([incarnations, peerIncarnations, boots, peerBoots]).toEqual([[], [], [], []]);
  });

  test("starts that an older release wrote under other names are known, and that release finds those of this one", () => {
    const path = join(base, "node.json");
    const boots = ["00112233445566aa", "00112233445566bb"];
    const peerBoots = [{ id: 9, instance: "ef".repeat(16), boot: "77".repeat(8) }];
    load(INITIAL);
    const { incarnations: _, peerIncarnations: __, ...rest } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...rest, boots, peerBoots }));
    const loaded = load(INITIAL);
    expect(loaded).toMatchObject({ incarnations: boots, peerIncarnations: peerBoots });
    const { incarnations } = addIncarnation(base, loaded, systemRandom);
    expect(incarnations.slice(0, 2)).toEqual(boots);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ boots: incarnations, peerBoots });
  });

  test("the list ends somewhere, and keeps both of its ends", () => {
    const ids = Array.from({ length: 3 * INCARNATIONS_KEPT_PER_END }, (_, i) =>
      i.toString(16).padStart(16, "0"),
    );
    const kept = ids.reduce<readonly string[]>(withIncarnation, []);
    expect(kept).toHaveLength(2 * INCARNATIONS_KEPT_PER_END);
    expect(kept.slice(0, INCARNATIONS_KEPT_PER_END)).toEqual(ids.slice(0, INCARNATIONS_KEPT_PER_END));
    expect(kept.slice(-INCARNATIONS_KEPT_PER_END)).toEqual(ids.slice(-INCARNATIONS_KEPT_PER_END));
  });
});

describe("refused, by name", () => {
  const refused = (wanted: WantedCluster, message: string): void => {
    expect(() => load(wanted)).toThrow(StartError);
    expect(() => load(wanted)).toThrow(message);
  };

  test("another node's directory", () => {
    load(ALONE);
    refused({ ...ALONE, nodeId: "n2" }, `data directory ${base} belongs to node n1, not to n2`);
  });

  test("another cluster, for each way to begin", () => {
    load(ALONE);
    refused(INITIAL, "holds a node that began alone: it cannot form another cluster");
    refused(JOINS, "holds a node that began alone: it cannot join another cluster");
    rmSync(join(base, "node.json"));
    load(INITIAL);
    refused(
      { ...INITIAL, initialClusterId: B },
      `belongs to cluster ${A}, and --initial-cluster describes another one (${B})`,
    );
    rmSync(join(base, "node.json"));
    load(JOINS);
    refused(INITIAL, "holds a node that joined a cluster: leave --initial-cluster out");
  });

  test("a log or a keyspace that lost its node.json", () => {
    for (const name of ["wal", "keyspace"]) {
      mkdirSync(join(base, name));
      refused(ALONE, `${join(base, name)} is there: restore the whole directory from one backup`);
      rmSync(join(base, name), { recursive: true });
    }
  });

  test("damage, and another format", () => {
    const path = join(base, "node.json");
    load(INITIAL);
    const whole = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    for (const [change, message] of [
      [{ format: 1 }, "data format 1; this binary reads format 2"],
      [{ format: "2" }, "no format version"],
      [{ clusterId: "" }, "no valid cluster id"],
      [{ instance: "x" }, "no valid instance"],
      [{ origin: "moon" }, "does not say how the directory began"],
      [{ roster: {} }, "the roster is not a list"],
      [{ roster: [{ id: "7" }] }, "an entry that is no member"],
      [{ incarnations: ["x"] }, "its starts are no list of ids"],
      [{ peerIncarnations: {} }, "the starts of its peers are no list"],
      [
        { peerIncarnations: [{ id: 7, instance: "i7", boot: "" }] },
        "the starts of its peers have an entry that is none",
      ],
    ] as const) {
      writeFileSync(path, JSON.stringify({ ...whole, ...change }));
      refused(INITIAL, message);
    }
    writeFileSync(path, "{");
    refused(INITIAL, "it is not JSON");
  });
});
