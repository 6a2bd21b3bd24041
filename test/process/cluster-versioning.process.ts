/** Versions of three real nodes: writers of few keys at every gateway, a node killed and restarted, nothing acknowledged lost. */
import { expect, test } from "bun:test";
import { waitFor, withCluster } from "./lib/cluster.ts";
import type { S3Client } from "./lib/s3-client.ts";

const ENABLED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const KEYS = ["one", "two"];
const NAMES = ["n1", "n2", "n3"];

async function listed(client: S3Client, key: string): Promise<string[]> {
  const ids: string[] = [];
  let marker: (readonly [string, string])[] = [];
  for (;;) {
    const query = [["versions", ""], ["prefix", key], ["max-keys", "50"], ...marker] as const;
    const answer = await client.call("GET", "bucket", { query });
    expect(answer.status).toBe(200);
    const text = answer.body.toString("utf8");
    ids.push(
      ...[...text.matchAll(/<Version><Key>[^<]*<\/Key><VersionId>([^<]*)</g)].map((match) => match[1] ?? ""),
    );
    const next = /<NextVersionIdMarker>([^<]*)</.exec(text)?.[1];
    if (next === undefined) return ids;
    marker = [
      ["key-marker", key],
      ["version-id-marker", next],
    ];
  }
}

test("every acknowledged version is kept, at every node, while a node dies", async () => {
  await withCluster({}, async (cluster) => {
    const clients = new Map(NAMES.map((name) => [name, cluster.client(name)]));
    const client = (name: string): S3Client => clients.get(name) as S3Client;
    expect((await client("n1").call("PUT", "bucket")).status).toBe(200);
    for (const key of KEYS) await client("n1").call("PUT", `bucket/${key}`, { body: "the version null" });
    // 503 until this node has met every other.
    const enable = async (): Promise<boolean> =>
      (await client("n1").call("PUT", "bucket", { query: [["versioning", ""]], body: ENABLED })).status ===
      200;
    await waitFor(enable, 30_000, "open for versions");
    const acknowledged = new Map<string, { readonly key: string; readonly body: string }>();
    let stopped = false;
    const writer = async (name: string, number: number): Promise<void> => {
      for (let i = 0; !stopped; i++) {
        const key = KEYS[i % KEYS.length] ?? "";
        const body = `${name} ${number} ${i}`;
        try {
          const answer = await client(name).call("PUT", `bucket/${key}`, { body, timeoutMs: 10_000 });
          const id = answer.headers["x-amz-version-id"];
          if (answer.status === 200) acknowledged.set(String(id), { key, body });
        } catch {
          await Bun.sleep(50);
        }
      }
    };
    const writers = NAMES.flatMap((name) => [0, 1].map((number) => writer(name, number)));
    await waitFor(() => acknowledged.size > 60, 60_000, "written");
    await cluster.kill("n3");
    const before = acknowledged.size;
    await waitFor(() => acknowledged.size > before + 60, 60_000, "written without n3");
    await cluster.start("n3");
    const again = acknowledged.size;
    await waitFor(() => acknowledged.size > again + 60, 60_000, "written with n3");
    stopped = true;
    await Promise.all(writers);
    for (const name of NAMES) {
      for (const key of KEYS) {
        const ids = await listed(client(name), key);
        expect(ids.at(-1)).toBe("null");
        // A write whose answer was lost may be there too.
        const known = new Set(ids);
        for (const [id, write] of acknowledged) if (write.key === key) expect(known.has(id)).toBe(true);
        expect(ids.slice(0, -1)).toEqual(ids.slice(0, -1).toSorted());
      }
    }
    for (const [id, { body, key }] of acknowledged) {
      const answer = await client("n3").call("GET", `bucket/${key}`, { query: [["versionId", id]] });
      expect([answer.status, answer.body.toString("utf8")]).toEqual([200, body]);
    }
  });
});

/** A compiled binary of a release before versions. */
const OLD_BINARY = process.env["ELASTICKV_TEST_OLD_BINARY"] ?? "";

test.skipIf(OLD_BINARY === "")(
  "a member of the release before keeps versioning away; one that comes back later can overwrite no version",
  async () => {
    await withCluster({ own: { n3: { command: [OLD_BINARY] } } }, async (cluster) => {
      const [one, three] = [cluster.client("n1"), cluster.client("n3")];
      await one.expect(200, "PUT", "bucket");
      await three.expect(200, "PUT", "bucket/key", { body: "the version null" });
      const enable = async (): Promise<number> =>
        (await one.call("PUT", "bucket", { query: [["versioning", ""]], body: ENABLED })).status;
      expect(await enable()).toBe(503);
      // The old node is upgraded.
      cluster.own.delete("n3");
      expect(await cluster.stop("n3")).toBe(0);
      await cluster.start("n3");
      await waitFor(async () => (await enable()) === 200, 30_000, "open for versions");
      const first = await one.call("PUT", "bucket/key", { body: "first" });
      const second = await cluster.client("n3").call("PUT", "bucket/key", { body: "second" });
      expect([first.status, second.status]).toEqual([200, 200]);
      // Somebody starts the older release again: it reads, applies every entry, and writes nothing here.
      cluster.own.set("n3", { command: [OLD_BINARY] });
      expect(await cluster.stop("n3")).toBe(0);
      await cluster.start("n3");
      const old = cluster.client("n3");
      expect((await old.call("GET", "bucket/key")).body.toString("utf8")).toBe("second");
      expect((await old.call("PUT", "bucket/key", { body: "overwritten" })).status).toBe(503);
      expect((await old.call("DELETE", "bucket/key")).status).toBe(503);
      expect((await old.call("DELETE", "bucket")).status).toBe(404);
      const third = await one.call("PUT", "bucket/key", { body: "third" });
      expect(third.status).toBe(200);
      await waitFor(
        async () => (await old.call("GET", "bucket/key")).body.toString("utf8") === "third",
        30_000,
        "read at the older node",
      );
      const ids = [third, second, first].map(({ headers }) => String(headers["x-amz-version-id"]));
      expect(await listed(one, "key")).toEqual([...ids, "null"]);
    });
  },
);
