import { expect, test } from "bun:test";
import { generateRootCredentials } from "../../src/config/root-credentials.ts";
import { settingKey } from "../../src/kv/keys.ts";
import { agreeOnRootCredentials, sealClearRow } from "../../src/node/root-agreement.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { bucketKey } from "../../src/s3/keys.ts";
import { SealingKey } from "../../src/secrets/sealing-key.ts";
import { Rows } from "./support/rows.ts";

const KEY = settingKey("root-credentials");
const sealing = SealingKey.make(systemRandom);
const pair = () => generateRootCredentials(systemRandom);
const agree = (kv: Rows, mine = pair()) => agreeOnRootCredentials(kv, mine, sealing, systemRandom);
/** As releases before decision 064 wrote it. */
const clear = ({ accessKey, secretKey }: ReturnType<typeof pair>) =>
  new TextEncoder().encode(JSON.stringify({ accessKey, secretKey: secretKey.reveal() }));

test("the first writes its own, sealed; the others take them, and again after a restart", async () => {
  const kv = new Rows();
  const mine = pair();
  expect(await agree(kv, mine)).toBe(mine);
  const theirs = await agree(kv);
  expect([theirs.accessKey, theirs.secretKey.reveal()]).toEqual([mine.accessKey, mine.secretKey.reveal()]);
  expect(await agree(kv, mine)).toBe(mine);
  expect(kv.content).toContain('"sealed":1');
  for (const word of [mine.accessKey, mine.secretKey.reveal()]) expect(kv.content).not.toContain(word);
});

test("two at once: the one that comes second uses the first one's", async () => {
  const kv = new Rows();
  const first = pair();
  kv.beforeWrite.push(() => kv.put(KEY, clear(first)));
  expect((await agree(kv)).accessKey).toBe(first.accessKey);
  expect(kv.refused).toBe(1);
});

test("a row in the clear is read, and sealed by whoever reads it, or by a node that has configured keys", async () => {
  for (const look of [agree, (kv: Rows) => sealClearRow(kv, sealing, systemRandom)]) {
    const kv = new Rows();
    const old = pair();
    kv.put(KEY, clear(old));
    await look(kv);
    expect(kv.content).not.toContain(old.secretKey.reveal());
    expect((await agree(kv)).secretKey.reveal()).toBe(old.secretKey.reveal());
  }
});

test("a row that changes while it is sealed is left as it is", async () => {
  const kv = new Rows();
  const newer = pair();
  kv.put(KEY, clear(pair()));
  kv.beforeWrite.push(() => kv.put(KEY, sealing.seal("root-credentials", clear(newer), systemRandom)));
  await sealClearRow(kv, sealing, systemRandom);
  expect((await agree(kv)).accessKey).toBe(newer.accessKey);
});

test("a row that is none, or does not open, is an error that does not show it, and that a restart does not mend", async () => {
  const kv = new Rows();
  const otherKey = SealingKey.make(systemRandom);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const plain = bytes('{"accessKey":"abc","secretKey":"geheim123"}');
  const moved = sealing.seal("another-name", plain, systemRandom);
  for (const [row, message] of [
    [bytes("{"), "not JSON"],
    [bytes('{"accessKey":"abc"}'), "no secretKey"],
    [otherKey.seal("root-credentials", plain, systemRandom), "sealed with another key"],
    [moved, "does not open"],
  ] as const) {
    kv.put(KEY, row);
    const error = await agree(kv).catch((caught: unknown) => caught);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("geheim");
    expect(error instanceof StartError && error.exitCode).toBe(EXIT.LASTING);
  }
  kv.put(KEY, bytes('{"accessKey":"abc","secretKey":"geheim"}'));
  const error = await agree(kv).catch((caught: unknown) => caught);
  expect(String(error)).toContain("a secret key is 8 to 256");
  expect(String(error)).not.toContain("geheim");
});

test("no bucket's rows come near the settings", () => {
  const setting = Buffer.from(KEY);
  expect(setting.subarray(0, 3)).toEqual(Buffer.from([0x73, 0, 1]));
  for (const name of ["s", "root-credentials", "s\0root-credentials"]) {
    expect(Buffer.from(bucketKey(name)).subarray(0, 3).equals(setting.subarray(0, 3))).toBe(false);
  }
});
