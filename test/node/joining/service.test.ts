/** Tokens and what they let in: single use, expiry by commit timestamps, names that nobody else may have. */
import { describe, expect, test } from "bun:test";
import type { Member } from "../../../src/cluster/registry/node-registry.ts";
import type { MemberChange } from "../../../src/messages/cluster.ts";
import type { Logger } from "../../../src/monitoring/log.ts";
import { readNewcomers, tokenKey } from "../../../src/node/joining/rows.ts";
import { JoinService } from "../../../src/node/joining/service.ts";
import {
  type CertificateAuthority,
  factsOf,
  isIssuedBy,
  makeAuthority,
  makeRequest,
} from "../../../src/pki/certificates.ts";
import {
  decodeAuthorityAnswer,
  decodeJoinAnswer,
  encodeJoinRequest,
} from "../../../src/pki/join-exchange.ts";
import { type JoinToken, parseJoinToken } from "../../../src/pki/join-token.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { noLog } from "../../support/no-log.ts";
import { Rows } from "../support/rows.ts";

const START_MS = Date.UTC(2026, 10, 29);
const HOUR_MS = 3_600_000;
const member = (name: string, address: string): Member => ({ id: 1, name, address, instance: "aa" });

class World {
  nowMs = START_MS;
  readonly kv = new Rows(() => this.nowMs);
  readonly members: Member[] = [member("n1", "10.0.0.1:9002")];
  readonly removed: Member[] = [];
  readonly changes: MemberChange[] = [];
  readonly secrets: Uint8Array[] = [];
  /** Code of the next refusal of a change. */
  refusal: "NO_LEADER" | "ALREADY_MEMBER" | undefined;
  readonly authority: CertificateAuthority | undefined;
  readonly service: JoinService;

  constructor(authority: CertificateAuthority | undefined, log: Logger = noLog) {
    this.authority = authority;
    this.service = new JoinService({
      kv: this.kv,
      authority: () => this.authority,
      registry: () => ({ members: this.members, removed: this.removed }),
      change: async (change) => {
        if (this.refusal !== undefined) return { kind: "refused", code: this.refusal, message: "no" };
        this.changes.push(change);
        if (change.kind === "add-learner") this.members.push(member(change.name, change.address));
        return { kind: "done", changed: true, configurationIndex: 1 };
      },
      self: "n1",
      secrets: this.secrets,
      clock: { nowMs: () => this.nowMs },
      random: systemRandom,
      log,
    });
  }

  static async make(): Promise<World> {
    return new World(await makeAuthority(START_MS, systemRandom));
  }

  async token(more: { name?: string; replaces?: string } = {}): Promise<JoinToken> {
    return parseJoinToken((await this.service.makeToken({ expiresSeconds: 3_600, ...more })).token);
  }
}

async function joiner() {
  const { request } = await makeRequest();
  return async (world: World, token: JoinToken, more: { name?: string; address?: string } = {}) => {
    const { name, address = "10.0.0.2:9002" } = more;
    const asked = { ask: "join", token: token.id, secret: token.secret, request, name, address } as const;
    return decodeJoinAnswer(await world.service.answer(encodeJoinRequest(asked), "10.0.0.2"));
  };
}

