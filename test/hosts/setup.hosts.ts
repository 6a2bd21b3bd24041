/** From bare hosts and the package to a cluster of three voters: one command a host, `elastickv setup` or `elastickv join`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { basename } from "node:path";
import { Lab } from "./lib/lab.ts";

const lab = new Lab();
const [first, second, third] = lab.hosts;
beforeAll(async () => {
  await lab.boot();
  for (const host of lab.hosts) {
    await lab.put(host, lab.packages.first.deb, "/root");
    await host.must("dpkg", "-i", `/root/${basename(lab.packages.first.deb)}`);
  }
}, 300_000);
afterAll(() => lab.powerOff());

const status = async () =>
  JSON.parse(await first!.must("elastickv", "cluster", "status", "--json")) as {
    members: { id: string; role: string; reachable: boolean }[];
  };

test("one command a host makes three voters, and all of them serve a PUT", async () => {
  const begin = performance.now();
  const said = await first!.must("elastickv", "setup", "--node", "n1", "--address", first!.address);
  const lines = said.split("\n").filter((line) => line.includes("elastickv join"));
  expect(lines).toHaveLength(2);
  for (const [index, host] of [second!, third!].entries()) {
    expect(await host.sh(lines[index]!.trim())).toContain("is a voter");
  }
  await lab.healthy();
  const { ACCESS_KEY: accessKeyId, SECRET_KEY: secretAccessKey } = await rootKeys();
  const client = (address: string) =>
    new Bun.S3Client({ endpoint: `http://${address}:9000`, accessKeyId, secretAccessKey, bucket: "hosts" });
  await lab.makeBucket("hosts", { accessKey: accessKeyId, secretKey: secretAccessKey });
  await client(first!.address).write("a", "one");
  console.log(`from bare hosts to a served PUT: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  for (const { address } of lab.hosts) expect(await client(address).file("a").text()).toBe("one");
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

/** The pair that the cluster has made. */
async function rootKeys(): Promise<{ ACCESS_KEY: string; SECRET_KEY: string }> {
  const shown = await first!.must("cat", "/var/lib/elastickv/root-credentials.env");
  const value = (name: string): string => {
    const found = new RegExp(`ELASTICKV_ROOT_${name}=(\\S+)`).exec(shown)?.[1];
    if (found === undefined) throw new Error(`no ${name} in root-credentials.env`);
    return found;
  };
  return { ACCESS_KEY: value("ACCESS_KEY"), SECRET_KEY: value("SECRET_KEY") };
}
