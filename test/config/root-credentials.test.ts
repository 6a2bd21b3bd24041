import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../src/config/config.ts";
import {
  configuredRootCredentials,
  generateRootCredentials,
  ROOT_CREDENTIALS_FILE,
  type RootCredentials,
  storedRootCredentials,
  storeRootCredentials,
} from "../../src/config/root-credentials.ts";
import { Secret } from "../../src/config/secret.ts";
import { systemRandom } from "../../src/platform/random.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "elastickv-credentials-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

interface Given {
  readonly access?: string;
  readonly secret?: string;
  readonly accessFile?: string;
  readonly secretFile?: string;
}

/** As a node alone does it at its start. */
function load(given: Given = {}): RootCredentials {
  const configured = configuredRootCredentials({
    dataDir,
    rootAccessKey: given.access === undefined ? undefined : new Secret(given.access),
    rootSecretKey: given.secret === undefined ? undefined : new Secret(given.secret),
    rootAccessKeyFile: given.accessFile,
    rootSecretKeyFile: given.secretFile,
  });
  const known = configured ?? storedRootCredentials({ dataDir });
  if (known !== undefined) return known;
  const made = generateRootCredentials(systemRandom);
  storeRootCredentials({ dataDir }, made);
  return made;
}

const path = () => join(dataDir, ROOT_CREDENTIALS_FILE);

function write(content: string, mode = 0o600): void {
  writeFileSync(path(), content, { mode });
  chmodSync(path(), mode);
}

function failure(given: Given = {}): string {
  try {
    load(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).exitCode).toBe(2);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

describe("first start", () => {
  test("makes keys, keeps them with mode 0600, and finds them again", () => {
    const made = load();
    expect(made.source).toBe("generated");
    expect(made.accessKey).toMatch(/^[A-Z2-7]{20}$/);
    expect(made.secretKey.reveal()).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    const again = load();
    expect(again.source).toBe("data-directory");
    expect(again.accessKey).toBe(made.accessKey);
    expect(again.secretKey.reveal()).toBe(made.secretKey.reveal());
  });

  test("two nodes have different keys", () => {
    const first = load();
    rmSync(path());
    expect(load().secretKey.reveal()).not.toBe(first.secretKey.reveal());
  });

  test("a temporary file left by a crash is in nobody's way, nor is its content taken", () => {
    writeFileSync(`${path()}.new`, "half a fi");
    expect(load().source).toBe("generated");
    expect(existsSync(`${path()}.new`)).toBe(false);
  });

  test("a data directory that is not there is named", () => {
    rmSync(dataDir, { recursive: true });
    expect(() => load()).toThrow(`${path()}: cannot write`);
  });
});

describe("from the environment", () => {
  test("wins over the file and leaves it alone", () => {
    const made = load();
    const before = readFileSync(path(), "utf8");
    const chosen = load({ access: "operator", secret: "correct-horse" });
    expect(chosen).toMatchObject({ accessKey: "operator", source: "environment" });
    expect(readFileSync(path(), "utf8")).toBe(before);
    expect(load().accessKey).toBe(made.accessKey);
  });

  test("writes nothing", () => {
    load({ access: "operator", secret: "correct-horse" });
    expect(existsSync(path())).toBe(false);
  });

  test.each([
    [{ access: "operator" }, "ELASTICKV_ROOT_ACCESS_KEY is set but ELASTICKV_ROOT_SECRET_KEY is not"],
    [{ secret: "correct-horse" }, "ELASTICKV_ROOT_SECRET_KEY is set but ELASTICKV_ROOT_ACCESS_KEY is not"],
    [{ access: "ab", secret: "correct-horse" }, "ELASTICKV_ROOT_ACCESS_KEY: an access key is 3 to 128"],
    [{ access: "a/b/c", secret: "correct-horse" }, "ELASTICKV_ROOT_ACCESS_KEY: an access key is 3 to 128"],
    [{ access: "operator", secret: "short" }, "ELASTICKV_ROOT_SECRET_KEY: a secret key is 8 to 256"],
    [{ access: "operator", secret: "has a blank" }, "ELASTICKV_ROOT_SECRET_KEY: a secret key is 8 to 256"],
    [{ access: "operator", secret: "correct-horse", accessFile: "/x" }, "are both set"],
  ])("%j is refused", (given, message) => {
    const text = failure(given);
    expect(text).toContain(message);
    expect(text).not.toContain("has a blank");
  });
});

describe("from secret files", () => {
  test("are read without their last line end", () => {
    const accessFile = join(dataDir, "access");
    const secretFile = join(dataDir, "secret");
    writeFileSync(accessFile, "operator\n");
    writeFileSync(secretFile, "correct-horse\r\n");
    const { accessKey, secretKey, source } = load({ accessFile, secretFile });
    expect([accessKey, secretKey.reveal(), source]).toEqual(["operator", "correct-horse", "secret-files"]);
  });

  test("one that is missing is named", () =>
    expect(failure({ access: "operator", secretFile: "/no/such/file" })).toContain(
      "ELASTICKV_ROOT_SECRET_KEY_FILE: cannot read /no/such/file",
    ));
});

describe("the file in the data directory", () => {
  const good = "ELASTICKV_ROOT_ACCESS_KEY=operator\nELASTICKV_ROOT_SECRET_KEY=correct-horse\n";

  test("may be edited by hand", () => {
    write(`# ours\n\n${good}`);
    expect(load()).toMatchObject({ accessKey: "operator", source: "data-directory" });
  });

  test.each([0o640, 0o604, 0o644, 0o620, 0o660])("is refused when others can open it (mode %o)", (mode) => {
    write(good, mode);
    const message = failure();
    expect(message).toContain(`${path()} is open to other users (mode 0${mode.toString(8)})`);
    expect(message).toContain("chmod 600");
  });

  test.each([
    ["empty", ""],
    ["zeroed", "\0".repeat(120)],
    ["cut in the first line", good.slice(0, 20)],
    ["cut after the first line", good.slice(0, good.indexOf("\n") + 1)],
    ["doubled", good + good],
    ["foreign", "{}\n"],
    ["with another line", `${good}EXTRA=1\n`],
  ])("is refused when %s", (_, content) => {
    write(content);
    expect(failure()).toContain(`${path()} is damaged`);
    expect(readFileSync(path(), "utf8")).toBe(content);
  });

  test("is refused when its secret was cut short", () => {
    write(good.slice(0, good.lastIndexOf("=") + 4));
    expect(failure()).toContain(`${path()}: ELASTICKV_ROOT_SECRET_KEY: a secret key is 8 to 256`);
  });

  test("is refused when it is a link or a directory", () => {
    const elsewhere = join(dataDir, "elsewhere");
    writeFileSync(elsewhere, good, { mode: 0o600 });
    symlinkSync(elsewhere, path());
    expect(failure()).toContain(`${path()}: cannot open`);
  });
});
