/**
 * scripts/rolling-update.sh on three hosts, with clients at work: updates forth and back that no client notices, and updates that fail. Each
 * failure ends with what the hosts ran before, or goes on with --resume.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/run.ts";
import { RUN } from "./lib/host.ts";
import { Lab } from "./lib/lab.ts";
import { Load, loadReport } from "./lib/load.ts";
import { commandTo } from "./lib/rolling-update.ts";

const lab = new Lab();
const { first, second, crashing, silent } = lab.packages;
beforeAll(async () => {
  await lab.boot();
  await lab.install(first);
  await lab.makeBucket("hosts");
  await lab.s3(lab.hosts[0]!, "hosts").write("kept", "from before all updates");
}, 300_000);
afterAll(() => lab.powerOff());

const versions = () => Promise.all(lab.hosts.map((host) => host.running()));
const all = (name: string) => lab.hosts.map(() => name);

/** Service and data are intact, and nobody holds a lock. */
async function intact(version: string): Promise<void> {
  expect(await versions()).toEqual(all(version));
  await lab.healthy();
  for (const host of lab.hosts) {
    expect(await lab.s3(host, "hosts").file("kept").text()).toBe("from before all updates");
    expect((await host.run("test", "-e", "/var/lib/elastickv-update/lock")).code).toBe(1);
  }
}

const isLong = process.env["ELASTICKV_HOST_TEST_LONG"] === "1";
const MIB = 1024 * 1024;

/**
 * @param rounds updates, each to the release that does not run
 * @param largeBytes size of the objects that are in flight: a host that drains waits for them
 */
async function updatesUnderLoad(rounds: number, largeBytes: number): Promise<void> {
  const load = await Load.start(lab, largeBytes);
  const begin = Date.now() / 1000;
  const [running] = await versions();
  const [now, next] = running === first.name ? [first, second] : [second, first];
  for (let round = 0; round < rounds; round++) {
    const { deb, name } = round % 2 === 0 ? next : now;
    // Three hosts, a balancer and three clients share two cores: a large object may take minutes.
    const { code, err } = await lab.update([deb], { DRAIN_TIMEOUT_SECONDS: "600" });
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    expect(await versions()).toEqual(all(name));
    console.log(`update ${round + 1} of ${rounds} is over after ${(Date.now() / 1000 - begin).toFixed(0)} s`);
  }
  const end = Date.now() / 1000;
  const result = await load.stop();
  const what = `${rounds} updates in ${(end - begin).toFixed(0)} s, large objects of ${largeBytes / MIB} MiB`;
  console.log(loadReport(what, result));
  expect(result.errors).toEqual([]);
  const clients = Object.values(result.clients);
  for (const { operations } of clients) expect(operations).toBeGreaterThan(20);
  for (const kind of ["uploads", "downloads"] as const) {
    const during = clients.flatMap((client) => client[kind]).filter(([from, to]) => from < end && to > begin);
    expect([kind, during.length > 0]).toEqual([kind, true]);
  }
}

test("a dry run changes nothing", async () => {
  const { code, err } = await lab.update(["--dry-run", second.deb]);
  expect([code, err]).toEqual([0, expect.stringContaining("no host was changed")]);
  await intact(first.name);
}, 300_000);

test(
  "no client notices two updates, forth and back",
  async () => {
    await updatesUnderLoad(2, isLong ? 1024 * MIB : 256 * MIB);
    await intact(first.name);
  },
  isLong ? 3_600_000 : 900_000,
);

test.each([
  ["crashes at once", crashing],
  ["never becomes ready", silent],
] as const)(
  "a release that %s: its first host goes back, the others are not touched",
  async (_, faulty) => {
    const output = await lab.update([faulty.deb], { HEALTH_TIMEOUT_SECONDS: "15" });
    const { code, err } = output;
    expect(code).toBe(1);
    expect(err).toContain(`${faulty.name} failed on`);
    expect(err).toContain("runs its version of before again");
    expect(err).toMatch(/to go on: .*--resume .*\n.*to go back: .*--rollback\n$/);
    await intact(first.name);
    const back = await lab.type(commandTo("go back", output));
    expect([back.code, back.code === 0 ? "" : back.err]).toEqual([0, ""]);
    await intact(first.name);
  },
  400_000,
);

test("a variable that the new release does not know ends the update before any host is touched", async () => {
  for (const [variable, said] of [
    ["ELASTICKV_NO_SUCH_SETTING=1", "ELASTICKV_NO_SUCH_SETTING"],
    ["ELASTICKV_LOG_LEVEL=shouting", "ELASTICKV_LOG_LEVEL"],
    ["1X=1", '"1X" is no name of a variable'],
  ] as const) {
    const { code, err } = await lab.update([second.deb], { EXTRA_ENV: variable });
    expect([code, err]).toEqual([1, expect.stringContaining(said)]);
    expect(err).toContain("No host was changed");
    await intact(first.name);
  }
}, 600_000);

test("a package with another checksum than it must have is not used", async () => {
  const { code, err } = await lab.update([second.deb], { PACKAGE_SHA256: "0".repeat(64) });
  expect([code, err]).toEqual([1, expect.stringContaining("has the checksum")]);
  await intact(first.name);
}, 60_000);

