import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { showCredentials } from "../../src/cli/credentials.ts";
import {
  generateRootCredentials,
  storedRootCredentials,
  storeRootCredentials,
} from "../../src/config/root-credentials.ts";
import { loadIdentity, type NodeIdentity } from "../../src/node/data-directory.ts";
import { type LocalKeys, settleNodeKey } from "../../src/node/local-keys.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { NodeKey } from "../../src/secrets/node-key.ts";
import { readStoredCredentials, storeCredentials } from "../../src/secrets/stored-credentials.ts";

let base: string;
let dataDir: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-key-"));
  dataDir = join(base, "data");
  mkdirSync(dataDir, { mode: 0o700 });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const inside = () => join(dataDir, "node.key");
const outside = () => join(base, "kept-elsewhere.key");
const identity = (): NodeIdentity =>
  loadIdentity(dataDir, { nodeId: "n1", initialClusterId: undefined, joins: false }, systemRandom);

interface Given {
  readonly file?: string;
  readonly member?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

const warnings: string[] = [];
function settle({ file, member = true, environment = {} }: Given = {}): LocalKeys {
  warnings.length = 0;
  return settleNodeKey({
    config: { dataDir, nodeKeyFile: file },
    identity: identity(),
    member,
    random: systemRandom,
    environment,
    warn: (message) => warnings.push(message),
  });
}

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    expect(error.exitCode).toBe(EXIT.LASTING);
    return error.message;
  }
  throw new Error("it was taken");
}

describe("in the data directory", () => {
  test("a member's is made once, 0600, and its fingerprint is written down", () => {
    const first = settle();
    expect(statSync(inside()).mode & 0o777).toBe(0o600);
    expect(first.identity.nodeKey).toBe(first.atHand?.key.fingerprint ?? "none");
    const second = settle();
    expect(second.atHand?.key.fingerprint).toBe(first.identity.nodeKey ?? "");
    expect(identity().nodeKey).toBe(first.identity.nodeKey ?? "");
  });

  test("a node alone needs none", () => {
    expect(settle({ member: false }).atHand).toBeUndefined();
    expect(existsSync(inside())).toBe(false);
  });

  test("lost: no new one is made in its place, and the message says what to do", () => {
    settle();
    rmSync(inside());
    const message = refusal(settle);
    expect(message).toContain(`${inside()} is missing: put the key of this node back`);
    expect(message).toContain("replace n1 by a node with a new name");
    expect(existsSync(inside())).toBe(false);
  });

  test("a crash between the key and its fingerprint: the key is the one", () => {
    const key = NodeKey.make(systemRandom);
    writeFileSync(inside(), key.render(), { mode: 0o600 });
    expect(settle().identity.nodeKey).toBe(key.fingerprint);
  });

  test("another node's key is not taken", () => {
    settle();
    writeFileSync(inside(), NodeKey.make(systemRandom).render());
    expect(refusal(settle)).toContain(`${inside()} is not the node key of data directory ${dataDir}`);
  });

  test("damaged in any one character: refused, and the key is not shown", () => {
    settle();
    const text = readFileSync(inside(), "utf8");
    const line = text.split("\n").findIndex((content) => content.startsWith("elastickv-node-key-1:"));
    const at = text.split("\n").slice(0, line).join("\n").length + 1;
    const secret = text.split("\n")[line]?.split(":")[1] ?? "";
    for (let offset = at; offset < text.trimEnd().length; offset++) {
      const other = text[offset] === "A" ? "B" : "A";
      writeFileSync(inside(), text.slice(0, offset) + other + text.slice(offset + 1));
      const message = refusal(settle);
      expect(message).toContain(`${inside()} is damaged`);
      expect(message).not.toContain(secret.slice(0, 20));
    }
    for (const content of ["", "# only words\n", text + text]) {
      writeFileSync(inside(), content);
      expect(refusal(settle)).toContain(`${inside()} is damaged`);
    }
  });

  test("readable for others: refused, like every file with a secret", () => {
    settle();
    chmodSync(inside(), 0o644);
    expect(() => settle()).toThrow("is open to other users (mode 0644)");
  });
});

