/** No node has peers without something to prove its membership by (issue 7, item 1): no default is open. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { givenSecrets, settledSecrets } from "../../src/node/cluster-proof.ts";
import type { NodeIdentity, Origin } from "../../src/node/data-directory.ts";
import { topologyOf } from "../../src/node/topology.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { noLog } from "../support/no-log.ts";

const SECRET = "0123456789abcdef".repeat(4);

let base: string;
let dataDir: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-proof-"));
  dataDir = join(base, "data");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function pem(name: string, what: string): string {
  const path = join(base, name);
  writeFileSync(path, `-----BEGIN ${what}-----\n`);
  return path;
}

const tls = () => ({
  "peer-cert-file": pem("crt", "CERTIFICATE"),
  "peer-key-file": pem("key", "PRIVATE KEY"),
  "peer-ca-file": pem("ca", "CERTIFICATE"),
});

function identityOf(origin: Origin): NodeIdentity {
  const rest = {
    ...{
      roster: undefined,
      incarnations: [],
      peerIncarnations: [],
      rolledBack: undefined,
      nodeKey: undefined,
    },
    initializing: true,
  };
  return { clusterId: "c", nodeId: "n1", instance: "i", origin, ...rest };
}

/** What a start would go on with. */
function start(flags: Record<string, string>, origin: Origin, env: Record<string, string> = {}) {
  const all = new Map(Object.entries({ "node-id": "n1", "data-dir": dataDir, ...flags }));
  const { config } = loadConfig(all, env);
  const topology = topologyOf(config);
  const given = givenSecrets(config, topology);
  return settledSecrets(given, config, topology, identityOf(origin), systemRandom, noLog);
}

const form = (host: string) => ({ "initial-cluster": `n1=${host}:9002,n2=${host}:9012` });
const joining = (host: string) => ({ join: `n2=${host}:9002`, "peer-address": `${host}:9012` });

describe("a node with peers and neither a secret nor certificates does not start", () => {
  test.each([
    [
      "forms, on loopback",
      form("127.0.0.1"),
      "initial",
      "(umask 077; elastickv cluster secret > cluster-secret)",
    ],
    ["forms, elsewhere", form("10.0.0.1"), "initial", "--cluster-secret-file cluster-secret"],
    ["joins, on loopback", joining("127.0.0.1"), "join", "Copy the secret from a member"],
    ["joins, elsewhere", joining("10.0.0.1"), "join", "--cluster-secret-file FILE"],
    ["goes on as a member", { "peer-address": "127.0.0.1:9002" }, "initial", "--cluster-secret-file"],
    ["goes on as one that joined", { "peer-address": "10.0.0.1:9002" }, "join", "--cluster-secret-file"],
  ] as const)("it %s", (_, flags, origin, command) => {
    const begin = () => start(flags, origin);
    expect(begin).toThrow(ConfigError);
    expect(begin).toThrow(command);
    expect(begin).toThrow("neither a cluster secret nor a peer certificate");
    // Nothing is left behind by a start that was a slip.
    expect(existsSync(dataDir)).toBe(false);
    expect(start(flags, origin, { ELASTICKV_CLUSTER_SECRET: SECRET })).toHaveLength(1);
    // Certificates prove it, too.
    expect(start({ ...flags, ...tls() }, origin)).toEqual([]);
  });
});

describe("a node that begins alone", () => {
  test.each([
    ["without a peer address", {}, "alone"],
    ["on loopback", { "peer-address": "127.0.0.1:9002" }, "alone"],
    ["elsewhere", { "peer-address": "10.0.0.1:9002" }, "alone"],
    ["as the only one of its list", { "initial-cluster": "n1=10.0.0.1:9002" }, "initial"],
  ] as const)("%s makes its secret, once, and others are let in with a copy", (_, flags, origin) => {
    dataDir = base;
    const made = start(flags, origin);
    expect(made.map(({ byteLength }) => byteLength)).toEqual([32]);
    expect(start(flags, origin)).toEqual(made as Uint8Array[]);
    const path = join(dataDir, "cluster-secret");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const given = loadConfig(new Map([["cluster-secret-file", path]]), {}).config;
    expect(givenSecrets(given, topologyOf(given))).toEqual(made as Uint8Array[]);
    expect(readFileSync(path, "utf8")).toContain(Buffer.from(made[0] as Uint8Array).toString("hex"));
  });

  test("makes none when it is given one, or shows certificates", () => {
    dataDir = base;
    start({}, "alone", { ELASTICKV_CLUSTER_SECRET: SECRET });
    start({ "peer-address": "10.0.0.1:9002", ...tls() }, "alone");
    expect(existsSync(join(dataDir, "cluster-secret"))).toBe(false);
  });
});