test("a full disk on the second host", async () => {
  const host = lab.hosts[1]!;
  await host.sh(
    "mkdir -p /var/lib/elastickv-update && mount -t tmpfs -o size=1M full /var/lib/elastickv-update",
  );
  const output = await lab.update([second.deb]);
  await host.must("umount", "/var/lib/elastickv-update");
  const { code, err } = output;
  expect([code, err]).toEqual([1, expect.stringContaining("n2: /var/lib/elastickv-update has room for")]);
  expect(err).toContain("No host was changed");
  await intact(first.name);
  for (const [words, version] of [
    [commandTo("go on", output), second.name],
    [`${commandTo("go on", output).split(" ").slice(0, -1).join(" ")} --rollback`, first.name],
  ] as const) {
    const after = await lab.type(words);
    expect([after.code, after.code === 0 ? "" : after.err]).toEqual([0, ""]);
    await intact(version);
  }
}, 600_000);

test("killed in the middle: a second operator is refused with owner and age, and --resume ends it", async () => {
  const killed = lab.begin([second.deb]);
  await killed.says(`-> ${second.name}`);
  // It must not end meanwhile.
  killed.pause();
  const during = await lab.update([second.deb]);
  expect([during.code, during.err]).toEqual([1, expect.stringContaining("is updating; it began")]);
  const alive = await lab.update(["--resume", second.deb]);
  expect([alive.code, alive.err]).toEqual([1, expect.stringContaining("still runs on this machine")]);
  await killed.kill();
  const other = await lab.update([second.deb]);
  expect(other.code).toBe(1);
  const { code, err } = await lab.update(["--resume", second.deb]);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  await intact(second.name);

  const back = await lab.update(["--rollback", "--json"]);
  expect([back.code, back.code === 0 ? "" : back.err]).toEqual([0, ""]);
  expect(JSON.parse(back.out)).toEqual({
    result: "ok",
    hosts: lab.hosts.map(({ name }) => ({ node: name, version: first.name, healthy: true })),
  });
  await intact(first.name);
}, 900_000);

/** What systemd and the shell would each read in their own way. */
const HOSTILE: Readonly<Record<string, string>> = {
  QUOTES: `'"'"\\"\\'`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell or systemd would replace it.
  DOLLAR: "$HOME${HOME}$(id)`id`$$",
  PERCENT: "%n%%%H",
  BACKSLASH: "\\\\x\\n\\",
  REST: ";&#!*~?[a-z]{b,c}|<>()^",
  HASH: "#x",
  TILDE: "~root",
  EQUALS: "a=b=c",
  CONTROL: "\x01\x07\x1b\x7f",
  EMPTY: "",
  UNICODE: "ä€😀",
  OURS: "user",
};

test("EXTRA_ENV reaches the service byte for byte, survives a reboot, and goes when it is empty", async () => {
  const pairs = Object.entries(HOSTILE).map(([name, value]) => `${name}=${value}`);
  const file = join(RUN(), "update.env");
  writeFileSync(file, "DEFAULT_EXTRA_ENV='OURS=default ONLY_DEFAULT=1'\nNODES=wrong=wrong\n");
  const environment = { EXTRA_ENV: pairs.join(" \t\n "), ROLLING_UPDATE_ENV_FILE: file };
  const { code, err } = await lab.update([second.deb], environment);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  const wanted = { ...HOSTILE, ONLY_DEFAULT: "1" };
  for (const host of lab.hosts)
    expect(await lab.serviceEnvironment(host, Object.keys(wanted))).toEqual(wanted);

  const rebooted = lab.hosts[2]!;
  rebooted.powerOff();
  await rebooted.boot();
  await lab.healthy();
  expect(await lab.serviceEnvironment(rebooted, Object.keys(wanted))).toEqual(wanted);

  const unset = await lab.update([first.deb]);
  expect([unset.code, unset.code === 0 ? "" : unset.err]).toEqual([0, ""]);
  for (const host of lab.hosts)
    expect(await lab.serviceEnvironment(host, Object.keys(wanted))).toEqual(wanted);

  const empty = await lab.update([second.deb], { EXTRA_ENV: "" });
  expect([empty.code, empty.code === 0 ? "" : empty.err]).toEqual([0, ""]);
  for (const host of lab.hosts) {
    expect(await lab.serviceEnvironment(host, Object.keys(wanted))).toEqual({});
    expect((await host.run("test", "-e", "/etc/elastickv/extra.env")).code).toBe(1);
  }
  await intact(second.name);
}, 900_000);

test.if(isLong)("no client notices 20 updates", () => updatesUnderLoad(20, 64 * MIB), 7_000_000);

test("the script is one that shellcheck accepts", async () => {
  const files = [
    "scripts/rolling-update.sh",
    "scripts/rolling-update.env.example",
    "test/hosts/run.sh",
    "test/hosts/lib/boot.sh",
  ];
  expect(await run(["shellcheck", ...files])).toEqual({ code: 0, out: "", err: "" });
});
