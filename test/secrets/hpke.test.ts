/** RFC 9180, and what it promises: nothing opens for another key, in another place, or changed. */
import { expect, test } from "bun:test";
import { systemRandom } from "../../src/platform/random.ts";
import {
  AES_128_GCM,
  OpenError,
  openWith,
  type Purpose,
  publicKeyOf,
  sealTo,
} from "../../src/secrets/hpke.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0. */
const A1 = {
  info: Buffer.from("4f6465206f6e2061204772656369616e2055726e", "hex").toString(),
  ephemeral: hex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"),
  recipient: hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
  recipientPrivate: hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
  enc: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
  plaintext: hex("4265617574792069732074727574682c20747275746820626561757479"),
  aad: Buffer.from("436f756e742d30", "hex").toString(),
  ciphertext: "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
};

test("the numbers of RFC 9180, appendix A.1.1", () => {
  const purpose: Purpose = { info: A1.info, aad: A1.aad, aead: AES_128_GCM };
  expect(toHex(publicKeyOf(A1.recipientPrivate))).toBe(toHex(A1.recipient));
  const sealed = sealTo(A1.recipient, A1.plaintext, A1.ephemeral, purpose);
  expect([toHex(sealed.enc), toHex(sealed.ciphertext)]).toEqual([A1.enc, A1.ciphertext]);
  expect(toHex(openWith(A1.recipientPrivate, sealed, purpose))).toBe(toHex(A1.plaintext));
});

const PURPOSE: Purpose = { info: "test", aad: "here" };
const random = (bytes: number) => systemRandom.bytes(bytes);

test("what is sealed opens for the recipient, at the same place, unchanged, and for nothing else", () => {
  const mine = random(32);
  const sealed = sealTo(publicKeyOf(mine), A1.plaintext, random(32), PURPOSE);
  expect(toHex(openWith(mine, sealed, PURPOSE))).toBe(toHex(A1.plaintext));
  expect(() => openWith(random(32), sealed, PURPOSE)).toThrow(OpenError);
  expect(() => openWith(mine, sealed, { ...PURPOSE, aad: "there" })).toThrow(OpenError);
  expect(() => openWith(mine, sealed, { ...PURPOSE, info: "other" })).toThrow(OpenError);
  for (const part of ["enc", "ciphertext"] as const) {
    for (let at = 0; at < sealed[part].length; at++) {
      const bytes = Uint8Array.from(sealed[part]);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(() => openWith(mine, { ...sealed, [part]: bytes }, PURPOSE)).toThrow(OpenError);
    }
  }
  for (const length of [0, 15, 16]) {
    const ciphertext = sealed.ciphertext.subarray(0, length);
    expect(() => openWith(mine, { ...sealed, ciphertext }, PURPOSE)).toThrow(OpenError);
  }
});

test("a public key whose shared secret everybody knows is refused on either side", () => {
  // Points of small order: RFC 7748, section 6.1, asks for the check.
  for (const low of ["00".repeat(32), `01${"00".repeat(31)}`, `ecff${"ff".repeat(29)}7f`]) {
    expect(() => sealTo(hex(low), A1.plaintext, random(32), PURPOSE)).toThrow(OpenError);
    expect(() => openWith(random(32), { enc: hex(low), ciphertext: random(48) }, PURPOSE)).toThrow(OpenError);
  }
});
