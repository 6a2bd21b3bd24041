/**
 * A network of the test's own: each node in a network namespace with two cables, one to a bridge in a namespace beside them, on which the
 * nodes talk, and one to the test itself, which asks all of them whatever has happened to the first. What is sent over a cable that
 * is cut vanishes, which no proxy can do: no reset, no end of stream, no answer to a SYN.
 *
 * The test's own namespace must not be the machine's (run.sh sees to it). The others have no name: they are those of processes that
 * end with this one, however it ends, and all cables end with them.
 */
import { readlinkSync } from "node:fs";
import { needs } from "../../platform/support/needs.ts";
import { type Place, waitFor } from "./cluster.ts";

const PEERS = "peers";
const CLIENTS = "clients";
const BRIDGE = "bridge";

/** Whether such networks can be made here; says why not. Where the kernel refuses, there are still the proxies. */
export function canMakeNetworks(): boolean {
  if (!needs("root", "ip")) return false;
  if (process.env["ELASTICKV_TEST_OWN_NETWORK"] !== "true") {
    console.log("skipped, not in a network namespace of its own (run.sh makes one where it may):");
    return false;
  }
  return works("veth or bridge", "ip link add one type veth peer name other && ip link add both type bridge");
}

/** Whether the kernel can lose and delay packets by itself. */
export function hasNetem(): boolean {
  return works("netem", "tc qdisc add dev lo root netem loss 1%");
}

/** Tried in a namespace that is gone at once. */
function works(what: string, script: string): boolean {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", "--net", "sh", "-c", script], { stderr: "pipe" });
  if (exitCode !== 0) console.log(`skipped, the kernel has no ${what} (${stderr.toString().trim()}):`);
  return exitCode === 0;
}

type Holder = Bun.Subprocess<"pipe", "ignore", "inherit">;

