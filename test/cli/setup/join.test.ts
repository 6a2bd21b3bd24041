/** `join` against members that lie, and against one that does not: what it sends to whom, and what it writes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseJoin } from "../../../src/cli/setup/arguments.ts";
import { type JoinContext, runJoin } from "../../../src/cli/setup/join.ts";
import { parseEnvFile } from "../../../src/config/env-file.ts";
import {
  type CertificateAuthority,
  fingerprint,
  issue,
  makeAuthority,
  makeRequest,
  requestKeyDigest,
} from "../../../src/pki/certificates.ts";
import { decodeJoinRequest, encodeAnswer, type JoinRequest } from "../../../src/pki/join-exchange.ts";
import { formatJoinToken, makeJoinToken } from "../../../src/pki/join-token.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { readTlsFiles } from "../../../src/platform/network/tls-files.ts";
import { systemRandom } from "../../../src/platform/random.ts";

type Join = Extract<JoinRequest, { ask: "join" }>;

let root: string;
let cluster: CertificateAuthority;
let evil: CertificateAuthority;
let printed: string;
let nowMs: number;
/** Every request that a server has read. */
let heard: JoinRequest[];
const servers: { stop(closeActive?: boolean): void }[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "elastickv-join-"));
  cluster = await makeAuthority(Date.now(), systemRandom);
  evil = await makeAuthority(Date.now(), systemRandom);
  printed = "";
  nowMs = 0;
  heard = [];
});
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true);
  rmSync(root, { recursive: true });
});

interface Member {
  /** Signs the server's certificate. */
  readonly signedBy: CertificateAuthority;
  /** What it says its CA is. */
  readonly says: string;
  readonly answer?: (request: Join) => Promise<string>;
}

/** @returns its port */
async function serve({ signedBy, says, answer }: Member): Promise<number> {
  const { key, request } = await makeRequest();
  const cert = await issue(signedBy, request, "n1", Date.now(), systemRandom);
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key, requestCert: true, rejectUnauthorized: false },
    socket: {
      data: (socket, bytes) => {
        const asked = decodeJoinRequest(bytes.toString().trimEnd());
        heard.push(asked);
        if (asked.ask === "authority") socket.write(`${encodeAnswer({ ok: true, authority: says })}\n`);
        else answer?.(asked).then((line) => socket.write(`${line}\n`));
      },
    },
  });
  servers.push(server);
  return server.port;
}

const accepts =
  (signer: CertificateAuthority, more: { name?: string; secrets?: string[]; authority?: string } = {}) =>
  async ({ request }: Join) => {
    const { name = "n2", secrets = [], authority = cluster.certificate } = more;
    const certificate = await issue(signer, request, "n2", Date.now(), systemRandom);
    return encodeAnswer({ ok: true, name, certificate, authority, members: "n1=10.0.0.1:9002", secrets });
  };

const context: JoinContext = {
  print: (text) => {
    printed += text;
  },
  fetch: async () => {
    throw new Error("no node runs here");
  },
  listens: async () => false,
  clock: { monotonicMs: () => nowMs },
  sleep: async (ms) => {
    nowMs += ms;
  },
  wallClock: systemClock,
  random: systemRandom,
  host: { owner: undefined, hasService: false, startService: async () => {}, hasFailed: async () => false },
  isTerminal: false,
  prompt: () => {},
};

async function joinAt(ports: readonly number[], ...more: readonly string[]): Promise<number> {
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const token = makeJoinToken(await fingerprint(cluster.certificate), addresses, systemRandom);
  const file = join(root, "token");
  writeFileSync(file, `${formatJoinToken(token)}\n`);
  const places = ["--config-dir", join(root, "etc"), "--data-dir", join(root, "data"), "--no-wait"];
  return runJoin(parseJoin(["--token-file", file, ...places, ...more]), context);
}

const askedWithSecret = () => heard.filter(({ ask }) => ask === "join").length;
const nothingWritten = () => {
  expect(existsSync(join(root, "etc", "cluster.env"))).toBe(false);
  expect(existsSync(join(root, "data", "peer.pem"))).toBe(false);
};

