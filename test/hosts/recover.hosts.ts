/**
 * Three hosts that `elastickv setup` and `elastickv join` have made: power and cable fail under one of them, its clock is set back, its disk is
 * replaced. What is to be typed is what the hosts' output names.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { eventually, type Host } from "./lib/host.ts";
import { Lab } from "./lib/lab.ts";

const lab = new Lab();
const [n1, n2, n3] = lab.hosts as [Host, Host, Host];
const LIMIT_MS = 600_000;
let keys = { accessKey: "", secretKey: "" };

beforeAll(async () => {
  await lab.boot();
  for (const host of lab.hosts) await lab.unpack(host, lab.packages.first.deb);
  keys = await lab.form();
  await lab.makeBucket("hosts", keys);
  await client(n1).write("kept", "from the beginning");
}, 300_000);
afterAll(() => lab.powerOff());

const client = (host: Host): Bun.S3Client => lab.s3(host, "hosts", keys);

interface Member {
  readonly id: string;
  readonly role: string;
  readonly reachable: boolean;
}

async function status(host = n1): Promise<{ leaderId: string | null; members: Member[] }> {
  const { out } = await host.run("elastickv", "cluster", "status", "--json");
  return JSON.parse(out) as { leaderId: string | null; members: Member[] };
}

/** These members and no other, each with a vote and reached; every host serves what was written. */
async function well(names: readonly string[]): Promise<void> {
  await eventually(`${names.join(", ")} to be voters that are reached`, async () => {
    const { members } = await status();
    const voters = members
      .filter(({ role, reachable }) => role !== "learner" && reachable)
      .map(({ id }) => id);
    return members.length === names.length && names.every((name) => voters.includes(name)) ? true : undefined;
  });
  await lab.healthy();
  for (const host of lab.hosts) expect(await client(host).file("kept").text()).toBe("from the beginning");
}

/** Writes at a host until it is taken: for a while there may be no leader. */
async function write(host: Host, key: string): Promise<void> {
  await eventually(`${key} to be written`, () =>
    client(host)
      .write(key, key)
      .then(() => true as const)
      .catch(() => undefined),
  );
}

/** The last lines that the service has logged. */
const journal = (host: Host, lines: number): Promise<string> =>
  host.must("journalctl", "-q", "-n", String(lines), "-o", "cat", "-u", "elastickv");

test(
  "power fails at the leader and the cable of another: both come back by themselves",
  async () => {
    const leader = lab.hosts.find(({ name }) => name === leaderName) ?? n1;
    const others = lab.hosts.filter((host) => host !== leader) as [Host, Host];
    leader.powerOff();
    await write(others[0], "while-off");
    await leader.boot();
    await lab.healthy();
    await others[0].cable("down");
    await write(others[1], "while-cut");
    await others[0].cable("up");
    await well(["n1", "n2", "n3"]);
    for (const host of lab.hosts)
      for (const key of ["while-off", "while-cut"]) expect(await client(host).file(key).text()).toBe(key);
  },
  LIMIT_MS,
);

let leaderName = "";
beforeAll(async () => {
  leaderName = (await status()).leaderId ?? "";
});

/** Debian's libfaketime: no namespace has a wall clock of its own, so the service asks one that lies. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
if (!existsSync(FAKETIME))
  console.log(`skipped: a clock that is set back needs ${FAKETIME} (apt-get install faketime)`);

test.if(existsSync(FAKETIME))(
  "the leader's clock is set back while it serves",
  async () => {
    await lab.put(n1, FAKETIME, "/usr/lib/x86_64-linux-gnu");
    const dropIn = [
      "[Service]",
      "Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libfaketimeMT.so.1 FAKETIME_TIMESTAMP_FILE=/etc/clock",
      "Environment=FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1",
    ];
    await n1.sh(
      `mkdir -p /etc/systemd/system/elastickv.service.d && echo '${dropIn.join("\n")}' >/etc/systemd/system/elastickv.service.d/clock.conf`,
    );
    await setClock(0);
    await n1.sh("systemctl daemon-reload && systemctl restart elastickv");
    await well(["n1", "n2", "n3"]);
    await eventually("n1 to lead", async () => {
      if ((await status()).leaderId === "n1") return true;
      await n1.run("elastickv", "cluster", "transfer-leader", "n1");
      return undefined;
    });

    // Within the 15 minutes by which the clocks of S3's clients may differ from a server's.
    await write(n1, "overwritten");
    await setClock(-600);
    await client(n1).write("overwritten", "again");
    await write(n2, "after-set-back");
    for (const host of lab.hosts) {
      expect(await client(host).file("overwritten").text()).toBe("again");
      expect(await client(host).file("after-set-back").text()).toBe("after-set-back");
    }
    expect((await status()).leaderId).toBe("n1");
    await well(["n1", "n2", "n3"]);

    // Beyond them a signature is refused, and the answer says by which clock.
    await setClock(-3600);
    const refused = await client(n1)
      .write("too-late", "x")
      .then(() => "accepted")
      .catch((error: { code?: string }) => error.code);
    expect(refused).toBe("RequestTimeTooSkewed");
    await write(n2, "elsewhere");
    expect(await client(n2).file("elsewhere").text()).toBe("elsewhere");

    // A restart with the clock behind everything that it has written.
    await n1.must("systemctl", "restart", "elastickv");
    await setClock(0);
    await n1.sh(
      "rm /etc/systemd/system/elastickv.service.d/clock.conf && systemctl daemon-reload && systemctl restart elastickv",
    );
    await well(["n1", "n2", "n3"]);
    expect(await client(n1).file("elsewhere").text()).toBe("elsewhere");
  },
  LIMIT_MS,
);

/** @param seconds by which the service's clock is off. */
async function setClock(seconds: number): Promise<void> {
  await n1.sh(`echo '${seconds < 0 ? "" : "+"}${seconds}' >/etc/clock`);
}

test(
  "the disk of a host is replaced: it refuses, and the commands that the output names bring it back",
  async () => {
    await n3.sh(
      "systemctl stop elastickv && rm -rf /var/lib/elastickv/* && systemctl reset-failed elastickv",
    );
    await n3.run("systemctl", "start", "elastickv");
    await eventually("n3 to give up", async () =>
      (await n3.run("systemctl", "is-failed", "--quiet", "elastickv")).code === 0 ? true : undefined,
    );
    const named = [...(await journal(n3, 1)).matchAll(/"(elastickv cluster [^"]+)"/g)].map(
      ([, command]) => command!,
    );
    expect(named).toEqual(["elastickv cluster remove n3", "elastickv cluster join-token"]);
    let said = "";
    for (const command of named) said = await n1.sh(command);
    const line = said
      .split("\n")
      .find((text) => text.includes("elastickv join"))!
      .trim();
    const refused = await n3.run("bash", "-c", line);
    const away = /move (\S+) and (\S+) away/.exec(refused.err);
    expect([refused.code === 0, away?.length]).toEqual([false, 3]);
    await n3.sh(`systemctl stop elastickv; mv ${away![1]} ${away![2]} /root/`);
    expect(await n3.sh(line)).toContain("n4 is a voter");
    await well(["n1", "n2", "n4"]);
    await write(n3, "after");
    expect(await client(n2).file("after").text()).toBe("after");
  },
  LIMIT_MS,
);
