/**
 * The memory watermark under a real systemd: a node that comes above its upper mark is started again, one above its lower mark says so in
 * `systemctl status`. Where the kernel counts memory in cgroups of version 2 the limit is MemoryMax=512M; else it is the machine's, and the marks are numbers.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "./lib/host.ts";
import { Lab } from "./lib/lab.ts";

const MIB = 1 << 20;
const UPLOADS = 16;
const BUCKET = "memory";

const lab = new Lab(1);
const host = lab.hosts[0]!;
beforeAll(async () => {
  await lab.boot();
  await lab.install(lab.packages.first);
  await lab.makeBucket(BUCKET);
}, 300_000);
afterAll(() => lab.powerOff());

const property = async (name: string): Promise<string> =>
  (await host.must("systemctl", "show", "--value", "-p", name, "elastickv")).trim();
const journal = (): Promise<string> => host.must("journalctl", "-q", "-o", "cat", "-u", "elastickv");

/** Settings of the service in a drop-in, in force after a restart. */
async function restartWith(variables: Readonly<Record<string, string>>): Promise<void> {
  const lines = ["[Service]", "MemoryMax=512M"];
  for (const [name, value] of Object.entries(variables)) lines.push(`Environment=ELASTICKV_${name}=${value}`);
  const folder = "/etc/systemd/system/elastickv.service.d";
  await host.sh(`mkdir -p ${folder} && echo '${lines.join("\n")}' >${folder}/memory.conf`);
  await host.must("systemctl", "daemon-reload");
  await host.must("systemctl", "restart", "elastickv");
  await lab.healthy();
}

test("MemoryMax= from a drop-in is the limit that the node sees, where the kernel counts memory", async () => {
  await restartWith({});
  expect(await property("MemoryMax")).toBe(String(512 * MIB));
  const watched = (await journal()).split("\n").findLast((line) => line.includes("memory watermarks")) ?? "";
  const counts = (await host.must("cat", "/sys/fs/cgroup/cgroup.controllers")).includes("memory");
  console.log(`the kernel ${counts ? "counts" : "does not count"} memory for the service: ${watched}`);
  expect(watched.includes(`limitBytes=${512 * MIB}`)).toBe(counts);
}, 60_000);

test("above the lower mark it refuses uploads, serves reads, and systemctl status says so", async () => {
  await lab.s3(host, BUCKET).write("read", "me");
  await restartWith({ MEMORY_WATERMARK: "16MiB", MEMORY_EXIT_WATERMARK: "off" });
  expect(await property("StatusText")).toMatch(
    /^serves S3 on .*; short of memory \(\d+ of \d+ MiB\): new uploads are refused$/,
  );
  expect([await property("ActiveState"), await property("SubState")]).toEqual(["active", "running"]);
  const refusal = await lab
    .s3(host, BUCKET)
    .write("refused", "x")
    .catch(({ code }: { code?: string }) => code);
  expect(refusal).toBe("SlowDown");
  expect(await lab.s3(host, BUCKET).file("read").text()).toBe("me");
}, 60_000);

test("above the upper mark it stops in order and systemd starts it again; what was acknowledged is there", async () => {
  await restartWith({ MEMORY_WATERMARK: "off", MEMORY_EXIT_WATERMARK: "120MiB" });
  const before = Number(await property("NRestarts"));
  const pid = await property("MainPID");
  const client = lab.s3(host, BUCKET);
  const body = new Uint8Array(8 * MIB).fill(7);
  const stored: string[] = [];
  let restarted = false;
  const load = Promise.all(
    Array.from({ length: UPLOADS }, async (_, worker) => {
      for (let i = 0; !restarted; i++) {
        const key = `${worker}-${i % 8}`;
        // The service is away for a moment: what was not acknowledged is not counted.
        const taken = await client.write(key, body).catch(() => undefined);
        if (taken === body.length) stored.push(key);
        else await Bun.sleep(200);
      }
    }),
  );
  const begin = performance.now();
  await eventually(
    "systemd to start it again",
    async () => (Number(await property("NRestarts")) > before ? true : undefined),
    180_000,
  );
  await lab.healthy();
  restarted = true;
  await load;
  console.log(
    `started again after ${((performance.now() - begin) / 1000).toFixed(0)} s, ${stored.length} uploads acknowledged`,
  );
  expect(await property("MainPID")).not.toBe(pid);
  expect(await property("ActiveState")).toBe("active");
  const lines = (await journal()).split("\n");
  const stopped = lines.findLastIndex((line) => line.includes("this node stops, to be started again"));
  const ended = lines.findIndex(
    (line, index) => index > stopped && line.startsWith("elastickv: out of memory"),
  );
  const served = lines.findIndex((line, index) => index > ended && line.includes("msg=serving"));
  expect([stopped >= 0, ended > stopped, served > ended]).toEqual([true, true, true]);
  for (const key of new Set(stored)) expect(await client.file(key).bytes()).toEqual(body);
}, 300_000);
