/**
 * scripts/rolling-update.sh and what may go wrong on its way. Each failure ends with hosts that run what they had, and with a command: the test
 * runs exactly that one, and all hosts are well after it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Random, seedFromEnvironment } from "../process/lib/random.ts";
import type { Output } from "../support/run.ts";
import { eventually, type Host } from "./lib/host.ts";
import { Lab, type Package } from "./lib/lab.ts";
import { commandTo } from "./lib/rolling-update.ts";

const lab = new Lab();
const [n1, n2, n3] = lab.hosts as [Host, Host, Host];
/** A machine under load needs minutes for an update and a reboot. */
const LIMIT_MS = 1_200_000;
const isLong = process.env["ELASTICKV_HOST_TEST_LONG"] === "1";

/** What all hosts run, and what they do not. */
let [now, next]: Package[] = [lab.packages.first, lab.packages.second];

beforeAll(async () => {
  await lab.boot();
  lab.impatient();
  await lab.install(lab.packages.first);
  await lab.makeBucket("hosts");
  await lab.s3(n1, "hosts").write("kept", "from before all updates");
}, 300_000);
afterAll(() => lab.powerOff());

/** Service and data are intact, every host runs the same, and nobody holds a lock. */
async function intact(version: Package): Promise<void> {
  await lab.healthy();
  expect(await Promise.all(lab.hosts.map((host) => host.running()))).toEqual(
    lab.hosts.map(() => version.name),
  );
  for (const host of lab.hosts) {
    expect(await lab.s3(host, "hosts").file("kept").text()).toBe("from before all updates");
    const left = ["lock", "in-progress"].map((name) => `/var/lib/elastickv-update/${name}`);
    expect((await host.sh(`ls -d ${left.join(" ")} 2>/dev/null || true`)).trim()).toBe("");
  }
  const lock = await n1.must("elastickv", "cluster", "update-lock", "show", "--json");
  expect(JSON.parse(lock)).toEqual({ lock: null });
}

/** Runs the command that the output ends with: every host comes to what it goes to. */
async function followed(which: "go on" | "go back", output: Output): Promise<void> {
  const { code, err } = await lab.type(commandTo(which, output));
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  if (which === "go on") [now, next] = [next!, now!];
  await intact(now!);
}

/** The hosts that do not take part in a failure run what they had, and serve. */
async function untouched(hosts: readonly Host[], { err }: Output): Promise<void> {
  for (const host of hosts) {
    expect(await host.running()).toBe(now!.name);
    expect(err).toMatch(new RegExp(`^${host.name}: runs ${now!.name.replaceAll(".", "\\.")} \\(`, "m"));
  }
  await lab.healthy(hosts);
}

/** What a short run takes: each costs most of a minute. */
const SHORT_RUN = 3;
const faults: (readonly [name: string, body: () => Promise<void>])[] = [];
const fault = (name: string, body: () => Promise<void>): void => void faults.push([name, body]);

const lead = (host: Host): Promise<void> =>
  eventually(`${host.name} to lead`, async () => {
    const { out } = await n1.run("elastickv", "cluster", "status", "--json");
    if (out.includes(`"leaderId": "${host.name}"`)) return true;
    await n1.run("elastickv", "cluster", "transfer-leader", host.name);
    return undefined;
  }).then(() => {});

fault("ssh dies while it copies the package", async () => {
  lab.copyFails(n2, "cut");
  const update = lab.begin([next!.deb], { EXTRA_ENV: "FROM_THE_CUT='x" });
  process.kill(await lab.copying(), "SIGKILL");
  const output = await update.end();
  lab.copyFails(n2, undefined);
  expect([output.code, output.err]).toEqual([1, expect.stringMatching(/n2: .*\. No host was changed\n/)]);
  await intact(now!);
  await followed("go on", output);
  for (const host of lab.hosts)
    expect(await lab.serviceEnvironment(host, ["FROM_THE_CUT"])).toEqual({ FROM_THE_CUT: "'x" });
});

fault("the package arrives damaged: the same command again ends well, with its variables", async () => {
  lab.copyFails(n2, "damage");
  const output = await lab.update([next!.deb], { EXTRA_ENV: "QUOTED='\"$x" });
  lab.copyFails(n2, undefined);
  expect([output.code, output.err]).toEqual([
    1,
    expect.stringContaining("n2: the package arrived with the checksum"),
  ]);
  expect(output.err).toContain("No host was changed");
  await intact(now!);
  await followed("go on", output);
  for (const host of lab.hosts)
    expect(await lab.serviceEnvironment(host, ["QUOTED"])).toEqual({ QUOTED: "'\"$x" });
});

