/**
 * What a push of 1 MiB between blob threads costs (decision 095): rate and CPU over loopback, both ends in one process
 * each, and what each step of it costs alone. The receiver verifies the SHA-256 and keeps nothing.
 *
 *   bun bench/blob-push.ts [--mib N]
 *
 * Numbers of one run compare with each other only.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { crc32 } from "node:zlib";
import { BlobConnections } from "../src/blob/replication/peers.ts";
import type { BlobServer } from "../src/blob/replication/types.ts";
import { formatAddress } from "../src/config/address.ts";
import { createLogger } from "../src/monitoring/log.ts";
import { FrameSeal, SEAL_BYTES } from "../src/peer/frame-seal.ts";
import { systemClock } from "../src/platform/clock.ts";
import { realNetwork } from "../src/platform/network/real-network.ts";
import { systemRandom } from "../src/platform/random.ts";
import { systemTimers } from "../src/platform/timers.ts";

const { values: flags } = parseArgs({
  options: {
    mib: { type: "string", default: "1024" },
    receiver: { type: "boolean", default: false },
  },
});
const MIB = 1 << 20;
const COUNT = Number(flags.mib);
const SECRET = new Uint8Array(32).fill(7);
const CLUSTER = "bench";

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
const log = createLogger({ thread: "bench", level: "error", format: "logfmt" });

function connections(id: number, server: BlobServer): BlobConnections {
  return new BlobConnections({
    network: realNetwork(undefined),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    authentication: { secrets: [SECRET], tls: false },
    identity: {
      id,
      name: `n${id}`,
      instance: `i${id}`,
      boot: `000000000000000${id}`,
      version: "0",
      protocol: 2,
    },
    listen: { host: "127.0.0.1", port: 0 },
    advertise: undefined,
    server,
    logger: log,
    metrics: {
      dropped() {},
      sent() {},
      received() {},
      protocolError() {},
      handshakeFailed() {},
      connected() {},
    },
  });
}

const member = (id: number, blobAddress: string) => ({
  id,
  name: `n${id}`,
  voter: true,
  capable: true,
  blobAddress,
});

const addressOf = ({ address }: BlobConnections): string => {
  if (address === undefined) throw new Error("it does not listen");
  return formatAddress(address);
};

/** Says its address, reads that of the sender, and serves until its input ends. */
async function receive(): Promise<void> {
  const peers = connections(2, {
    onPush: async (_, name, bytes) => (Buffer.compare(sha256(bytes), name) === 0 ? "stored" : "corrupt"),
    onFetch: () => undefined,
    onAsk: (blobs) => blobs.map(() => "missing"),
  });
  await peers.start();
  console.log(addressOf(peers));
  for await (const line of console) {
    if (line === "end") break;
    peers.setMembers(CLUSTER, [member(1, line), member(2, addressOf(peers))]);
  }
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1_000);
  process.exit(0);
}

async function send(): Promise<void> {
  const child = Bun.spawn([process.execPath, import.meta.path, "--receiver"], {
    stdin: "pipe",
    stdout: "pipe",
  });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const there = (await lines.read()).value?.trim() ?? "";
  const peers = connections(1, {
    onPush: async () => "failed",
    onFetch: () => undefined,
    onAsk: (blobs) => blobs.map(() => "missing"),
  });
  await peers.start();
  peers.setMembers(CLUSTER, [member(1, addressOf(peers)), member(2, there)]);
  child.stdin.write(`${addressOf(peers)}\n`);
  await child.stdin.flush();
  while (peers.reachable().length === 0) await Bun.sleep(5);

  const bytes = new Uint8Array(MIB).fill(3);
  const name = sha256(bytes);
  const push = async () => {
    const result = await peers.push(2, name, bytes, 0).result;
    if (result !== "stored") throw new Error(`a push ended as ${result}`);
  };
  const round = async (pushes: number, atOnce: number) => {
    let left = pushes;
    const worker = async () => {
      while (left-- > 0) await push();
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  await round(64, 8);
  const rows: Record<string, string>[] = [];
  for (const atOnce of [1, 4, 16]) {
    const began = performance.now();
    const cpu = process.cpuUsage();
    await round(COUNT, atOnce);
    const took = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    rows.push({
      "at once": String(atOnce),
      "MiB/s": ((COUNT / took) * 1_000).toFixed(0),
      "ms each": ((took / COUNT) * atOnce).toFixed(2),
      "sender's CPU, us per MiB": ((user + system) / COUNT).toFixed(0),
    });
  }
  child.stdin.write("end\n");
  await child.stdin.flush();
  const total = Number((await lines.read()).value);
  console.table(rows);
  console.log(
    `receiver's CPU, us per MiB (start of the process included): ${((total * 1_000) / (3 * COUNT + 64)).toFixed(0)}`,
  );
  steps();
  process.exit(0);
}

/** Each step of a push, alone. */
function steps(): void {
  const bytes = new Uint8Array(MIB).fill(3);
  const target = Buffer.allocUnsafeSlow(MIB + SEAL_BYTES);
  const seal = new FrameSeal(new Uint8Array(32).fill(1));
  const timed = (run: () => unknown): string => {
    for (let i = 0; i < 20; i++) run();
    const began = performance.now();
    for (let i = 0; i < 300; i++) run();
    return (((performance.now() - began) / 300) * 1_000).toFixed(0);
  };
  console.table({
    "copy into memory that is used again": timed(() => target.set(bytes)),
    "copy into new memory": timed(() => Buffer.allocUnsafe(MIB).set(bytes)),
    "CRC-32": timed(() => crc32(bytes)),
    GMAC: timed(() => seal.fill(target)),
    "SHA-256": timed(() => sha256(bytes)),
  });
}

await (flags.receiver ? receive() : send());