describe("a join token", () => {
  test("lets one node in: learner, certificate, members; its vote is noted, and the secret is not kept", async () => {
    const world = await World.make();
    world.secrets.push(new Uint8Array(32).fill(7));
    const token = await world.token();
    expect(token.addresses).toEqual(["10.0.0.1:9002"]);
    const answer = await (await joiner())(world, token);
    if (!answer.ok) throw new Error(answer.message);
    expect(answer).toMatchObject({ name: "n2", members: "n1=10.0.0.1:9002", secrets: ["07".repeat(32)] });
    expect(factsOf(answer.certificate).name).toBe("n2");
    expect(await isIssuedBy(answer.certificate, world.authority?.certificate ?? "")).toBe(true);
    expect(world.changes).toEqual([{ kind: "add-learner", name: "n2", address: "10.0.0.2:9002" }]);
    expect([...(await readNewcomers(await world.kv.snapshot())).keys()]).toEqual(["n2"]);
    expect(world.kv.content).not.toContain(Buffer.from(token.secret).toString("hex"));
    expect(world.kv.content).not.toContain(Buffer.from(token.secret).toString("base64"));
  });

  test("is used once: the same key may come again, another key never", async () => {
    const world = await World.make();
    const token = await world.token();
    const [first, second] = [await joiner(), await joiner()];
    world.refusal = "NO_LEADER";
    expect(await first(world, token)).toMatchObject({ ok: false, code: "NOT_READY" });
    world.refusal = undefined;
    expect(await second(world, token)).toMatchObject({ ok: false, code: "TOKEN_USED" });
    expect(await first(world, token)).toMatchObject({ ok: true, name: "n2" });
    expect(await first(world, token)).toMatchObject({ ok: true, name: "n2" });
    expect(await first(world, token, { name: "n7" })).toMatchObject({ ok: false, code: "NAME_TAKEN" });
    expect(await second(world, token)).toMatchObject({ ok: false, code: "TOKEN_USED" });
  });

  test("of two nodes at one moment one gets it", async () => {
    const world = await World.make();
    const token = await world.token();
    const [first, second] = [await joiner(), await joiner()];
    const answers = await Promise.all([
      first(world, token),
      second(world, token, { address: "10.0.0.3:9002" }),
    ]);
    expect(answers.map((answer) => (answer.ok ? "in" : answer.code)).toSorted()).toEqual([
      "TOKEN_USED",
      "in",
    ]);
    expect(world.changes.length).toBe(1);
  });

  test("two nodes with two tokens at one moment get two names", async () => {
    const world = await World.make();
    const [one, two] = [await world.token(), await world.token()];
    const [first, second] = [await joiner(), await joiner()];
    const answers = await Promise.all([first(world, one), second(world, two, { address: "10.0.0.3:9002" })]);
    expect(answers.map((answer) => (answer.ok ? answer.name : answer.code)).toSorted()).toEqual(["n2", "n3"]);
    expect([...(await readNewcomers(await world.kv.snapshot())).keys()].toSorted()).toEqual(["n2", "n3"]);
  });

  test("expires by the timestamp of its use, and lets nothing behind then; a use in time may be repeated later", async () => {
    const world = await World.make();
    const [late, used] = [await world.token(), await world.token()];
    const inTime = await joiner();
    world.nowMs += HOUR_MS;
    expect(await inTime(world, used)).toMatchObject({ ok: true });
    world.nowMs += 1;
    const other = { address: "10.0.0.3:9002" };
    expect(await (await joiner())(world, late, other)).toMatchObject({ ok: false, code: "TOKEN_EXPIRED" });
    expect(await inTime(world, used)).toMatchObject({ ok: true });
    expect(world.changes.every((change) => change.kind === "add-learner" && change.name === "n2")).toBe(true);
    expect([...(await readNewcomers(await world.kv.snapshot())).keys()]).toEqual(["n2"]);
    // Old rows go when the next token is made.
    world.nowMs += 2 * HOUR_MS;
    await world.token();
    expect(world.kv.value(tokenKey(late.id))).toBeUndefined();
    expect(await (await joiner())(world, late, other)).toMatchObject({ ok: false, code: "TOKEN_UNKNOWN" });
  });

  test("a wrong secret is answered as a token that nobody made", async () => {
    const world = await World.make();
    const token = await world.token();
    const ask = await joiner();
    const guessed = await ask(world, { ...token, secret: systemRandom.bytes(32) });
    const unknown = await ask(world, { ...token, id: "00".repeat(8) });
    expect(guessed).toEqual(unknown);
    expect(guessed).toMatchObject({ ok: false, code: "TOKEN_UNKNOWN" });
  });
});