describe("outside of the data directory", () => {
  test("by name, as base64 of 32 bytes of any origin", () => {
    writeFileSync(outside(), `${Buffer.from(systemRandom.bytes(32)).toString("base64")}\n`);
    const { atHand, identity: kept } = settle({ file: outside() });
    expect(atHand?.outside).toBe(true);
    expect(kept.nodeKey).toBe(atHand?.key.fingerprint ?? "none");
    expect(existsSync(inside())).toBe(false);
    expect(warnings).toEqual([]);
  });

  test("as a systemd credential; the flag wins", () => {
    const credentials = join(base, "credentials");
    mkdirSync(credentials);
    const key = NodeKey.make(systemRandom);
    const environment = { CREDENTIALS_DIRECTORY: credentials };
    expect(settle({ environment }).atHand?.outside).toBe(false);
    rmSync(inside());
    writeFileSync(
      join(dataDir, "node.json"),
      readFileSync(join(dataDir, "node.json"), "utf8").replace(/"nodeKey": "\w+"/, '"ignored": 0'),
    );
    writeFileSync(join(credentials, "node.key"), key.render());
    expect(settle({ environment }).atHand?.key.fingerprint).toBe(key.fingerprint);
    writeFileSync(outside(), NodeKey.make(systemRandom).render());
    expect(refusal(() => settle({ environment, file: outside() }))).toContain(outside());
  });

  test("moved there from the directory: the same key goes on; left in both places: a warning", () => {
    const { fingerprint = "" } = settle().atHand?.key ?? {};
    writeFileSync(outside(), readFileSync(inside()));
    expect(settle({ file: outside() }).atHand?.key.fingerprint).toBe(fingerprint);
    expect(warnings).toHaveLength(1);
    rmSync(inside());
    settle({ file: outside() });
    expect(warnings).toEqual([]);
    expect(refusal(settle)).toContain("is missing");
  });

  test("not there: named with its flag", () => {
    expect(refusal(() => settle({ file: outside() }))).toMatch(
      /kept-elsewhere\.key cannot be read: .*\(--node-key-file\)/,
    );
  });
});

describe("root keys in the data directory", () => {
  const pair = generateRootCredentials(systemRandom);
  const secret = pair.secretKey.reveal();
  const sealed = () => join(dataDir, "root-credentials.sealed");
  const show = (nodeKeyFile?: string) => showCredentials({ dataDir, nodeKeyFile }, {});

  test("in the clear while the key lies beside them; sealed when it does not, and nothing in the clear is left", () => {
    const atHand = settle().atHand;
    storeCredentials(dataDir, pair, atHand, systemRandom);
    expect(readStoredCredentials(dataDir, atHand)?.secretKey.reveal()).toBe(secret);
    expect(storedRootCredentials({ dataDir })?.accessKey).toBe(pair.accessKey);
    writeFileSync(outside(), readFileSync(inside()));
    rmSync(inside());
    const away = settle({ file: outside() }).atHand;
    expect(storeCredentials(dataDir, pair, away, systemRandom).source).toBe("sealed");
    expect(existsSync(join(dataDir, "root-credentials.env"))).toBe(false);
    expect(statSync(sealed()).mode & 0o777).toBe(0o600);
    expect(readFileSync(sealed(), "utf8")).not.toContain(secret);
    expect(readStoredCredentials(dataDir, away)?.secretKey.reveal()).toBe(secret);
    const shown = `ELASTICKV_ROOT_ACCESS_KEY=${pair.accessKey}\nELASTICKV_ROOT_SECRET_KEY=${secret}\n`;
    expect(show(outside())).toBe(shown);
    expect(refusal(() => show())).toContain("--node-key-file");
  });

  test("shown also when they lie in the clear; without any the message says so", () => {
    expect(refusal(show)).toContain("keeps no root keys");
    storeRootCredentials({ dataDir }, pair);
    expect(show()).toContain(secret);
  });

  test("another key, or a damaged file, is an error that says what to do", () => {
    writeFileSync(outside(), NodeKey.make(systemRandom).render());
    const away = settle({ file: outside(), member: false }).atHand;
    storeCredentials(dataDir, pair, away, systemRandom);
    writeFileSync(outside(), NodeKey.make(systemRandom).render());
    expect(refusal(() => show(outside()))).toContain("does not open with the node key at hand");
    expect(refusal(() => settle({ file: outside(), member: false }))).toContain("is not the node key");
    // Nothing is sealed to the old one any more: a node alone may have another.
    rmSync(sealed());
    expect(settle({ file: outside(), member: false }).atHand?.outside).toBe(true);
    writeFileSync(sealed(), "{}\n", { mode: 0o600 });
    expect(refusal(() => show(outside()))).toContain(`${sealed()} does not open`);
  });
});
