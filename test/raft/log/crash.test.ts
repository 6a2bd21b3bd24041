/** Random lives and deaths of a log: what was acknowledged is there, the rest is there batch by batch or not at all. */
import { describe, expect, test } from "bun:test";
import { WalError } from "../../../src/raft/log/errors.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { LogDriver } from "./support/log-driver.ts";
import { seededRandom } from "./support/seeded-random.ts";

const SEEDS = Number(process.env["WAL_CRASH_SEEDS"] ?? "300");
const FIRST_SEED = Number(process.env["WAL_CRASH_FIRST_SEED"] ?? "1");
const LIVES = 6;

interface Coverage {
  tornTails: number;
  crashes: number;
  kills: number;
  faults: number;
}

function newDisk(seed: number): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(seed) });
  disk.mkdir("/data");
  disk.syncDirectory("/");
  return disk;
}

/** Runs until `die` says so or the disk fails. */
function live(driver: LogDriver, steps: number): "alive" | "failed" {
  try {
    driver.open();
    for (let i = 0; i < steps; i++) driver.step();
    return "alive";
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    return "failed";
  }
}

function run(seed: number, coverage: Coverage): void {
  const random = seededRandom(seed);
  const disk = newDisk(seed + 1_000_000);
  const driver = new LogDriver(disk, "/data/wal", random);
  for (let life = 0; life < LIVES; life++) {
    if (random.nextInt(3) === 0) {
      const code = random.nextInt(3) === 0 ? "ENOSPC" : "EIO";
      disk.inject({ code, after: random.nextInt(200) });
    }
    const outcome = live(driver, random.nextInt(60));
    if (outcome === "failed") coverage.faults++;
    disk.clearFaults();
    const end = random.nextInt(4);
    if (end === 0 && outcome === "alive") driver.close();
    if (end === 1 && life < LIVES - 1) {
      disk.kill();
      coverage.kills++;
    } else {
      disk.crash();
      coverage.crashes++;
    }
  }
  driver.open();
  driver.close();
  coverage.tornTails += driver.tornTails;
}

describe("random crashes", () => {
  test(`${SEEDS} seeds from ${FIRST_SEED}: acknowledged batches survive, others are whole or absent`, () => {
    const coverage: Coverage = { tornTails: 0, crashes: 0, kills: 0, faults: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        run(seed, coverage);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
    // The test would show nothing if these did not happen.
    expect(coverage.tornTails).toBeGreaterThan(SEEDS / 40);
    expect(coverage.faults).toBeGreaterThan(SEEDS / 40);
  }, 60_000);

  test("the same seed gives the same life", () => {
    const trace = (): string => {
      const operations: string[] = [];
      const disk = new SimulatedDisk({
        random: seededRandom(3),
        onOperation: (operation, path, bytes) => operations.push(`${operation} ${path} ${bytes}`),
      });
      disk.mkdir("/data");
      const driver = new LogDriver(disk, "/data/wal", seededRandom(4));
      for (let life = 0; life < 4; life++) {
        live(driver, 30);
        disk.crash();
        if (disk.stat("/data") === undefined) disk.mkdir("/data");
      }
      return Bun.hash(operations.join("\n")).toString();
    };
    expect(trace()).toBe(trace());
  });
});
