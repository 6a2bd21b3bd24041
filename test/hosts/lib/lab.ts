/** Three hosts at one bridge, and the operator's machine (this namespace) with ssh keys for them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Output, run } from "../../support/run.ts";
import { eventually, Host, must, RUN } from "./host.ts";
import { RollingUpdate } from "./rolling-update.ts";

/** Bridge and addresses exist in the network namespace of the test alone. */
const NETWORK = "10.95.0";
const OPERATOR = `${NETWORK}.254`;
export const ACCESS_KEY = "host-test-access";
export const SECRET_KEY = "host-test-secret-key";
/** The account that the operator uses on the hosts; it may become root by sudo. */
const ACCOUNT = "deploy";

export interface RootKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

const ROOT_KEYS: RootKeys = { accessKey: ACCESS_KEY, secretKey: SECRET_KEY };

export interface Package {
  readonly name: string;
  readonly commit: string;
  readonly deb: string;
  readonly tarball?: string;
}

export interface Packages {
  readonly first: Package;
  readonly second: Package & { readonly tarball: string };
  readonly crashing: Package;
  readonly silent: Package;
  /** undefined: the checkout has no such history. */
  readonly landed?: Package;
}

const script = join(import.meta.dir, "../../../scripts/rolling-update.sh");

const packages = (): Packages =>
  JSON.parse(readFileSync(join(RUN(), "releases/releases.json"), "utf8")) as Packages;

export class Lab {
  readonly hosts: readonly Host[];
  readonly packages = packages();
  readonly #home = join(RUN(), "operator");

  constructor(count = 3) {
    this.hosts = Array.from({ length: count }, (_, i) => new Host(`n${i + 1}`, `${NETWORK}.${i + 1}`));
  }