/**
 * Steps by what the script says of them, how the host vanishes (its power fails, or its cable is pulled), and which command mends it. Those of
 * `LONG_ONLY` are for long runs: no short run has proved them yet.
 */
const STEPS = [
  ["stages", "power", "go on"],
  ["stages", "cable", "go on"],
  ["hands leadership over", "power", "go on"],
  ["hands leadership over", "cable", "go back"],
  ["drains", "power", "go on"],
  ["drains", "cable", "go back"],
  ["switches to", "power", "go back"],
  ["switches to", "cable", "go on"],
  ["restarts", "power", "go back"],
  ["restarts", "cable", "go on"],
] as const;
const LONG_ONLY = ["stages cable", "drains cable", "switches to power", "restarts cable"];
for (const [step, how, which] of STEPS) {
  if (!isLong && LONG_ONLY.includes(`${step} ${how}`)) continue;
  fault(
    `a host vanishes when it ${step} (${how}): the others are not touched; the command to ${which} mends it`,
    async () => {
      await lead(n2);
      const order = {
        ROLLING_ORDER: "n2,n1,n3",
        SSH_CONNECT_TIMEOUT_SECONDS: "5",
        DRAIN_TIMEOUT_SECONDS: "15",
      };
      const update = lab.begin([next!.deb], order);
      await update.says(`n2: ${step}`);
      if (how === "power") n2.powerOff();
      else await n2.cable("down");
      const output = await update.end();
      expect(output.code).toBe(1);
      expect(output.err).toMatch(step === "stages" ? /No host was changed/ : /n2 cannot be reached any more/);
      await untouched([n1, n3], output);
      if (how === "power") await n2.boot();
      else await n2.cable("up");
      await followed(which, output);
    },
  );
}

fault(
  "leadership that cannot be handed over: the host was not stopped, and goes back without a restart",
  async () => {
    await lead(n1);
    const pid = () => n1.must("systemctl", "show", "--value", "-p", "MainPID", "elastickv");
    const before = await pid();
    const update = lab.begin([next!.deb], { ROLLING_ORDER: "n1,n2,n3" });
    await update.says("n3: stages");
    // The next action on n1 waits until the others take no leadership.
    const action = "/var/lib/elastickv-update/action";
    await n1.sh(`mkfifo /run/hold && { flock ${action} cat /run/hold >/dev/null 2>&1 & } 2>/dev/null`);
    await update.says(`n1: ${now!.name} -> ${next!.name}`);
    for (const host of [n2, n3]) await host.must("elastickv", "drain", "--timeout", "60");
    await n1.sh("echo >/run/hold; rm /run/hold");
    const output = await update.end();
    for (const host of [n2, n3]) await host.must("elastickv", "drain", "--off");
    expect(output.code).toBe(1);
    expect(output.err).toContain("leadership could not be handed over");
    expect(output.err).toContain("n1, which runs its version of before again");
    expect(await pid()).toBe(before);
    await intact(now!);
    await followed("go on", output);
  },
);

fault("two operators at the same moment: one updates, the other is told who", async () => {
  const both = await Promise.all([lab.update([next!.deb]), lab.update([next!.deb])]);
  const [done, refused] = both[0].code === 0 ? both : [both[1], both[0]];
  expect([done!.code, refused!.code]).toEqual([0, 1]);
  expect(refused!.err).toMatch(/is updating; it began|locked by .* for \d+ s/);
  [now, next] = [next!, now!];
  await intact(now!);
});

fault("a key in a settings file that the new version does not know", async () => {
  const file = "/etc/elastickv/elastickv.env";
  await n3.sh(`cp -p ${file} /root/kept.env && echo ELASTICKV_NO_SUCH_KEY=1 >>${file}`);
  const output = await lab.update([next!.deb]);
  expect([output.code, output.err]).toEqual([1, expect.stringMatching(/n3: .*ELASTICKV_NO_SUCH_KEY/)]);
  expect(output.err).toContain("No host was changed");
  await n3.sh(`cp -p /root/kept.env ${file}`);
  await intact(now!);
  await followed("go on", output);
});

/** A long run has all of them; a short one has some, by a seed that it prints (ELASTICKV_TEST_SEED repeats it). */
const random = new Random(seedFromEnvironment());
const left = [...faults];
const chosen = isLong
  ? faults
  : Array.from({ length: SHORT_RUN }, () => left.splice(random.between(0, left.length - 1), 1)[0]!);
if (!isLong) console.log(`${SHORT_RUN} of ${faults.length} faults, seed ${random.seed}; LONG=1 runs all`);
for (const [name, body] of chosen) test(name, body, LIMIT_MS);
