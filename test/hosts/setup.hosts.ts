/** From bare hosts and the package to a cluster of three voters: one command a host, `elastickv setup` or `elastickv join`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Lab } from "./lib/lab.ts";

const lab = new Lab();
const [first, second, third] = lab.hosts;
beforeAll(async () => {
  await lab.boot();
  for (const host of lab.hosts) await lab.unpack(host, lab.packages.first.deb);
}, 300_000);
afterAll(() => lab.powerOff());

const status = async () =>
  JSON.parse(await first!.must("elastickv", "cluster", "status", "--json")) as {
    members: { id: string; role: string; reachable: boolean }[];
  };

test("one command a host makes three voters, and all of them serve a PUT", async () => {
  const begin = performance.now();
  const keys = await lab.form();
  await lab.makeBucket("hosts", keys);
  await lab.s3(first!, "hosts", keys).write("a", "one");
  console.log(`from bare hosts to a served PUT: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  for (const host of lab.hosts) expect(await lab.s3(host, "hosts", keys).file("a").text()).toBe("one");
  const { members } = await status();
  expect(members.map(({ id, reachable }) => [id, reachable])).toEqual([
    ["n1", true],
    ["n2", true],
    ["n3", true],
  ]);
  expect(members.filter(({ role }) => role === "learner")).toEqual([]);
}, 120_000);

test("nobody speaks to a peer port in the clear", async () => {
  const { code, out } = await first!.run(
    "bash",
    "-c",
    `curl -s --max-time 3 http://${second!.address}:9002/`,
  );
  expect([code === 0, out]).toEqual([false, ""]);
});

test("a host that joined comes back after a loss of power", async () => {
  third!.powerOff();
  await third!.boot();
  await lab.healthy();
  expect((await status()).members.every(({ reachable }) => reachable)).toBe(true);
}, 120_000);