describe("names and addresses", () => {
  test("a name is never a member's, a removed member's, a promised one, or the host of another member", async () => {
    const world = await World.make();
    world.members.push(member("n2", "db2.example:9002"));
    world.removed.push(member("n3", "10.0.0.3:9002"));
    await world.token({ name: "n4" });
    const ask = await joiner();
    const token = await world.token();
    for (const name of ["n1", "N2", "n3", "10.0.0.1", "DB2.example"]) {
      expect(await ask(world, token, { name, address: "10.0.0.9:9002" })).toMatchObject({
        code: "NAME_TAKEN",
      });
    }
    for (const address of ["10.0.0.1:9002", "n2:9002"]) {
      expect(await ask(world, token, { address })).toMatchObject({ code: "ADDRESS_TAKEN" });
    }
    // None of these has used the token.
    expect(await ask(world, token, { address: "10.0.0.9:9002" })).toMatchObject({ ok: true, name: "n5" });
    await expect(world.service.makeToken({ expiresSeconds: 60, name: "n1" })).rejects.toMatchObject({
      code: "NAME_TAKEN",
    });
  });

  test("a token of a replacement is for its name, and notes whom the node replaces", async () => {
    const world = await World.make();
    world.members.push(member("n2", "10.0.0.2:9002"));
    const token = await world.token({ name: "n4", replaces: "n2" });
    const ask = await joiner();
    expect(await ask(world, token, { name: "n5", address: "10.0.0.4:9002" })).toMatchObject({
      code: "NAME_TAKEN",
    });
    expect(await ask(world, token, { address: "10.0.0.4:9002" })).toMatchObject({ ok: true, name: "n4" });
    expect((await readNewcomers(await world.kv.snapshot())).get("n4")?.row).toEqual({ replaces: "n2" });
    const nobody = world.service.makeToken({ expiresSeconds: 60, name: "n9", replaces: "n8" });
    await expect(nobody).rejects.toMatchObject({ code: "UNKNOWN_MEMBER" });
  });
});

describe("lines of strangers", () => {
  test("are answered with a code, whatever they are", async () => {
    const world = await World.make();
    const token = await world.token();
    const good = {
      v: 1,
      ask: "join",
      token: token.id,
      secret: "ab".repeat(32),
      request: "x",
      address: "h:1",
    };
    const cases: [unknown, string][] = [
      ["not json", "INVALID"],
      ["[]", "INVALID"],
      ["null", "INVALID"],
      [{}, "VERSION"],
      [{ v: 2, ask: "authority" }, "VERSION"],
      [{ v: 1, ask: "members" }, "INVALID"],
      [{ ...good, secret: "ab" }, "INVALID"],
      [{ ...good, token: "../x" }, "INVALID"],
      [{ ...good, name: "a/b" }, "INVALID"],
      [{ ...good, address: ":9002" }, "INVALID"],
      [{ ...good, address: 5 }, "INVALID"],
      [good, "TOKEN_UNKNOWN"],
      // The certificate request is no request.
      [{ ...good, secret: Buffer.from(token.secret).toString("hex") }, "INVALID"],
    ];
    for (const [line, code] of cases) {
      const answer = await world.service.answer(
        typeof line === "string" ? line : JSON.stringify(line),
        "10.6.6.6",
      );
      expect(JSON.parse(answer)).toMatchObject({ v: 1, ok: false, code });
      expect(answer).not.toContain("n1");
    }
    expect(world.changes).toEqual([]);
  });

  test("the CA certificate is told to anybody, and nothing before it is there", async () => {
    const world = await World.make();
    const line = encodeJoinRequest({ ask: "authority" });
    expect(decodeAuthorityAnswer(await world.service.answer(line, "10.6.6.6"))).toEqual({
      ok: true,
      authority: world.authority?.certificate ?? "",
    });
    const early = new World(undefined);
    expect(JSON.parse(await early.service.answer(line, "10.6.6.6"))).toMatchObject({ code: "NOT_READY" });
    await expect(early.token()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("fill no log: one line for an address and minute, for a few addresses", async () => {
    const lines: unknown[] = [];
    const world = new World(await makeAuthority(START_MS, systemRandom), {
      ...noLog,
      warn: (_, fields) => void lines.push(fields?.["from"]),
    });
    for (let round = 0; round < 3; round++) await world.service.answer("nonsense", "10.6.6.6");
    expect(lines).toEqual(["10.6.6.6"]);
    for (let host = 0; host < 50; host++) await world.service.answer("nonsense", `10.6.7.${host}`);
    expect(lines.length).toBe(16);
    world.nowMs += 60_000;
    await world.service.answer("nonsense", "10.6.6.6");
    expect(lines.length).toBe(17);
  });

  test("tokens are bounded in number", async () => {
    const world = await World.make();
    for (let made = 0; made < 100; made++) await world.token();
    await expect(world.token()).rejects.toMatchObject({ code: "TOO_MANY" });
    world.nowMs += 3 * HOUR_MS;
    await world.token();
  });
});
