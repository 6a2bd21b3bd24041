/**
 * Random operations on a few keys against a simple model: every answer, and the whole list of versions, must be what the
 * model says. The model keeps the versions of each key in one array, the newest first
 * (user guide, "How S3 Versioning works": docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html).
 */
import { expect, test } from "bun:test";
import { seeded } from "../support/seeded.ts";
import { type State, type Versions, versionedBucket } from "./fixture.ts";

interface ModelVersion {
  readonly id: string;
  /** Undefined: a delete marker. */
  readonly body: string | undefined;
}

class Model {
  state: State | "off" = "off";
  readonly keys = new Map<string, ModelVersion[]>();

  versions(key: string): ModelVersion[] {
    return this.keys.get(key) ?? [];
  }

  #set(key: string, versions: ModelVersion[]): void {
    if (versions.length === 0) this.keys.delete(key);
    else this.keys.set(key, versions);
  }

  put(key: string, id: string | undefined, body: string | undefined): void {
    const kept = this.state === "Enabled" ? this.versions(key) : this.#others(key, "null");
    this.#set(key, [{ id: id ?? "null", body }, ...kept]);
  }

  #others(key: string, id: string): ModelVersion[] {
    return this.versions(key).filter((version) => version.id !== id);
  }

  delete(key: string, marker: string | undefined): void {
    if (this.state === "off") this.#set(key, this.#others(key, "null"));
    else this.put(key, marker, undefined);
  }

  deleteVersion(key: string, id: string): void {
    this.#set(key, this.#others(key, id));
  }

  list(): string[] {
    return [...this.keys.keys()].sort().flatMap((key) =>
      this.versions(key).map(({ id, body }, i) => {
        const kind = body === undefined ? "DeleteMarker" : "Version";
        return `${kind} ${key} ${id} ${i === 0}`;
      }),
    );
  }
}

const KEYS = ["a", "a/1", "a/2", "b"];

async function run(seed: number, steps: number): Promise<void> {
  const { int, pick } = seeded(seed);
  const random = (): number => int(1_000_000) / 1_000_000;
  const v = await versionedBucket("off");
  const model = new Model();
  let bodies = 0;
  for (let step = 0; step < steps; step++) {
    const key = pick(KEYS);
    const known = model.versions(key);
    const id = known.length > 0 && random() < 0.9 ? pick(known).id : "f".repeat(48);
    const what = random();
    if (model.state !== "off" ? what < 0.02 : step > steps / 10 && what < 0.05) {
      const state = model.state === "Enabled" ? "Suspended" : "Enabled";
      await v.set(state);
      model.state = state;
    } else if (what < 0.3) {
      const body = `body ${bodies++}`;
      model.put(key, await v.put(key, body), body);
    } else if (what < 0.4) {
      model.delete(key, await v.mark(key));
    } else if (what < 0.55) {
      if (model.state === "off") continue;
      const answer = await v.call("DELETE", `/bucket/${key}?versionId=${id}`);
      const isMarker = known.some((version) => version.id === id && version.body === undefined);
      expect([answer.status, answer.headers.get("x-amz-version-id")]).toEqual([204, id]);
      expect(answer.headers.get("x-amz-delete-marker")).toBe(isMarker ? "true" : undefined);
      model.deleteVersion(key, id);
    } else if (what < 0.65) {
      await deleteSome(v, model, pick, random);
    } else if (what < 0.72) {
      await copy(v, model, key, pick(KEYS), id);
    } else {
      await read(v, model, key, id);
    }
    if (step % 5 === 0) await check(v, model, pick);
  }
  await check(v, model, pick);
  for (const key of model.keys.keys()) {
    for (const { id } of model.versions(key)) await v.call("DELETE", `/bucket/${key}?versionId=${id}`);
  }
  expect(await v.list()).toEqual([]);
  expect((await v.call("DELETE", "/bucket")).status).toBe(204);
  expect(v.h.errors).toEqual([]);
}

type Pick = <T>(list: readonly T[]) => T;