describe("the secret is not sent", () => {
  test("to a member with another CA", async () => {
    const port = await serve({ signedBy: evil, says: evil.certificate });
    await expect(joinAt([port])).rejects.toMatchObject({ code: "WRONG_CA" });
    expect(askedWithSecret()).toBe(0);
    nothingWritten();
  });

  test("to somebody who shows the right CA and has no certificate of it", async () => {
    const port = await serve({ signedBy: evil, says: cluster.certificate, answer: accepts(evil) });
    await expect(joinAt([port])).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("its certificate is not accepted"),
    });
    expect(askedWithSecret()).toBe(0);
    nothingWritten();
  });

  test("to somebody who adds a CA of his own to the right one, on either side of it", async () => {
    for (const says of [cluster.certificate + evil.certificate, evil.certificate + cluster.certificate]) {
      const port = await serve({ signedBy: evil, says, answer: accepts(evil) });
      await expect(joinAt([port])).rejects.toMatchObject({
        message: expect.stringContaining("not exactly one PEM certificate"),
      });
      expect(askedWithSecret()).toBe(0);
    }
    nothingWritten();
  });
});

describe("an answer that would make no node", () => {
  test.each([
    ["a certificate of another CA", () => accepts(evil)],
    ["another name than the certificate's", () => accepts(cluster, { name: "n9" })],
    [
      "no certificate at all",
      () => async () =>
        (await accepts(cluster)({ request: (await makeRequest()).request } as Join)).replaceAll(
          "CERTIFICATE",
          "THING",
        ),
    ],
    ["another CA certificate", () => accepts(evil, { authority: evil.certificate })],
  ])("%s", async (_, answer) => {
    const port = await serve({ signedBy: cluster, says: cluster.certificate, answer: answer() });
    await expect(joinAt([port])).rejects.toMatchObject({ code: "BAD_ANSWER" });
    nothingWritten();
  });
});

test("files and settings of a node that is let in; members that do not answer are passed over", async () => {
  const port = await serve({
    signedBy: cluster,
    says: cluster.certificate,
    answer: accepts(cluster, { secrets: ["ab01cdef".repeat(8)] }),
  });
  expect(await joinAt([1, port])).toBe(0);
  const env = join(root, "etc", "cluster.env");
  const variables = parseEnvFile(readFileSync(env, "utf8"), env);
  expect(variables.get("ELASTICKV_NODE_ID")).toBe("n2");
  expect(variables.get("ELASTICKV_JOIN")).toBe("n1=10.0.0.1:9002");
  // The address from which it has reached the member.
  expect(variables.get("ELASTICKV_PEER_ADDRESS")).toBe("127.0.0.1:9002");
  const at = (name: string) => join(root, "data", name);
  readTlsFiles({ certFile: at("peer.pem"), keyFile: at("peer.pem"), caFile: at("peer-ca.pem") });
  expect(readFileSync(at("cluster-secret"), "utf8")).toContain("ab01cdef".repeat(8));
  expect(existsSync(at("peer-request.key"))).toBe(false);
  expect(printed).toContain("elastickv serve");
});

test("NOT_READY is asked again with the same key, every other refusal ends it; the same command goes on later", async () => {
  const answers = ["NOT_READY", "NOT_READY", "TOKEN_EXPIRED"] as const;
  let next = 0;
  const requests: string[] = [];
  const port = await serve({
    signedBy: cluster,
    says: cluster.certificate,
    answer: async ({ request }) => {
      requests.push(request);
      const code = answers[next++];
      return code === undefined
        ? accepts(cluster)({ request } as Join)
        : encodeAnswer({ ok: false, code, message: "no" });
    },
  });
  await expect(joinAt([port])).rejects.toMatchObject({ code: "TOKEN_EXPIRED" });
  nothingWritten();
  expect(await joinAt([port])).toBe(0);
  expect(requests.length).toBe(4);
  expect(new Set(await Promise.all(requests.map(requestKeyDigest))).size).toBe(1);
});

test("a damaged key of an interrupted join is made anew", async () => {
  const port = await serve({ signedBy: cluster, says: cluster.certificate, answer: accepts(cluster) });
  mkdirSync(join(root, "data"), { mode: 0o700 });
  writeFileSync(join(root, "data", "peer-request.key"), "half a k", { mode: 0o600 });
  expect(await joinAt([port])).toBe(0);
});

test("a member that never becomes ready, or is not there, ends it with every reason", async () => {
  const port = await serve({
    signedBy: cluster,
    says: cluster.certificate,
    answer: async () => encodeAnswer({ ok: false, code: "NOT_READY", message: "no leader" }),
  });
  await expect(joinAt([1, port])).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringMatching(/127\.0\.0\.1:1: ECONNREFUSED.*no leader/),
  });
});
