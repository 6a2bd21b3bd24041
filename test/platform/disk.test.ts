/**
 * One contract for both disks, and what only the simulated one can show.
 *
 * More than 400 lines: both disks are held against the same list.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sameBytes } from "../../src/platform/bytes.ts";
import { lockDirectory } from "../../src/platform/disk/directory-lock.ts";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { DIRECT_BLOCK_BYTES, type Disk, DiskError } from "../../src/platform/disk.ts";
import { seededRandom } from "../raft/log/support/seeded-random.ts";
import { SimulatedDisk } from "../support/simulated-disk/simulated-disk.ts";

function simulated(seed = 1): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(seed) });
  disk.mkdir("/d");
  disk.syncDirectory("/");
  return disk;
}

function diskError(work: () => unknown): DiskError {
  try {
    work();
  } catch (error) {
    if (error instanceof DiskError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function write(disk: Disk, path: string, bytes: Uint8Array, sync = true): void {
  const file = disk.open(path, "create-or-open");
  file.pwrite(bytes, 0);
  if (sync) file.datasync();
  file.close();
}

function read(disk: Disk, path: string): number[] {
  const file = disk.open(path, "read");
  const bytes = new Uint8Array(file.size());
  file.pread(bytes, 0);
  file.close();
  return [...bytes];
}

for (const [name, make] of [
  ["RealDisk", () => ({ disk: realDisk as Disk, root: mkdtempSync(join(tmpdir(), "disk-")) })],
  ["SimulatedDisk", () => ({ disk: simulated() as Disk, root: "/d" })],
] as const) {
  describe(`${name} keeps the Disk contract`, () => {
    let disk: Disk;
    let root: string;
    beforeEach(() => {
      ({ disk, root } = make());
    });
    afterEach(() => {
      if (disk === realDisk) rmSync(root, { recursive: true });
    });

    test("rmdir takes empty directories only", () => {
      disk.mkdir(`${root}/dir`);
      write(disk, `${root}/dir/f`, Uint8Array.of(1, 2));
      expect(diskError(() => disk.rmdir(`${root}/dir`)).code).toBe("ENOTEMPTY");
      expect(diskError(() => disk.unlink(`${root}/dir`)).code).toBe("EISDIR");
      disk.unlink(`${root}/dir/f`);
      disk.rmdir(`${root}/dir`);
      expect(disk.stat(`${root}/dir`)).toBeUndefined();
      expect(diskError(() => disk.rmdir(`${root}/dir`)).code).toBe("ENOENT");
      write(disk, `${root}/f`, Uint8Array.of(1));
      expect(diskError(() => disk.rmdir(`${root}/f`)).code).toBe("ENOTDIR");
    });

    test("a reserved range changes no size; a hole reads as zeros and changes none either", () => {
      const file = disk.open(`${root}/f`, "create");
      file.pwrite(new Uint8Array(12_288).fill(7), 0);
      file.reserve(12_288, 65_536);
      expect(file.size()).toBe(12_288);
      // A hint: a file system without holes leaves the bytes as they are.
      const punched = file.punchHole(4_096, 4_096);
      const middle = new Uint8Array(12_288);
      expect(file.pread(middle, 0)).toBe(12_288);
      const sevens = middle.filter((byte) => byte === 7).length;
      expect(sevens).toBe(punched ? 8_192 : 12_288);
      expect([middle[4_095], middle[8_192]]).toEqual([7, 7]);
      file.close();
    });

    test("open modes", () => {
      const path = `${root}/f`;
      expect(diskError(() => disk.open(path, "read"))).toMatchObject({
        code: "ENOENT",
        operation: "open",
        path,
      });
      expect(diskError(() => disk.open(path, "write")).code).toBe("ENOENT");
      disk.open(path, "create").close();
      expect(diskError(() => disk.open(path, "create")).code).toBe("EEXIST");
      expect(diskError(() => disk.open(path, "create")).message).toBe(`open ${path}: EEXIST`);
      disk.open(path, "create-or-open").close();
      const file = disk.open(path, "read");
      expect(diskError(() => file.pwrite(new Uint8Array(1), 0)).code).toBe("EBADF");
      file.close();
      expect(diskError(() => file.size()).code).toBe("EBADF");
      expect(diskError(() => disk.open(`${root}/none/f`, "create")).code).toBe("ENOENT");
    });

    test("reads end at the end of the file, holes are zeros, vectors of any length are written", () => {
      const file = disk.open(`${root}/f`, "create");
      file.pwrite(Uint8Array.of(1, 2, 3), 5_000);
      const target = new Uint8Array(10).fill(9);
      expect(file.pread(target, 4_998)).toBe(5);
      expect([...target]).toEqual([0, 0, 1, 2, 3, 9, 9, 9, 9, 9]);
      expect(file.pread(target, 6_000)).toBe(0);
      const parts = Array.from({ length: 2_500 }, (_, i) =>
        new Uint8Array(new SharedArrayBuffer((i % 3) + 1)).fill(i & 0xff),
      );
      file.pwritev(parts, 100);
      const expected = parts.flatMap((part) => [...part]);
      const back = new Uint8Array(expected.length);
      expect(file.pread(back, 100)).toBe(expected.length);
      expect([...back]).toEqual(expected);
      file.close();
    });

    test("direct writes are read by everybody, wherever their bytes lie in memory", () => {
      const file = disk.open(`${root}/f`, "create");
      const before = new Uint8Array(6 * DIRECT_BLOCK_BYTES).fill(1);
      file.pwrite(before, 0);
      const reader = disk.open(`${root}/f`, "read");
      reader.pread(new Uint8Array(before.length), 0);
      const memory = new Uint8Array(new SharedArrayBuffer(8 * DIRECT_BLOCK_BYTES)).map((_, i) => i % 251);
      // At the beginning of a page, and not.
      for (const at of [0, 7]) {
        const parts = [
          memory.subarray(at, at + DIRECT_BLOCK_BYTES),
          memory.subarray(at, at + 3 * DIRECT_BLOCK_BYTES),
        ];
        file.pwritevDirect(parts, DIRECT_BLOCK_BYTES);
        file.datasync();
        const back = new Uint8Array(6 * DIRECT_BLOCK_BYTES);
        expect(reader.pread(back, 0)).toBe(back.length);
        expect(
          sameBytes(
            back.subarray(DIRECT_BLOCK_BYTES, 5 * DIRECT_BLOCK_BYTES),
            new Uint8Array(Buffer.concat(parts)),
          ),
        ).toBe(true);
        expect([back[0], back[5 * DIRECT_BLOCK_BYTES]]).toEqual([1, 1]);
      }
      // Behind the end, in more buffers than one system call takes.
      const many = Array.from({ length: 1_030 }, () => memory.subarray(0, DIRECT_BLOCK_BYTES));
      file.pwritevDirect(many, 8 * DIRECT_BLOCK_BYTES);
      expect(file.size()).toBe(1_038 * DIRECT_BLOCK_BYTES);
      const last = new Uint8Array(DIRECT_BLOCK_BYTES);
      reader.pread(last, 1_037 * DIRECT_BLOCK_BYTES);
      expect(sameBytes(last, memory.subarray(0, DIRECT_BLOCK_BYTES))).toBe(true);
      file.close();
      reader.close();
      expect(diskError(() => file.pwritevDirect(many, 0)).code).toBe("EBADF");
    });

    test("preallocate, truncate, stat", () => {
      const file = disk.open(`${root}/f`, "create");
      file.preallocate(10_000);
      expect(file.size()).toBe(10_000);
      file.pwrite(new Uint8Array(10_000).fill(7), 0);
      file.truncate(4_097);
      file.truncate(5_000);
      const bytes = new Uint8Array(5_000);
      expect(file.pread(bytes, 0)).toBe(5_000);
      expect(bytes.subarray(0, 4_097).every((byte) => byte === 7)).toBe(true);
      expect(bytes.subarray(4_097).every((byte) => byte === 0)).toBe(true);
      file.close();
      expect(disk.stat(`${root}/f`)).toMatchObject({ kind: "file", bytes: 5_000 });
      expect(disk.stat(root)?.kind).toBe("directory");
      expect(disk.stat(`${root}/none`)).toBeUndefined();
    });

    test("names: mkdir, rename over, unlink, readdir", () => {
      disk.mkdir(`${root}/sub`);
      expect(diskError(() => disk.mkdir(`${root}/sub`)).code).toBe("EEXIST");
      write(disk, `${root}/b`, Uint8Array.of(1));
      write(disk, `${root}/a`, Uint8Array.of(2));
      expect(disk.readdir(root)).toEqual(["a", "b", "sub"]);
      const held = disk.open(`${root}/b`, "read");
      disk.rename(`${root}/a`, `${root}/b`);
      disk.syncDirectory(root);
      expect(disk.readdir(root)).toEqual(["b", "sub"]);
      expect(read(disk, `${root}/b`)).toEqual([2]);
      const old = new Uint8Array(1);
      held.pread(old, 0);
      expect([...old]).toEqual([1]);
      held.close();
      disk.unlink(`${root}/b`);
      expect(diskError(() => disk.unlink(`${root}/b`))).toMatchObject({
        code: "ENOENT",
        operation: "unlink",
      });
      expect(diskError(() => disk.rename(`${root}/b`, `${root}/c`)).code).toBe("ENOENT");
      expect(diskError(() => disk.readdir(`${root}/none`)).code).toBe("ENOENT");
      expect(diskError(() => disk.syncDirectory(`${root}/none`)).code).toBe("ENOENT");
    });

    test("space", () => {
      const { freeBytes, totalBytes } = disk.space(root);
      expect(freeBytes).toBeGreaterThan(0);
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    });

    test("a directory has one user at a time", () => {
      const lock = lockDirectory(disk, root);
      const error = diskError(() => lockDirectory(disk, root));
      expect(error).toMatchObject({ code: "LOCKED", path: root });
      lock.release();
      lock.release();
      lockDirectory(disk, root).release();
    });
  });
}

test("RealDisk: another process's lock is seen, and ends with it", async () => {
  const root = mkdtempSync(join(tmpdir(), "disk-"));
  const script = `
    const { realDisk } = await import("${join(import.meta.dir, "../../src/platform/disk/real-disk.ts")}");
    realDisk.lock("${root}/LOCK"); console.log("pinned"); setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(diskError(() => lockDirectory(realDisk, root)).code).toBe("LOCKED");
  child.kill("SIGKILL");
  await child.exited;
  lockDirectory(realDisk, root).release();
  rmSync(root, { recursive: true });
});

describe("SimulatedDisk after a power cut", () => {
  test("synced bytes and names stay; open files and locks are dead", () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = simulated(seed);
      write(disk, "/d/f", Uint8Array.of(1, 2, 3));
      disk.syncDirectory("/d");
      const file = disk.open("/d/f", "write");
      disk.lock("/d/f");
      disk.crash();
      expect(read(disk, "/d/f")).toEqual([1, 2, 3]);
      expect(diskError(() => file.pwrite(Uint8Array.of(9), 0)).code).toBe("EBADF");
      disk.lock("/d/f").release();
    }
  });

  test("unsynced bytes are kept, lost, or torn at sectors, and never mixed within one", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = simulated(seed);
      write(disk, "/d/f", new Uint8Array(2_048).fill(1));
      disk.syncDirectory("/d");
      const file = disk.open("/d/f", "write");
      file.pwrite(new Uint8Array(2_048).fill(2), 0);
      file.pwrite(new Uint8Array(700).fill(3), 100);
      disk.crash();
      const sectors = read(disk, "/d/f");
      let shape = "";
      for (let s = 0; s < 4; s++) {
        const sector = sectors.slice(s * 512, s * 512 + 512);
        const old = sector.every((byte) => byte === 1);
        const new1 = sector.every((byte) => byte === 2);
        const new2 = sector.every((byte, i) => byte === (s * 512 + i >= 100 && s * 512 + i < 800 ? 3 : 2));
        if (!old && !new1 && !new2) throw new Error(`seed ${seed} sector ${s} is a mixture`);
        shape += old ? "1" : new1 ? "2" : "3";
      }
      seen.add(shape);
    }
    expect(seen.has("1111")).toBe(true);
    expect(seen.has("3322")).toBe(true);
    expect(seen.size).toBeGreaterThan(10);
  });

  test("names are pending until their directory is synced, each on its own; renames are atomic", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = simulated(seed);
      write(disk, "/d/a", Uint8Array.of(1));
      write(disk, "/d/x", Uint8Array.of(7));
      disk.syncDirectory("/d");
      disk.rename("/d/a", "/d/b");
      disk.unlink("/d/x");
      write(disk, "/d/c", Uint8Array.of(3));
      disk.crash();
      const names = disk.readdir("/d");
      // The file is under exactly one of its names.
      expect(names.includes("a")).toBe(!names.includes("b"));
      seen.add(names.join());
    }
    expect(seen.size).toBe(8);
  });

  test("a directory whose own name was never synced is lost with all that is in it", () => {
    let lost = 0;
    for (let seed = 0; seed < 50; seed++) {
      const disk = simulated(seed);
      disk.mkdir("/d/sub");
      write(disk, "/d/sub/f", Uint8Array.of(1));
      disk.syncDirectory("/d/sub");
      disk.crash();
      if (disk.stat("/d/sub") === undefined) {
        lost++;
        expect(disk.stat("/d/sub/f")).toBeUndefined();
      } else {
        expect(read(disk, "/d/sub/f")).toEqual([1]);
      }
    }
    expect(lost).toBeGreaterThan(5);
    expect(lost).toBeLessThan(45);
  });

  test("a failed sync: later syncs do not write what it did not", () => {
    let lost = 0;
    for (let seed = 0; seed < 50; seed++) {
      const disk = simulated(seed);
      write(disk, "/d/f", new Uint8Array(1_024).fill(1));
      disk.syncDirectory("/d");
      const file = disk.open("/d/f", "write");
      file.pwrite(new Uint8Array(1_024).fill(2), 0);
      disk.inject({ code: "EIO", operation: "datasync" });
      expect(diskError(() => file.datasync()).code).toBe("EIO");
      file.datasync();
      expect(read(disk, "/d/f")[0]).toBe(2);
      disk.crash();
      if (read(disk, "/d/f").includes(1)) lost++;
    }
    expect(lost).toBeGreaterThan(10);
  });

  test("after a failed directory sync nothing can be changed until the next mount", () => {
    const disk = simulated();
    disk.inject({ code: "EIO", operation: "syncDirectory" });
    expect(diskError(() => disk.syncDirectory("/d")).code).toBe("EIO");
    expect(diskError(() => disk.open("/d/f", "create")).code).toBe("EIO");
    disk.kill();
    expect(diskError(() => disk.mkdir("/d/e")).code).toBe("EIO");
    disk.crash();
    disk.open("/d/f", "create").close();
  });

  test("the same seed gives the same disk", () => {
    const run = (): number[] => {
      const disk = simulated(42);
      write(disk, "/d/f", new Uint8Array(8_192).fill(5), false);
      disk.syncDirectory("/d");
      disk.crash();
      return read(disk, "/d/f");
    };
    expect(run()).toEqual(run());
  });
});

describe("realDisk", () => {
  /** Flags of this process's descriptors of a file (proc_pid_fdinfo(5)). */
  const flagsOf = (path: string): number[] =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        if (readlinkSync(`/proc/self/fd/${fd}`) !== path) return [];
        const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
        return [Number.parseInt(flags ?? "", 8)];
      } catch {
        // The descriptor of the list itself.
        return [];
      }
    });
  const supportsDirect = (path: string): boolean => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_DIRECT));
      return true;
    } catch {
      return false;
    }
  };

  test("a direct write goes past the page cache where the file system can, and leaves no descriptor open", () => {
    const directory = mkdtempSync(join(tmpdir(), "ekv-direct-"));
    const path = join(directory, "f");
    const file = realDisk.open(path, "create");
    const expected = supportsDirect(path);
    file.pwritevDirect([new Uint8Array(DIRECT_BLOCK_BYTES)], 0);
    const isDirect = flagsOf(path).some((flags) => (flags & constants.O_DIRECT) !== 0);
    expect(isDirect).toBe(expected);
    file.close();
    expect(flagsOf(path)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});

describe("SimulatedDisk faults", () => {
  test("strike the operation they name, after as many as they say", () => {
    const disk = simulated();
    disk.inject({ code: "EIO", operation: "pwrite", pathContains: "f", after: 1 });
    const file = disk.open("/d/f", "create");
    file.pwrite(Uint8Array.of(1), 0);
    const error = diskError(() => file.pwrite(new Uint8Array(1_000).fill(2), 0));
    expect(error.message).toBe("pwrite /d/f: EIO: injected");
    file.pwrite(Uint8Array.of(3), 0);
  });

  test("a full disk takes what fits, keeps what was preallocated, and says how much is free", () => {
    const disk = simulated();
    disk.setCapacity(16 << 10);
    const reserved = disk.open("/d/r", "create");
    reserved.preallocate(8 << 10);
    expect(disk.space("/d").freeBytes).toBe(8 << 10);
    expect(diskError(() => disk.open("/d/x", "create").preallocate(9 << 10)).code).toBe("ENOSPC");
    const file = disk.open("/d/f", "create");
    expect(diskError(() => file.pwrite(new Uint8Array(10_000).fill(1), 0)).code).toBe("ENOSPC");
    expect(file.size()).toBeLessThanOrEqual(8 << 10);
    reserved.pwrite(new Uint8Array(8 << 10).fill(1), 0);
    disk.unlink("/d/f");
    expect(disk.space("/d").freeBytes).toBe(8 << 10);
  });

  test("rot: a flipped bit, a zeroed range", () => {
    const disk = simulated();
    write(disk, "/d/f", new Uint8Array(600).fill(0xff));
    disk.syncDirectory("/d");
    disk.flipBit("/d/f", 7, 2);
    disk.zero("/d/f", 512, 10);
    disk.crash();
    const bytes = read(disk, "/d/f");
    expect([bytes[7], bytes[512], bytes[522]]).toEqual([0xfb, 0, 0xff]);
    expect(() => disk.flipBit("/d/f", 600, 0)).toThrow("no byte 600");
  });
});
