/** `setup` and `join` up to the network: their command lines, the files that they write, and what they refuse to touch. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCommandLine } from "../../../src/cli/arguments.ts";
import { parseJoin, parseSetup, peerAddressOf } from "../../../src/cli/setup/arguments.ts";
import { type Host, realHost, serviceAccount } from "../../../src/cli/setup/host.ts";
import { runSetup, type SetupContext } from "../../../src/cli/setup/setup.ts";
import { ConfigError } from "../../../src/config/config.ts";
import { parseEnvFile } from "../../../src/config/env-file.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { topologyOf } from "../../../src/node/topology.ts";
import { factsOf, fingerprint } from "../../../src/pki/certificates.ts";
import { parseJoinToken, secretDigest } from "../../../src/pki/join-token.ts";
import {
  readAuthorityCertificate,
  readNewCluster,
  readPeerCertificate,
} from "../../../src/pki/peer-files.ts";
import { readTlsFiles } from "../../../src/platform/network/tls-files.ts";
import { systemRandom } from "../../../src/platform/random.ts";

const NOW_MS = Date.UTC(2026, 10, 29);
let root: string;
let printed: string;
let started: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "elastickv-setup-"));
  printed = "";
  started = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

const host = (hasService: boolean): Host => ({
  owner: undefined,
  hasService,
  startService: async () => void started++,
  hasFailed: async () => false,
});
const context = (hasService = false): SetupContext => ({
  print: (text) => {
    printed += text;
  },
  fetch: async () => {
    throw new Error("nobody is asked");
  },
  listens: async () => false,
  clock: { monotonicMs: () => 0 },
  sleep: async () => {},
  wallClock: { nowMs: () => NOW_MS },
  random: systemRandom,
  host: host(hasService),
});
const words = (...more: readonly string[]) => [
  "--address",
  "10.0.0.1",
  "--config-dir",
  join(root, "etc"),
  "--data-dir",
  join(root, "data"),
  ...more,
];
const setup = (hasService = false, ...more: readonly string[]) =>
  runSetup(parseSetup(words(...more)), context(hasService));

describe("the command lines", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1:9002"],
    ["Host-1.example", "host-1.example:9002"],
    ["10.0.0.1:7000", "10.0.0.1:7000"],
    ["fd00::1", "[fd00::1]:9002"],
    ["[fd00::1]", "[fd00::1]:9002"],
    ["[fd00::1]:7000", "[fd00::1]:7000"],
  ])("--address %s", (text, address) => expect(peerAddressOf(text)).toBe(address));

  test.each([":9002", "0.0.0.0", "host:0", "a b", "host:99999", ""])(
    "--address %p is refused by name",
    (text) => expect(() => peerAddressOf(text)).toThrow(/^--address: /),
  );

  test.each([
    [["--node", "a/b"], "--node: "],
    [["--tokens", "11"], "--tokens: "],
    [["--expires", "8d"], "--expires: "],
    [["--expires", "1ms"], "--expires: "],
    [["--s3-address", "x"], "--s3-address: "],
    [["--token-file", "x"], 'unknown flag "--token-file"'],
    [["word"], "setup takes only --flags"],
  ])("setup %p", (more, message) => expect(() => parseSetup(words(...more))).toThrow(message));

  test("setup needs an address, and directories that the service finds too", () => {
    expect(() => parseSetup([])).toThrow("--address is missing");
    expect(parseSetup(["--address", "a", "--data-dir", "data"]).dataDir).toBe(join(process.cwd(), "data"));
    expect(parseSetup(["--address", "a"])).toMatchObject({
      node: undefined,
      address: "a:9002",
      configDir: "/etc/elastickv",
      dataDir: "/var/lib/elastickv",
      tokens: 2,
      expiresMs: 3_600_000,
      start: true,
    });
  });

  test("a token on the command line is refused and not repeated", () => {
    let message = "";
    try {
      parseJoin(["ekj1.AAAA"]);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = (error as Error).message;
    }
    expect(message).toContain("echo TOKEN | elastickv join");
    expect(message).not.toContain("AAAA");
    expect(parseJoin(["--no-wait", "--node", "n4"])).toMatchObject({
      wait: false,
      node: "n4",
      tokenFile: undefined,
    });
  });

  test("cluster join-token, and replace in both forms", () => {
    const cluster = (...line: readonly string[]) => {
      const command = parseCommandLine(["cluster", ...line], {});
      return command.kind === "cluster" ? command.command.action : undefined;
    };
    expect(cluster("join-token")).toEqual({ verb: "join-token", node: undefined, expiresMs: 3_600_000 });
    expect(cluster("join-token", "--expires", "5m", "--node", "n7")).toMatchObject({
      node: "n7",
      expiresMs: 300_000,
    });
    expect(cluster("replace", "n2", "--with", "n4")).toEqual({ verb: "replace", remove: "n2", joins: "n4" });
    expect(cluster("replace", "n2", "n4=a:1")).toMatchObject({ remove: "n2", member: { name: "n4" } });
    for (const bad of [
      ["n2"],
      ["n2", "n4=a:1", "--with", "n5"],
      ["n2", "--with", "n2"],
      ["n2", "--with", "a/b"],
    ]) {
      expect(() => cluster("replace", ...bad)).toThrow(ConfigError);
    }
    expect(() => cluster("status", "--with", "n4")).toThrow('unknown flag "--with"');
  });
});

describe("setup", () => {
  test("writes settings that a node takes, a certificate of its own CA, and digests of the printed tokens", async () => {
    expect(await setup()).toBe(0);
    const env = join(root, "etc", "cluster.env");
    expect((statSync(env).mode & 0o777).toString(8)).toBe("640");
    expect((statSync(join(root, "data")).mode & 0o777).toString(8)).toBe("700");
    for (const name of readdirSync(join(root, "data"))) {
      expect((statSync(join(root, "data", name)).mode & 0o777).toString(8)).toBe("600");
    }
    const variables = Object.fromEntries(parseEnvFile(readFileSync(env, "utf8"), env));
    const { config, warnings } = loadConfig(new Map(), variables);
    expect(warnings).toEqual([]);
    const { peer, initialCluster, join: members } = topologyOf(config);
    expect([initialCluster, members]).toEqual([[], []]);
    expect(peer).toMatchObject({ advertise: "10.0.0.1:9002", tls: { joins: true } });
    if (peer?.tls !== undefined) readTlsFiles(peer.tls);
    expect(factsOf(readPeerCertificate(config.dataDir)).name).toBe("n1");
    const tokens = [...printed.matchAll(/echo (\S+) \| elastickv join/g)].map(([, token]) =>
      parseJoinToken(token ?? ""),
    );
    expect(tokens.length).toBe(2);
    const made = readNewCluster(config.dataDir);
    for (const [index, { id, secret, fingerprint: ca, addresses }] of tokens.entries()) {
      expect(made?.tokens[index]).toEqual({
        id,
        digest: secretDigest(secret),
        expiresMs: NOW_MS + 3_600_000,
      });
      expect(ca).toBe(await fingerprint(readAuthorityCertificate(config.dataDir)));
      expect(addresses).toEqual(["10.0.0.1:9002"]);
      expect(readFileSync(join(config.dataDir, "new-cluster.json"), "utf8")).not.toContain(
        Buffer.from(secret).toString("hex"),
      );
    }
    expect(started).toBe(0);
  });

  test("starts the service where there is one, and only when it may", async () => {
    await setup(true, "--no-start");
    expect(started).toBe(0);
    expect(printed).toContain("systemctl enable --now elastickv");
    rmSync(join(root, "etc"), { recursive: true });
    await setup(true);
    expect(started).toBe(1);
  });

  test("nothing that is there is overwritten, and each refusal names it", async () => {
    await setup();
    await expect(setup()).rejects.toThrow(/cluster\.env is there: this host is n1 of a cluster already/);
    rmSync(join(root, "etc"), { recursive: true });
    for (const [identity, sealed] of [
      ["{}", false],
      ["not json", false],
      ['{"origin":"join","nodeId":"n1"}', false],
      ['{"origin":"alone","nodeId":"n1","peerIncarnations":[{}]}', false],
      ['{"origin":"alone","nodeId":"n1"}', true],
    ] as const) {
      writeFileSync(join(root, "data", "node.json"), identity);
      if (sealed) writeFileSync(join(root, "data", "peer-ca.sealed"), "{}");
      await expect(setup()).rejects.toThrow("holds the data of a node already");
    }
    rmSync(join(root, "data"), { recursive: true });
    mkdirSync(join(root, "etc"));
    const theirs = join(root, "etc", "elastickv.env");
    writeFileSync(theirs, "ELASTICKV_S3_ADDRESS=:9100\nELASTICKV_NODE_ID=n7\n");
    await expect(setup()).rejects.toThrow(`${theirs} sets ELASTICKV_NODE_ID`);
    expect(readdirSync(root)).toEqual(["etc"]);
    expect(readFileSync(theirs, "utf8")).toContain("n7");
    writeFileSync(theirs, "ELASTICKV_S3_ADDRESS=:9100\n");
    expect(await setup()).toBe(0);
  });

  test("a node that was alone becomes the first of the cluster, and keeps its name", async () => {
    mkdirSync(join(root, "data"), { mode: 0o700 });
    const identity = '{"origin":"alone","nodeId":"store","peerIncarnations":[]}';
    writeFileSync(join(root, "data", "node.json"), identity);
    await expect(setup(false, "--node", "n1")).rejects.toThrow(
      "holds the data of node store, which keeps its name",
    );
    expect(await setup()).toBe(0);
    expect(readFileSync(join(root, "etc", "cluster.env"), "utf8")).toContain("ELASTICKV_NODE_ID=store\n");
    expect(factsOf(readPeerCertificate(join(root, "data"))).name).toBe("store");
    expect(readFileSync(join(root, "data", "node.json"), "utf8")).toBe(identity);
  });

  test("interrupted before its last file it can be run again, with another CA", async () => {
    await setup();
    const before = readAuthorityCertificate(join(root, "data"));
    rmSync(join(root, "etc"), { recursive: true });
    await setup();
    expect(readAuthorityCertificate(join(root, "data"))).not.toBe(before);
  });

  test.if(process.geteuid?.() === 0)("as root, gives the files to the user of the service", async () => {
    const owner = { uid: 65_534, gid: 65_533 };
    await runSetup(parseSetup(words()), { ...context(), host: { ...host(false), owner } });
    const data = join(root, "data");
    for (const path of [data, ...readdirSync(data).map((name) => join(data, name))]) {
      expect(statSync(path)).toMatchObject(owner);
    }
    expect(statSync(join(root, "etc", "cluster.env"))).toMatchObject({ uid: 0, gid: owner.gid });
  });

  test("a data directory that cannot be made is named", async () => {
    writeFileSync(join(root, "data"), "a file");
    await expect(setup()).rejects.toThrow(/data directory .* cannot be made/);
  });
});

describe("the service of a host", () => {
  /** A systemctl that writes down how it was called. */
  const system = (script = "exit 0") => {
    const systemctl = join(root, "systemctl");
    const log = join(root, "calls");
    writeFileSync(systemctl, `#!/bin/sh\necho "$*" >> ${log}\n${script}\n`, { mode: 0o755 });
    writeFileSync(join(root, "passwd"), "elastickv:x:998:997::/:/bin/false\n");
    const places = {
      passwd: join(root, "passwd"),
      systemd: root,
      units: [join(root, "units")],
      systemctl,
      isRoot: true,
    };
    return { places, calls: () => readFileSync(log, "utf8").trim().split("\n") };
  };

  test("is there with systemd, its unit and root; its user owns the files", () => {
    const { places } = system();
    expect(realHost(places).hasService).toBe(false);
    mkdirSync(join(root, "units"));
    writeFileSync(join(root, "units", "elastickv.service"), "");
    expect(realHost(places)).toMatchObject({ hasService: true, owner: { uid: 998, gid: 997 } });
    expect(realHost({ ...places, systemd: join(root, "none") }).hasService).toBe(false);
    expect(realHost({ ...places, isRoot: false })).toMatchObject({ hasService: false, owner: undefined });
    expect(realHost({ ...places, passwd: join(root, "none") }).owner).toBeUndefined();
  });

  test("is enabled and restarted, with the new settings, and waited for when that is wanted", async () => {
    const { places, calls } = system();
    await realHost(places).startService(true);
    await realHost(places).startService(false);
    expect(calls()).toEqual([
      "daemon-reload",
      "enable elastickv.service",
      "restart elastickv.service",
      "daemon-reload",
      "enable elastickv.service",
      "restart --no-block elastickv.service",
    ]);
    expect(await realHost(places).hasFailed()).toBe(true);
  });

  test("that does not start is told with what systemctl says", async () => {
    const { places } = system(
      'case $1 in restart) echo "Job failed." >&2; exit 1;; is-failed|--quiet) exit 1;; esac',
    );
    await expect(realHost(places).startService(true)).rejects.toThrow(
      /systemctl restart elastickv.service failed: Job failed.; journalctl -u elastickv/,
    );
    expect(await realHost(places).hasFailed()).toBe(false);
  });
});

test("the service's account is read as passwd(5) says, and may be missing", () => {
  const passwd =
    "root:x:0:0::/root:/bin/sh\nelastickv2:x:5:5::/:/bin/false\nelastickv:x:998:997::/:/bin/false\n";
  expect(serviceAccount(passwd)).toEqual({ uid: 998, gid: 997 });
  expect(serviceAccount("root:x:0:0::/root:/bin/sh\n")).toBeUndefined();
});
