import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type IdOf, topologyOf } from "../../src/node/topology.ts";

const THREE = "n1=10.0.0.1:9002,n2=10.0.0.2:9002,n3=10.0.0.3:9002";
const topology = (flags: Record<string, string>, idOf?: IdOf) =>
  topologyOf(loadConfig(new Map(Object.entries({ "node-id": "n1", ...flags })), {}).config, idOf);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-topology-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("where a node listens and what others dial", () => {
  test("alone: nowhere", () =>
    expect(topology({})).toEqual({ initialCluster: [], join: [], peer: undefined }));

  test("alone, and ready to grow", () =>
    expect(topology({ "peer-address": "10.0.0.1:9002" }).peer).toEqual({
      listen: { host: "10.0.0.1", port: 9002 },
      advertise: "10.0.0.1:9002",
      lanes: 4,
    }));

  test("an initial member listens where the list says", () =>
    expect(topology({ "initial-cluster": THREE }).peer).toMatchObject({
      listen: { host: "10.0.0.1", port: 9002 },
      advertise: "10.0.0.1:9002",
    }));

  test("a wildcard listens everywhere and has the listed address dialled", () =>
    expect(topology({ "initial-cluster": THREE, "peer-address": ":9102" }).peer).toMatchObject({
      listen: { host: "0.0.0.0", port: 9102 },
      advertise: "10.0.0.1:9002",
    }));

  test("a node that joins asks the others", () => {
    const {
      join: members,
      initialCluster,
      peer,
    } = topology({
      "node-id": "n4",
      join: `${THREE},n4=h4:9002`,
      "peer-address": ":9002",
    });
    expect(members.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
    expect(initialCluster).toEqual([]);
    expect(peer?.advertise).toBe("h4:9002");
  });

  test("two lanes", () =>
    expect(topology({ "initial-cluster": THREE, "raft-dispatcher-lanes": "0" }).peer?.lanes).toBe(2));
});

describe("refused, by name", () => {
  test.each([
    [{ "initial-cluster": THREE, join: THREE }, "--initial-cluster and --join are both set"],
    [{ "node-id": "n9", "initial-cluster": THREE }, "does not list this node, n9"],
    [
      { "initial-cluster": THREE, "peer-address": "10.0.0.9:9002" },
      '--peer-address "10.0.0.9:9002" is not where --initial-cluster has this node: n1=10.0.0.1:9002',
    ],
    [{ "initial-cluster": THREE, "peer-address": "10.0.0.1:0" }, "peers cannot dial port 0"],
    [{ "peer-address": ":9002" }, "list n1=HOST:PORT in --initial-cluster too"],
    [{ "node-id": "n4", join: THREE, "peer-address": ":9002" }, "list n4=HOST:PORT in --join too"],
    [{ "node-id": "n4", join: THREE }, "--join needs --peer-address"],
    [{ join: "n1=h:1", "peer-address": "h:1" }, "names only this node"],
    [
      { "initial-cluster": THREE, "peer-cert-file": "/c" },
      "--peer-cert-file is set but --peer-key-file and --peer-ca-file is not",
    ],
    [
      {
        "initial-cluster": THREE,
        "peer-cert-file": "/no/c",
        "peer-key-file": "/no/k",
        "peer-ca-file": "/no/a",
      },
      "--peer-cert-file: cannot read /no/c",
    ],
  ] as [Record<string, string>, string][])("%j", (flags, message) => {
    expect(() => topology(flags)).toThrow(ConfigError);
    expect(() => topology(flags)).toThrow(message);
  });

  test("a certificate that was in a data directory that is lost: how the host comes back", () => {
    const lost = join(directory, "peer.pem");
    const flags = {
      "node-id": "n3",
      join: THREE,
      "peer-address": "10.0.0.3:9002",
      "data-dir": directory,
      "peer-cert-file": lost,
      "peer-key-file": lost,
      "peer-ca-file": lost,
    };
    expect(() => topology(flags)).toThrow(
      /cannot read .*; if this host has lost its data directory, .*"elastickv cluster remove n3", then "elastickv cluster join-token"/,
    );
    expect(() => topology({ ...flags, "data-dir": "/elsewhere" })).not.toThrow("lost its data directory");
    writeFileSync(lost, "x");
    expect(() => topology(flags)).toThrow("holds no PEM certificate");
  });

  test("names whose hashes are the same", () =>
    expect(() => topology({ "initial-cluster": THREE }, (name) => (name === "n1" ? 1 : 7))).toThrow(
      "--initial-cluster: the names n2 and n3 have the same hash (7): rename one of them",
    ));

  test("the hash of a joining node counts too", () =>
    expect(() =>
      topology({ "node-id": "n4", join: THREE, "peer-address": "h:1" }, (name) =>
        name === "n4" ? 2 : Number(name[1]),
      ),
    ).toThrow("the names n2 and n4 have the same hash"));

  test("files that hold something else", () => {
    const cert = join(directory, "cert.pem");
    writeFileSync(cert, "-----BEGIN CERTIFICATE-----\n");
    const key = join(directory, "key.pem");
    writeFileSync(key, "hello");
    const files = { "peer-cert-file": cert, "peer-key-file": key, "peer-ca-file": cert };
    expect(() => topology({ "initial-cluster": THREE, ...files })).toThrow(
      `--peer-key-file: ${key} holds no PEM private key`,
    );
    writeFileSync(key, "-----BEGIN PRIVATE KEY-----\n");
    expect(topology({ "initial-cluster": THREE, ...files }).peer?.tls).toEqual({
      certFile: cert,
      keyFile: key,
      caFile: cert,
      joins: false,
    });
    // The CA file of `setup` and `join`: nodes without a certificate may ask to join.
    const own = join(directory, "peer-ca.pem");
    writeFileSync(own, "-----BEGIN CERTIFICATE-----\n");
    const ours = { ...files, "peer-ca-file": own, "data-dir": directory };
    expect(topology({ "initial-cluster": THREE, ...ours }).peer?.tls?.joins).toBe(true);
    expect(() => topology(files)).toThrow("this node listens to no peers");
  });
});
