import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterSecrets, makeClusterSecret, newClusterSecret } from "../../src/config/cluster-secret.ts";
import { ConfigError } from "../../src/config/config.ts";
import { Secret } from "../../src/config/secret.ts";
import { systemRandom } from "../../src/platform/random.ts";

const A = "0123456789abcdef".repeat(4);
const B = "fedcba9876543210".repeat(4);
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "elastickv-secret-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function file(content: string, mode = 0o600, name = "given"): string {
  const path = join(dataDir, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const from = (given: { variable?: string; file?: string }, credentials?: string) =>
  clusterSecrets(
    {
      dataDir,
      clusterSecret: given.variable === undefined ? undefined : new Secret(given.variable),
      clusterSecretFile: given.file,
    },
    credentials,
  );

describe("where it comes from", () => {
  test("a variable, or a file; else the data directory; else there is none", () => {
    expect(from({})).toEqual([]);
    expect(makeClusterSecret(dataDir, systemRandom)).toEqual(from({}) as Uint8Array[]);
    expect(statSync(join(dataDir, "cluster-secret")).mode & 0o777).toBe(0o600);
    expect(from({ variable: A })).toEqual([bytes(A)]);
    expect(from({ file: file(`# of the cluster\n\n${B.toUpperCase()}\r\n`) })).toEqual([bytes(B)]);
    expect(() => from({ variable: A, file: file(A) })).toThrow(
      "ELASTICKV_CLUSTER_SECRET and ELASTICKV_CLUSTER_SECRET_FILE are both set",
    );
  });

  test("a data directory that is not there, or a file, has none", () => {
    for (const place of [join(dataDir, "no"), file("")])
      expect(
        clusterSecrets({ dataDir: place, clusterSecret: undefined, clusterSecretFile: undefined }),
      ).toEqual([]);
  });

  test("what is printed is 32 random bytes", () => {
    const made = [newClusterSecret(systemRandom), newClusterSecret(systemRandom)];
    expect(made[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(made[0]).not.toBe(made[1]);
    expect(from({ variable: made[0] as string })).toHaveLength(1);
  });
});

describe("while one is replaced", () => {
  test("several, in order: one a line, or with commas", () => {
    expect(from({ file: file(`${A} # old\n${B}\n`) })).toEqual([bytes(A), bytes(B)]);
    expect(from({ variable: `${B},${A}` })).toEqual([bytes(B), bytes(A)]);
  });

  test("not twice the same, and not very many", () => {
    expect(() => from({ variable: `${A},${A.toUpperCase()}` })).toThrow("twice");
    const five = Array.from({ length: 5 }, () => newClusterSecret(systemRandom)).join("\n");
    expect(() => from({ file: file(five) })).toThrow("at most 4");
  });
});

describe("what is refused", () => {
  test.each([
    ["", "holds no cluster secret"],
    ["# nothing\n", "holds no cluster secret"],
    [A.slice(1), "64 hex digits"],
    [`${A}0`, "64 hex digits"],
    ["correct horse battery staple", "64 hex digits"],
    [A.replace("f", "g"), "64 hex digits"],
    ["0".repeat(64), "not random"],
    ["0123".repeat(16), "not random"],
  ])("%j", (content, why) => {
    for (const given of [() => from({ file: file(content) }), () => from({ variable: content })]) {
      expect(given).toThrow(ConfigError);
      expect(given).toThrow(why);
      expect(given).toThrow("elastickv cluster secret");
    }
  });

  test("the message does not show it", () => {
    const almost = A.replace("f", "g");
    expect(() => from({ variable: `${B},${almost}` })).toThrow(/^(?!.*0123456789abcdeg)(?!.*fedcba98).*$/);
  });

  test("a file that others may read; root's may be read by the group of the service", () => {
    const owner = process.getuid?.() ?? 0;
    for (const [mode, taken] of [
      [0o600, true],
      [0o400, true],
      [0o640, owner === 0],
      [0o644, false],
      [0o660, false],
      [0o604, false],
    ] as const) {
      const read = () => from({ file: file(A, mode, `given-${mode}`) });
      if (taken) expect(read()).toEqual([bytes(A)]);
      else expect(read).toThrow(/is open to other users \(mode 0[0-7]{3}\): chmod 600 /);
    }
  });

  test("not one of systemd's credentials, whose modes say nothing; and a link is followed", () => {
    const credentials = join(dataDir, "credentials");
    mkdirSync(credentials);
    const inside = file(A, 0o444, "credentials/cluster-secret");
    expect(from({ file: inside }, credentials)).toEqual([bytes(A)]);
    expect(() => from({ file: inside }, undefined)).toThrow("open to other users");
    const outside = file(A, 0o444);
    expect(() => from({ file: outside }, credentials)).toThrow("open to other users");
    const link = join(credentials, "link");
    symlinkSync(outside, link);
    expect(() => from({ file: link }, credentials)).toThrow("open to other users");
    chmodSync(outside, 0o600);
    expect(from({ file: link })).toEqual([bytes(A)]);
  });

  test("no file, a directory, a file of another kind of size", () => {
    expect(() => from({ file: join(dataDir, "no") })).toThrow(`${join(dataDir, "no")}: cannot open`);
    expect(() => from({ file: dataDir })).toThrow("not a regular file");
    expect(() => from({ file: file("x".repeat(70_000)) })).toThrow("70000 bytes");
  });
});
