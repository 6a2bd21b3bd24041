/** A node renews its own certificate, with the CA's key from its own directory, when two thirds of the life have passed. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePrivateFile } from "../../../src/config/private-file.ts";
import { obtainAuthority, sealedAuthority } from "../../../src/node/joining/authority.ts";
import { renewIfDue } from "../../../src/node/joining/renewal.ts";
import { AUTHORITY_KEY, readTokens } from "../../../src/node/joining/rows.ts";
import {
  type CertificateAuthority,
  factsOf,
  isIssuedBy,
  issue,
  makeAuthority,
  makeRequest,
} from "../../../src/pki/certificates.ts";
import {
  readPeerCertificate,
  writeAuthorityCertificate,
  writeNewCluster,
  writePeerCertificate,
} from "../../../src/pki/peer-files.ts";
import { readTlsFiles } from "../../../src/platform/network/tls-files.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { NodeKey } from "../../../src/secrets/node-key.ts";
import { SealingKey } from "../../../src/secrets/sealing-key.ts";
import { noLog } from "../../support/no-log.ts";
import { Rows } from "../support/rows.ts";

const START_MS = Date.UTC(2026, 10, 29);
const DAY_MS = 86_400_000;
const key = NodeKey.make(systemRandom);
const sealing = SealingKey.make(systemRandom);
let dataDir: string;
let authority: CertificateAuthority;
let kv: Rows;
let nowMs: number;

const clock = { nowMs: () => nowMs };
const renewal = () => renewIfDue({ dataDir, key, name: "n1", clock, random: systemRandom, log: noLog });
const obtain = (nodeKey = key) =>
  obtainAuthority(sealing, {
    dataDir,
    key: nodeKey,
    kv,
    timers: systemTimers,
    random: systemRandom,
    log: noLog,
  });

/** A directory as `setup` leaves it. */
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "elastickv-renewal-"));
  kv = new Rows();
  nowMs = START_MS;
  authority = await makeAuthority(nowMs, systemRandom);
  writeAuthorityCertificate(dataDir, authority.certificate);
  const made = await makeRequest();
  writePeerCertificate(dataDir, await issue(authority, made.request, "n1", nowMs, systemRandom), made.key);
  const tokens = [{ id: "0123456789abcdef", digest: "ab".repeat(32), expiresMs: nowMs + 1 }];
  writeNewCluster(dataDir, { authorityKey: authority.key, tokens });
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test("the first start moves the CA and the tokens into the keyspace, sealed, and deletes the file with the key", async () => {
  expect(await obtain()).toEqual(authority);
  expect(existsSync(join(dataDir, "new-cluster.json"))).toBe(false);
  expect([...(await readTokens(await kv.snapshot())).keys()]).toEqual(["0123456789abcdef"]);
  const secret = Buffer.from(authority.key).toString("base64");
  expect(kv.content).not.toContain(secret);
  expect(readFileSync(join(dataDir, "peer-ca.sealed"), "utf8")).not.toContain(secret);
  expect(sealedAuthority(dataDir, key)).toEqual(authority);
  expect(sealedAuthority(dataDir, NodeKey.make(systemRandom))).toBeUndefined();
  // Every later start, also after a crash between the commit and the deletion.
  writeNewCluster(dataDir, { authorityKey: authority.key, tokens: [] });
  expect(await obtain()).toEqual(authority);
  expect(existsSync(join(dataDir, "new-cluster.json"))).toBe(false);
});

test("a member with another CA certificate than the cluster's does not go on", async () => {
  await obtain();
  writeAuthorityCertificate(dataDir, (await makeAuthority(nowMs, systemRandom)).certificate);
  await expect(obtain()).rejects.toThrow("is not that of the cluster");
  kv.put(AUTHORITY_KEY, Buffer.from("{}"));
  await expect(obtain()).rejects.toThrow("cannot be opened");
});

test("a damaged file of setup is named", async () => {
  writePrivateFile(join(dataDir, "new-cluster.json"), '{"v":1}');
  await expect(obtain()).rejects.toThrow(/new-cluster\.json is damaged/);
});

test("a damaged or missing certificate is named, with what to do", async () => {
  writeFileSync(
    join(dataDir, "peer.pem"),
    "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    {
      mode: 0o600,
    },
  );
  await expect(renewal()).rejects.toThrow(/peer\.pem holds no PEM certificate .* replace this member/);
  rmSync(join(dataDir, "peer.pem"));
  await expect(renewal()).rejects.toThrow(/peer\.pem is missing/);
});

test("the certificate is renewed when two thirds of its life have passed, and not before", async () => {
  await obtain();
  const before = readPeerCertificate(dataDir);
  nowMs = START_MS + 59 * DAY_MS;
  expect(await renewal()).toBe(false);
  expect(readPeerCertificate(dataDir)).toBe(before);
  nowMs = START_MS + 60 * DAY_MS;
  expect(await renewal()).toBe(true);
  const after = readPeerCertificate(dataDir);
  expect(factsOf(after)).toMatchObject({ name: "n1", notAfterMs: nowMs + 90 * DAY_MS });
  expect(await isIssuedBy(after, authority.certificate)).toBe(true);
  expect(after.match(/PRIVATE KEY-----\n[\s\S]*?-----END/)?.[0]).not.toBe(
    before.match(/PRIVATE KEY-----\n[\s\S]*?-----END/)?.[0],
  );
  // Certificate and key are of one pair, as the transport reads them.
  const peer = join(dataDir, "peer.pem");
  readTlsFiles({ certFile: peer, keyFile: peer, caFile: join(dataDir, "peer-ca.pem") });
  expect(await renewal()).toBe(false);
});

test("a node that was off for a year renews by itself, without a keyspace", async () => {
  await obtain();
  nowMs = START_MS + 365 * DAY_MS;
  expect(await renewal()).toBe(true);
  expect(factsOf(readPeerCertificate(dataDir)).notAfterMs).toBe(nowMs + 90 * DAY_MS);
});

test("a certificate that was made while the clock was ahead is replaced when the clock is right", async () => {
  await obtain();
  nowMs = START_MS + 3_000 * DAY_MS;
  expect(await renewal()).toBe(true);
  nowMs = START_MS + DAY_MS;
  expect(await renewal()).toBe(true);
  expect(factsOf(readPeerCertificate(dataDir)).notAfterMs).toBe(nowMs + 90 * DAY_MS);
});

test("nothing is renewed without the CA's key, or for a certificate of another CA", async () => {
  nowMs = START_MS + 80 * DAY_MS;
  const before = readPeerCertificate(dataDir);
  expect(await renewal()).toBe(false);
  await obtain();
  const other = await makeAuthority(START_MS, systemRandom);
  const made = await makeRequest();
  const foreign = await issue(other, made.request, "n1", START_MS, systemRandom);
  writePeerCertificate(dataDir, foreign, made.key);
  expect(await renewal()).toBe(false);
  writeFileSync(join(dataDir, "peer.pem"), before);
  expect(await renewal()).toBe(true);
});
