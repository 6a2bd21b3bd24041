/**
 * Writers of one key at once: userguide/versioning-workflows.html and API_PutObject.html, "if Amazon S3 receives multiple
 * write requests for the same object simultaneously, it stores all versions".
 */
import { expect, test } from "bun:test";
import { versionedBucket } from "./fixture.ts";

test("forty writers at two gateways: every version is kept, under the id of its answer", async () => {
  const v = await versionedBucket();
  const gateways = [v.call, v.another()];
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const answer = await (gateways[i % 2] ?? v.call)("PUT", "/bucket/key", { body: `body ${i}` });
      expect(answer.status).toBe(200);
      return answer.headers.get("x-amz-version-id") ?? "";
    }),
  );
  const listed = await v.list();
  expect(listed.map(({ versionId }) => versionId).toSorted()).toEqual(answers.toSorted());
  expect(listed.filter(({ isLatest }) => isLatest)).toHaveLength(1);
  for (const [i, id] of answers.entries()) {
    expect((await v.call("GET", `/bucket/key?versionId=${id}`)).text).toBe(`body ${i}`);
  }
});

test("writers, deleters and removers of one key at two gateways leave what their answers say", async () => {
  const v = await versionedBucket();
  const gateways = [v.call, v.another()];
  const known: string[] = [];
  for (let i = 0; i < 10; i++) known.push((await v.put("key", `old ${i}`)) ?? "");
  const made: string[] = [];
  await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const at = gateways[i % 2] ?? v.call;
      if (i % 3 === 2) {
        const answer = await at("DELETE", `/bucket/key?versionId=${known[(i - 2) / 3]}`);
        expect(answer.status).toBe(204);
        return;
      }
      const answer =
        i % 3 === 0 ? await at("PUT", "/bucket/key", { body: `${i}` }) : await at("DELETE", "/bucket/key");
      expect(answer.status).toBeLessThan(300);
      made.push(answer.headers.get("x-amz-version-id") ?? "");
    }),
  );
  const listed = await v.list();
  expect(listed.map(({ versionId }) => versionId).toSorted()).toEqual(made.toSorted());
  expect(listed.map(({ isLatest }) => isLatest)).toEqual(listed.map((_, i) => i === 0));
  // The order of the list is the order in which a removal of the current version makes the others current.
  for (const { versionId, kind } of listed) {
    const current = await v.call("HEAD", "/bucket/key");
    expect([current.status, current.headers.get("x-amz-version-id")]).toEqual([
      kind === "Version" ? 200 : 404,
      versionId,
    ]);
    await v.call("DELETE", `/bucket/key?versionId=${versionId}`);
  }
  expect(v.h.kv.rows(Buffer.from("v\0\u0001"))).toEqual([]);
});

test("of many conditional creations exactly one succeeds, also over a delete marker", async () => {
  const v = await versionedBucket();
  await v.mark("key");
  const gateways = [v.call, v.another()];
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const headers = { "If-None-Match": "*" };
      return (await (gateways[i % 2] ?? v.call)("PUT", "/bucket/key", { body: `${i}`, headers })).status;
    }),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(new Set(statuses)).toEqual(new Set([200, 412]));
});

test("versioning is enabled and suspended while writers write: no version that was answered with an id is lost", async () => {
  const v = await versionedBucket("off");
  const gateways = [v.call, v.another()];
  const ids: string[] = [];
  const writers = Array.from({ length: 4 }, async (_, w) => {
    for (let i = 0; i < 30; i++) {
      const answer = await (gateways[w % 2] ?? v.call)("PUT", "/bucket/key", { body: `${w} ${i}` });
      expect(answer.status).toBe(200);
      const id = answer.headers.get("x-amz-version-id");
      if (id !== undefined) ids.push(id);
    }
  });
  const switching = (async (): Promise<void> => {
    for (let i = 0; i < 15; i++) {
      await v.set(i % 2 === 0 ? "Enabled" : "Suspended");
      await Bun.sleep(2);
    }
  })();
  await Promise.all([...writers, switching]);
  const listed = (await v.list()).map(({ versionId }) => versionId);
  expect(ids.length).toBeGreaterThan(0);
  expect(listed.filter((id) => id !== "null").toSorted()).toEqual(ids.toSorted());
  expect(listed.filter((id) => id === "null").length).toBeLessThanOrEqual(1);
});