  /** Boots the hosts; nothing of elastickv is on them. */
  async boot(): Promise<void> {
    await must(["ip", "link", "set", "lo", "up"]);
    await must(["ip", "link", "add", "bridge", "type", "bridge"]);
    await must(["ip", "address", "add", `${OPERATOR}/24`, "dev", "bridge"]);
    await must(["ip", "link", "set", "bridge", "up"]);
    await this.#makeOperator();
    const key = readFileSync(join(this.#home, "key.pub"), "utf8");
    const names = ["127.0.0.1 localhost", ...this.hosts.map(({ name, address }) => `${address} ${name}`), ""];
    for (const host of this.hosts) {
      host.preset("etc/hostname", `${host.name}\n`);
      host.preset("etc/machine-id", `${crypto.randomUUID().replaceAll("-", "")}\n`);
      host.preset("etc/hosts", names.join("\n"));
      // Before the first boot: without keys sshd fails, and after some attempts systemd does not start it again.
      const disk = join(host.directory, "disk/up");
      mkdirSync(join(disk, "etc/ssh"), { recursive: true });
      await must(["ssh-keygen", "-A", "-f", disk]);
    }
    await Promise.all(
      this.hosts.map(async (host) => {
        await host.boot();
        await host.sh(
          [
            `useradd --create-home --shell /bin/bash ${ACCOUNT}`,
            `echo '${ACCOUNT} ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/deploy`,
            ...["/root", `/home/${ACCOUNT}`].map(
              (home) =>
                `install -d -m 700 ${home}/.ssh && echo '${key.trim()}' >${home}/.ssh/authorized_keys`,
            ),
            `chown -R ${ACCOUNT}: /home/${ACCOUNT}/.ssh`,
          ].join(" && "),
        );
      }),
    );
  }

  /** Makes the ssh client's key and settings, and an `ssh` that uses them whatever the machine has in ~/.ssh. */
  async #makeOperator(): Promise<void> {
    mkdirSync(join(this.#home, "bin"), { recursive: true });
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(this.#home, "key")]);
    const settings = [
      "Host *",
      `  IdentityFile ${this.#home}/key`,
      `  UserKnownHostsFile ${this.#home}/known_hosts`,
      "  StrictHostKeyChecking accept-new",
      "",
    ];
    writeFileSync(join(this.#home, "config"), settings.join("\n"));
    const ssh = [
      "#!/bin/bash",
      `home=${this.#home}`,
      'case "$*" in *" $(cat "$home/copy-to" 2>/dev/null || echo nobody) "*"dd of="*)',
      '  case $(cat "$home/copy") in',
      '  cut) exec < <(exec 2>/dev/null; head -c 3000000; echo $$ >"$home/copying"; exec sleep 600) ;;',
      "  damage) exec < <(head -c -1; printf '\\377\\377') ;;",
      "  esac",
      "esac",
      // The first value of an option is the one that counts.
      '[ ! -e "$home/impatient" ] || set -- -o ServerAliveInterval=3 -o ServerAliveCountMax=4 "$@"',
      `exec ${Bun.which("ssh")} -F "$home/config" "$@"`,
      "",
    ];
    writeFileSync(join(this.#home, "bin/ssh"), ssh.join("\n"), { mode: 0o755 });
  }

  /** Installs a release on all hosts and starts a cluster. */
  async install({ deb }: Package): Promise<void> {
    const secret = `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll("-", "");
    const members = this.hosts.map(({ name, address }) => `${name}=${address}:9002`).join(",");
    await Promise.all(
      this.hosts.map(async (host) => {
        await this.unpack(host, deb);
        const settings = {
          NODE_ID: host.name,
          S3_ADDRESS: ":9000",
          INITIAL_CLUSTER: members,
          CLUSTER_SECRET_FILE: "/etc/elastickv/cluster-secret",
          ROOT_ACCESS_KEY: ACCESS_KEY,
          ROOT_SECRET_KEY: SECRET_KEY,
        };
        const lines = Object.entries(settings).map(([name, value]) => `ELASTICKV_${name}=${value}`);
        await host.sh(
          [
            `echo '${lines.join("\n")}' >/etc/elastickv/elastickv.env`,
            `install -m 640 -g elastickv /dev/stdin /etc/elastickv/cluster-secret <<<${secret}`,
            "systemctl enable --quiet --now --no-block elastickv",
          ].join(" && "),
        );
      }),
    );
    await this.healthy();
  }

  /** Installs a package on a host, and starts nothing. */
  async unpack(host: Host, deb: string): Promise<void> {
    await this.put(host, deb, "/root");
    await host.must("dpkg", "-i", join("/root", basename(deb)));
  }

  /** Makes a cluster of hosts that have the package: `elastickv setup`, and the join lines that it prints. @returns the root keys */
  async form(): Promise<RootKeys> {
    const [first, ...others] = this.hosts as [Host, ...Host[]];
    const said = await first.must("elastickv", "setup", "--node", first.name, "--address", first.address);
    const lines = said.split("\n").filter((line) => line.includes("elastickv join"));
    if (lines.length !== others.length) throw new Error(`no join line for each other host: ${said}`);
    for (const [index, host] of others.entries()) {
      const joined = await host.sh(lines[index]!.trim());
      if (!joined.includes("is a voter")) throw new Error(`${host.name} did not get a vote: ${joined}`);
    }
    await this.healthy();
    const shown = await first.must("cat", "/var/lib/elastickv/root-credentials.env");
    const value = (name: string): string => {
      const found = new RegExp(`ELASTICKV_ROOT_${name}=(\\S+)`).exec(shown)?.[1];
      if (found === undefined) throw new Error(`no ${name} in root-credentials.env`);
      return found;
    };
    return { accessKey: value("ACCESS_KEY"), secretKey: value("SECRET_KEY") };
  }

  /** Copies a file to a folder of the host. */
  async put(host: Host, file: string, folder: string): Promise<void> {
    await this.ssh("root", host, `cat >${folder}/${basename(file)}`, readFileSync(file));
  }

  async ssh(user: string, host: Host, command: string, input: string | Uint8Array = ""): Promise<string> {
    return must([join(this.#home, "bin/ssh"), `${user}@${host.address}`, command], { input });
  }

  /** Waits until every host serves. */
  async healthy(hosts = this.hosts): Promise<void> {
    await Promise.all(
      hosts.map(async (host) => {
        try {
          await eventually(`${host.name} to serve`, async () => ((await host.ready()) ? true : undefined));
        } catch (error) {
          console.log((await host.run("journalctl", "-q", "-n", "20", "-o", "cat", "-u", "elastickv")).out);
          throw error;
        }
      }),
    );
  }

  get nodes(): string {
    return this.hosts.map(({ name, address }) => `${name}=${address}`).join(",");
  }

  /** Environment of a program of the operator. */
  get environment(): Record<string, string> {
    return {
      PATH: `${join(this.#home, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: this.#home,
      LC_ALL: "C.UTF-8",
      NODES: this.nodes,
      SSH_USER: ACCOUNT,
    };
  }

  /** The operator's ssh finds within seconds that a host is gone, whatever the script asks for. */
  impatient(): void {
    writeFileSync(join(this.#home, "impatient"), "");
  }

  /** What happens to the next copy of a package to this host: it stops in the middle, or arrives damaged. undefined: nothing. */
  copyFails(host: Host, how: "cut" | "damage" | undefined): void {
    writeFileSync(join(this.#home, "copy-to"), how === undefined ? "nobody" : host.address);
    writeFileSync(join(this.#home, "copy"), how ?? "");
  }

  /** Waits for a copy that stops in the middle. @returns the process id of its ssh. */
  copying(): Promise<number> {
    const file = join(this.#home, "copying");
    return eventually("a copy to be under way", async () =>
      existsSync(file) && readFileSync(file, "utf8").endsWith("\n")
        ? Number(readFileSync(file, "utf8"))
        : undefined,
    );
  }

  /** Runs a command that a program has printed, in an environment without any settings for it. */
  type(command: string): Promise<Output> {
    const { PATH = "", HOME = "", LC_ALL = "" } = this.environment;
    return run(["bash", "-c", command], { env: { PATH, HOME, LC_ALL } });
  }

  /** Starts scripts/rolling-update.sh as the operator does. */
  begin(words: readonly string[], environment: Readonly<Record<string, string>> = {}): RollingUpdate {
    return new RollingUpdate([script, ...words], { ...this.environment, ...environment });
  }

  /** Runs scripts/rolling-update.sh as the operator does. */
  update(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Output> {
    return run(["bash", script, ...words], { env: { ...this.environment, ...environment } });
  }

  /** An S3 client of the object store at a host. */
  s3(host: Host, bucket: string, keys = ROOT_KEYS): Bun.S3Client {
    return new Bun.S3Client({
      endpoint: `http://${host.address}:9000`,
      accessKeyId: keys.accessKey,
      secretAccessKey: keys.secretKey,
      bucket,
    });
  }

  async makeBucket(bucket: string, keys = ROOT_KEYS): Promise<void> {
    const user = `${keys.accessKey}:${keys.secretKey}`;
    const signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", user];
    // curl of Debian 12 sends the hash of the body only when it is told so.
    const hash = new Bun.CryptoHasher("sha256").digest("hex");
    signed.push("--header", `x-amz-content-sha256: ${hash}`);
    await must(["curl", "-sSf", ...signed, "-X", "PUT", `http://${this.hosts[0]!.address}:9000/${bucket}`]);
  }

  /** Values of these variables in the service's process, by /proc/PID/environ; those that are not set are left out. */
  async serviceEnvironment(host: Host, names: readonly string[]): Promise<Record<string, string>> {
    const environ = await host.sh("cat /proc/$(systemctl show --value -p MainPID elastickv)/environ");
    const pairs = environ.split("\0").map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    return Object.fromEntries(pairs.filter(([name]) => names.includes(name)));
  }

  powerOff(): void {
    for (const host of this.hosts) host.powerOff();
  }
}