export class NodeNetwork {
  readonly #names: readonly string[];
  readonly #holders: Holder[] = [];
  /** Who loses packets by netem. */
  readonly #lossy = new Set<string>();

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** @throws Error when the machine does not let us; nothing is left then. */
  static async create(names: readonly string[]): Promise<NodeNetwork> {
    const network = new NodeNetwork(names);
    try {
      // The first is the bridge's.
      for (let i = 0; i <= names.length; i++) network.#holders.push(await holdNamespace());
      network.#layCables();
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  get places(): Record<string, Place> {
    return Object.fromEntries(
      this.#names.map((name, i) => [
        name,
        {
          host: clientHost(i),
          peerHost: peerHost(i),
          // It becomes the command, so that signals arrive.
          wrapper: ["nsenter", "--target", String(this.#pid(i + 1)), "--net"],
        },
      ]),
    );
  }

  /** Frames of and to these nodes vanish in the bridge. Their end of the cable does not notice. */
  cut(...names: readonly string[]): void {
    for (const name of names) this.#switch("ip", "link", "set", portOf(this.#index(name)), "nomaster");
  }

  /** The same, and the node sees that its cable has no carrier. */
  unplug(name: string): void {
    this.#switch("ip", "link", "set", portOf(this.#index(name)), "down");
  }

  /** Both ways, on the cable of each node. @param how e.g. `delay 20ms 5ms loss 3%`; see tc-netem(8) */
  disturb(...how: readonly string[]): void {
    for (const [i, name] of this.#names.entries()) {
      this.#lossy.add(name);
      this.#switch("tc", "qdisc", "replace", "dev", portOf(i), "root", "netem", ...how);
      this.#inside(i + 1, "tc", "qdisc", "replace", "dev", PEERS, "root", "netem", ...how);
    }
  }

  heal(): void {
    for (const [i, name] of this.#names.entries()) {
      this.#switch("ip", "link", "set", portOf(i), "master", BRIDGE, "up");
      if (!this.#lossy.delete(name)) continue;
      this.#switch("tc", "qdisc", "del", "dev", portOf(i), "root");
      this.#inside(i + 1, "tc", "qdisc", "del", "dev", PEERS, "root");
    }
  }

  async close(): Promise<void> {
    // Not left to the end of the namespaces, which the kernel takes apart when it has time.
    for (const i of this.#names.keys())
      Bun.spawnSync(["ip", "link", "del", cableOf(i)], { stderr: "ignore" });
    for (const holder of this.#holders) holder.kill("SIGKILL");
    await Promise.all(this.#holders.map((holder) => holder.exited));
  }

  #layCables(): void {
    this.#switch("ip", "link", "add", BRIDGE, "type", "bridge");
    this.#switch("ip", "link", "set", BRIDGE, "up");
    for (const i of this.#names.keys()) {
      const pid = String(this.#pid(i + 1));
      run("ip", "link", "add", cableOf(i), "type", "veth", "peer", "name", CLIENTS, "netns", pid);
      run("ip", "addr", "add", `${testHost(i)}/24`, "dev", cableOf(i));
      run("ip", "link", "set", cableOf(i), "up");
      this.#switch("ip", "link", "add", portOf(i), "type", "veth", "peer", "name", PEERS, "netns", pid);
      this.#switch("ip", "link", "set", portOf(i), "master", BRIDGE, "up");
      const inside = (...words: readonly string[]): void => this.#inside(i + 1, "ip", ...words);
      inside("link", "set", "lo", "up");
      inside("addr", "add", `${clientHost(i)}/24`, "dev", CLIENTS);
      inside("link", "set", CLIENTS, "up");
      inside("link", "set", PEERS, "address", hardwareAddress(i));
      inside("addr", "add", `${peerHost(i)}/24`, "dev", PEERS);
      inside("link", "set", PEERS, "up");
      // Nobody asks who has an address, or a cut would soon be an error ("no route to host") instead of silence.
      for (const other of this.#names.keys()) {
        if (other === i) continue;
        const known = ["lladdr", hardwareAddress(other), "dev", PEERS, "nud", "permanent"];
        inside("neigh", "replace", peerHost(other), ...known);
      }
    }
  }

  #index(name: string): number {
    const index = this.#names.indexOf(name);
    if (index < 0) throw new Error(`no node ${name}`);
    return index;
  }

  #pid(holder: number): number {
    const held = this.#holders[holder];
    if (held === undefined) throw new Error(`no namespace ${holder}`);
    return held.pid;
  }

  #switch(...command: readonly string[]): void {
    this.#inside(0, ...command);
  }

  #inside(holder: number, ...command: readonly string[]): void {
    run("nsenter", "--target", String(this.#pid(holder)), "--net", ...command);
  }
}

/** A process in a network namespace of its own, which ends with this one: its standard input does. */
async function holdNamespace(): Promise<Holder> {
  const holder = Bun.spawn(["unshare", "--net", "cat"], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "inherit",
  });
  const own = namespaceOf(process.pid);
  try {
    await waitFor(
      () => {
        if (holder.exitCode !== null) throw new Error(`unshare ended with ${holder.exitCode}`);
        return namespaceOf(holder.pid) !== own;
      },
      10_000,
      "in a network namespace of its own",
    );
    return holder;
  } catch (error) {
    holder.kill("SIGKILL");
    throw error;
  }
}

function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}

/** The test's end of the cable to a node. A run of its own could share the namespace, so the name has this process in it. */
function cableOf(node: number): string {
  return `ek${process.pid}n${node + 1}`;
}

function portOf(node: number): string {
  return `port${node + 1}`;
}

function peerHost(node: number): string {
  return `10.77.0.${node + 1}`;
}

function clientHost(node: number): string {
  return `10.77.${node + 1}.2`;
}

function testHost(node: number): string {
  return `10.77.${node + 1}.1`;
}

/** Locally administered. */
function hardwareAddress(node: number): string {
  return `02:00:00:00:00:${(node + 1).toString(16).padStart(2, "0")}`;
}

function run(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
