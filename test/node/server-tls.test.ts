/** Certificate files of a listener: what is refused at the start, and what a change of the files does later. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { ConfigError } from "../../src/config/config.ts";
import { readTlsPairs, tlsPairsOf } from "../../src/config/server-tls.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import { ServerTls } from "../../src/node/server-tls.ts";
import { selfSigned } from "../platform/support/certificates.ts";
import { ManualTime } from "../support/manual-time.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-server-tls-"));
afterAll(() => rmSync(directory, { recursive: true }));
const [certFile, keyFile] = [join(directory, "crt"), join(directory, "key")];
const ONE = selfSigned("one.example", "*.one.example");
const TWO = selfSigned("two.example");

function write(path: string, content: string, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

function put(one: { readonly cert: string; readonly key: string }): void {
  write(certFile, one.cert, 0o644);
  write(keyFile, one.key);
}

function watched() {
  put(ONE);
  const time = new ManualTime();
  const lines: string[] = [];
  const metrics = new ThreadMetrics("front");
  const tls = new ServerTls({
    listener: "s3",
    files: [{ certFile, keyFile }],
    credentialsDirectory: undefined,
    timers: time,
    metrics,
    log: {
      info: (message) => void lines.push(message),
      warn: (message, fields) => void lines.push(`${message}: ${String(fields?.["problem"])}`),
    },
  });
  return { tls, time, lines, metrics };
}

describe("a change of the files", () => {
  test("is found by itself, and at a reload at once", async () => {
    const { tls, time, lines } = watched();
    expect(tls.certificates.named("a.one.example")).toBeDefined();
    put(TWO);
    expect(tls.certificates.named("two.example")).toBeUndefined();
    await time.advance(10_000);
    expect(tls.certificates.named("two.example")).toBeDefined();
    expect(tls.certificates.named("one.example")).toBeUndefined();
    put(ONE);
    tls.reload();
    expect(tls.certificates.named("one.example")).toBeDefined();
    expect(lines).toEqual(["certificates reloaded", "certificates reloaded"]);
    tls.reload();
    expect(lines).toHaveLength(2);
  });

  test("of one of the two leaves the old pair in use, is told once, and ends when the other follows", async () => {
    const { tls, time, lines } = watched();
    const before = tls.certificates.byDefault;
    write(certFile, TWO.cert, 0o644);
    await time.advance(35_000);
    expect(tls.certificates.byDefault).toBe(before);
    expect(lines).toEqual([
      `certificate files cannot be used, the old certificate stays: ${keyFile} is not the key of the certificate in ${certFile}`,
    ]);
    write(keyFile, TWO.key);
    await time.advance(10_000);
    expect(tls.certificates.named("two.example")).toBeDefined();
    expect(lines.at(-1)).toBe("certificates reloaded");
  });

  test("that makes a file unreadable, open to others or nonsense leaves the old pair in use", async () => {
    const { tls, time, lines } = watched();
    const before = tls.certificates.byDefault;
    rmSync(keyFile);
    await time.advance(10_000);
    write(keyFile, ONE.key, 0o644);
    await time.advance(10_000);
    write(keyFile, "nonsense");
    await time.advance(10_000);
    expect(tls.certificates.byDefault).toBe(before);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain("is open to other users");
    expect(lines[2]).toContain("holds no valid PEM unencrypted private key");
    tls.stop();
    put(TWO);
    await time.advance(60_000);
    expect(tls.certificates.byDefault).toBe(before);
  });

  test("shows in the metrics", async () => {
    const { tls, time, metrics } = watched();
    const page = async () => JSON.stringify(await metrics.collect());
    expect(await page()).toContain("elastickv_tls_certificate_not_after_seconds");
    put(TWO);
    await time.advance(10_000);
    expect(await page()).toContain("used");
    tls.stop();
  });
});

describe("at the start", () => {
  test("names are those of the certificate, and its end is known", () => {
    put(ONE);
    const [pair] = readTlsPairs([{ certFile, keyFile }], undefined);
    expect(pair?.names).toEqual(["one.example", "*.one.example"]);
    expect(pair?.notAfterMs).toBeGreaterThan(Date.now());
    expect(() => createSecureContext({ cert: pair?.cert, key: pair?.key })).not.toThrow();
  });

  test("a key of systemd's credentials may have any mode", () => {
    put(ONE);
    const credentials = join(directory, "credentials");
    mkdirSync(credentials, { recursive: true });
    const key = join(credentials, "key");
    write(key, ONE.key, 0o444);
    const files = [{ certFile, keyFile: key }];
    expect(readTlsPairs(files, credentials)).toHaveLength(1);
    expect(() => readTlsPairs(files, undefined)).toThrow("is open to other users");
  });

  test.each([
    ["a certificate without a key", ["a"], []],
    ["a key without a certificate", [], ["a"]],
    ["two certificates and one key", ["a", "b"], ["c"]],
  ])("%s is refused", (_, s3TlsCertFile, s3TlsKeyFile) => {
    const config = { s3TlsCertFile, s3TlsKeyFile, adminTlsCertFile: [], adminTlsKeyFile: [] };
    expect(() => tlsPairsOf(config, "s3")).toThrow(ConfigError);
    expect(() => tlsPairsOf(config, "s3")).toThrow("each certificate needs its key");
    expect(tlsPairsOf(config, "admin")).toEqual([]);
  });
});
