/**
 * One Debian host: systemd as PID 1 in namespaces of its own, a cable to the bridge, a disk that survives a reboot. Made by boot.sh; run.sh
 * makes the namespaces around it.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Output, run } from "../../support/run.ts";

const START_LIMIT_MS = 60_000;
const POLL_MS = 50;

/** What the host tests get from run.sh. */
function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run test/hosts/run.sh`);
  return value;
}

/** Folder of this run, removed when it ends. */
export const RUN = (): string => given("ELASTICKV_HOST_TEST_RUN");

/** @throws Error with what the program said when it does not end with 0. @returns its standard output. */
export async function must(
  command: readonly string[],
  options: Parameters<typeof run>[1] = {},
): Promise<string> {
  const { code, out, err } = await run(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${err.trim()}\n${out.trim()}`);
  return out;
}

/** Waits until `look` gives something. @throws Error that names `what`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  limitMs = START_LIMIT_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`gave up waiting for ${what}`);
    await sleep(POLL_MS);
  }
}

export class Host {
  readonly name: string;
  readonly address: string;
  /** Folder outside of the host: its disk lies in DIRECTORY/disk/up. */
  readonly directory: string;
  readonly #cgroup: string;
  /** PID 1 of the host as this namespace numbers it; undefined while it is off. */
  #pid: number | undefined;

  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
    this.directory = join(RUN(), name);
    // Named after the run, whose own ones run.sh removes.
    const id = basename(dirname(RUN()));
    this.#cgroup = join(given("ELASTICKV_HOST_TEST_CGROUPS"), `elastickv-host-${id}-${name}`);
  }

  /** Writes a file on the host's disk while the host is off. */
  preset(path: string, text: string, mode = 0o644): void {
    const file = join(this.directory, "disk/up", path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode });
  }

  /** Switches the host on and waits until systemd has started everything. */
  async boot(): Promise<void> {
    const inside = ["ready", "go"].map((file) => join(this.directory, file));
    for (const file of inside) rmSync(file, { force: true });
    for (const folder of [this.directory, this.#cgroup]) mkdirSync(folder, { recursive: true });
    const boot = join(import.meta.dir, "boot.sh");
    // The shell joins the cgroup first: the cgroup namespace begins at the cgroup of whoever makes it.
    const script = `echo $$ >"$1/cgroup.procs"; shift; exec setsid unshare -m -u -i -p -n -C -f --kill-child --propagation private bash "$@"`;
    const unshare = Bun.spawn(
      [
        "sh",
        "-c",
        script,
        "sh",
        this.#cgroup,
        boot,
        this.directory,
        given("ELASTICKV_HOST_TEST_BASE"),
        this.name,
      ],
      {
        stdin: "ignore",
        stdout: Bun.file(join(this.directory, "boot.log")),
        stderr: Bun.file(join(this.directory, "boot.log")),
      },
    );
    await eventually(`${this.name} to mount its disk (boot.log)`, async () =>
      existsSync(inside[0]!) ? true : undefined,
    );
    const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, "utf8").trim();
    this.#pid = Number(children);
    await this.#plugIn(children);
    writeFileSync(inside[1]!, "");
    await eventually(`systemd of ${this.name}`, async () => {
      const { out } = await this.run("systemctl", "is-system-running");
      return ["running", "degraded"].includes(out.trim()) ? true : undefined;
    });
  }

  async #plugIn(pid: string): Promise<void> {
    // The cable of an earlier boot is gone as soon as the kernel has taken that namespace apart.
    await eventually(`the old cable of ${this.name} to go`, async () =>
      (await run(["ip", "link", "add", this.#cable, "type", "veth", "peer", "name", "eth0", "netns", pid]))
        .code === 0
        ? true
        : undefined,
    );
    await must(["ip", "link", "set", this.#cable, "master", "bridge", "up"]);
    const inside = `ip link set lo up && ip address add ${this.address}/24 dev eth0 && ip link set eth0 up`;
    await must(["nsenter", "-t", pid, "-n", "sh", "-c", inside]);
  }

  get #cable(): string {
    return `v-${this.name}`;
  }

  /** Runs a program on the host as root, without ssh. */
  run(...command: readonly string[]): Promise<Output> {
    return run(this.#inside(command), { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" } });
  }

  /** As `run`. @throws Error when the program does not end with 0. @returns its standard output. */
  must(...command: readonly string[]): Promise<string> {
    return must(this.#inside(command), { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" } });
  }

  sh(script: string): Promise<string> {
    return this.must("bash", "-c", script);
  }

  #inside(command: readonly string[]): string[] {
    if (this.#pid === undefined) throw new Error(`${this.name} is off`);
    return [
      "nsenter",
      "-t",
      String(this.#pid),
      "-m",
      "-u",
      "-i",
      "-n",
      "-p",
      "-C",
      "-r",
      "-w",
      "--",
      ...command,
    ];
  }

  /** Kills PID 1: every process of the host ends at once, as when the power fails. */
  powerOff(): void {
    if (this.#pid !== undefined) process.kill(this.#pid, "SIGKILL");
    this.#pid = undefined;
  }

  /** Pulls the cable, or plugs it in. What is sent meanwhile vanishes. */
  async cable(state: "up" | "down"): Promise<void> {
    await must(["ip", "link", "set", this.#cable, state]);
  }

  /** The release whose binary the service runs, by /proc; undefined while it does not run. */
  async running(): Promise<string | undefined> {
    const pid = (await this.must("systemctl", "show", "--value", "-p", "MainPID", "elastickv")).trim();
    const { code, out } = await this.run("readlink", `/proc/${pid}/exe`);
    return code === 0 ? out.trim().split("/").at(-2) : undefined;
  }

  async ready(): Promise<boolean> {
    const ask = ["curl", "-sf", "--max-time", "2", `http://${this.address}:9000/-/ready`];
    return (await run(ask)).code === 0;
  }
}