async function read(v: Versions, model: Model, key: string, id: string): Promise<void> {
  const [current] = model.versions(key);
  const plain = await v.call("GET", `/bucket/${key}`);
  expect([plain.status, plain.status === 200 ? plain.text : undefined]).toEqual(
    current?.body === undefined ? [404, undefined] : [200, current.body],
  );
  const isMarker = current !== undefined && current.body === undefined;
  expect(plain.headers.get("x-amz-delete-marker")).toBe(isMarker ? "true" : undefined);
  expect(plain.headers.get("x-amz-version-id")).toBe(model.state === "off" ? undefined : current?.id);
  if (model.state === "off") return;
  const named = await v.call("GET", `/bucket/${key}?versionId=${id}`);
  const version = model.versions(key).find((one) => one.id === id);
  if (version === undefined) expect([named.status, named.tag("Code")]).toEqual([404, "NoSuchVersion"]);
  else if (version.body === undefined)
    expect([named.status, named.tag("Code")]).toEqual([405, "MethodNotAllowed"]);
  else expect([named.status, named.text]).toEqual([200, version.body]);
}

async function copy(v: Versions, model: Model, from: string, to: string, id: string): Promise<void> {
  const version = model.versions(from).find((one) => one.id === id);
  if (model.state === "off" || version?.body === undefined) return;
  const headers = { "x-amz-copy-source": `/bucket/${from}?versionId=${id}` };
  const answer = await v.call("PUT", `/bucket/${to}`, { headers });
  expect([answer.status, answer.headers.get("x-amz-copy-source-version-id")]).toEqual([200, id]);
  model.put(to, answer.headers.get("x-amz-version-id"), version.body);
}

async function deleteSome(v: Versions, model: Model, pick: Pick, random: () => number): Promise<void> {
  const targets = new Map<string, { key: string; id: string | undefined }>();
  for (let i = 0; i < 6; i++) {
    const key = pick(KEYS);
    const known = model.versions(key);
    const named = model.state !== "off" && known.length > 0 && random() < 0.7;
    const id = named ? pick(known).id : undefined;
    targets.set(`${key} ${id}`, { key, id });
  }
  const objects = [...targets.values()].map(
    ({ key, id }) =>
      `<Object><Key>${key}</Key>${id === undefined ? "" : `<VersionId>${id}</VersionId>`}</Object>`,
  );
  const body = `<Delete>${objects.join("")}</Delete>`;
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
  const answer = await v.call("POST", "/bucket?delete", { body, headers: { "Content-MD5": md5 } });
  expect([answer.status, answer.tags("Error")]).toEqual([200, []]);
  for (const { key, id } of targets.values()) if (id !== undefined) model.deleteVersion(key, id);
  const deleted = [...answer.text.matchAll(/<Deleted>(.*?)<\/Deleted>/g)].map(([, inner = ""]) => inner);
  for (const { key, id } of targets.values()) {
    if (id !== undefined) continue;
    const own = deleted.find((one) => one.includes(`<Key>${key}</Key>`) && !one.includes("<VersionId>"));
    model.delete(key, /<DeleteMarkerVersionId>([^<]*)</.exec(own ?? "")?.[1]);
  }
}

/** The whole list, and the list in pages of a random size; and the list of current objects. */
async function check(v: Versions, model: Model, pick: Pick): Promise<void> {
  const lines = (list: Awaited<ReturnType<Versions["list"]>>): string[] =>
    list.map(({ kind, key, versionId, isLatest }) => `${kind} ${key} ${versionId} ${isLatest}`);
  const expected = model.list();
  expect(lines(await v.list())).toEqual(expected);
  const size = pick([1, 2, 3, 5]);
  const paged: string[] = [];
  let marker = "";
  for (;;) {
    const answer = await v.call("GET", `/bucket?versions&max-keys=${size}${marker}`);
    paged.push(...lines(await v.list(`&max-keys=${size}${marker}`)));
    if (answer.tag("IsTruncated") !== "true") break;
    marker = `&key-marker=${encodeURIComponent(answer.tag("NextKeyMarker") ?? "")}&version-id-marker=${answer.tag("NextVersionIdMarker")}`;
  }
  expect(paged).toEqual(expected);
  const current = [...model.keys.keys()].sort().filter((key) => model.versions(key)[0]?.body !== undefined);
  expect((await v.call("GET", "/bucket?list-type=2")).tags("Key")).toEqual(current);
}

test.each([1, 2, 3, 4])(
  "a thousand random operations, seed %i",
  async (seed) => {
    await run(seed, 1000);
  },
  120_000,
);
