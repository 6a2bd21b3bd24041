/** Files as kernels write them: cgroup version 2 and 1, containers, and no cgroup at all. */
import { describe, expect, test } from "bun:test";
import { memoryAccount, readSystemFile } from "../../src/platform/memory-account.ts";

const MIB = 1024 * 1024;
const MACHINE = {
  "/proc/meminfo": "MemTotal:        4096000 kB\nMemFree:         1000000 kB\n",
  "/proc/self/status":
    "Name:\telastickv\nVmRSS:\t  300000 kB\nRssAnon:\t  200000 kB\nRssFile:\t   90000 kB\nRssShmem:\t   10000 kB\n",
};
const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNT =
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

const stat2 = (inactive: number, active: number, slab: number, shmem: number): string =>
  `anon 1\nfile ${inactive + active + shmem}\nshmem ${shmem}\nfile_dirty ${active}\ninactive_anon 7\nactive_anon 8\ninactive_file ${inactive}\nactive_file ${active}\nslab_reclaimable ${slab}\nslab_unreclaimable 5\n`;

/** @param files by path; what is not there cannot be read */
const account = (files: Readonly<Record<string, string>>) =>
  memoryAccount((path) => ({ ...MACHINE, ...files })[path]);

describe("version 2", () => {
  const unit = "/sys/fs/cgroup/system.slice/elastickv.service";
  const files = {
    "/proc/self/cgroup": "0::/system.slice/elastickv.service\n",
    "/proc/self/mountinfo": `22 1 0:20 / /proc rw - proc proc rw\n${V2_MOUNT}`,
    [`${unit}/memory.max`]: `${512 * MIB}\n`,
    [`${unit}/memory.high`]: "max\n",
    [`${unit}/memory.current`]: `${500 * MIB}\n`,
    [`${unit}/memory.stat`]: stat2(100 * MIB, 50 * MIB, 10 * MIB, 20 * MIB),
    "/sys/fs/cgroup/system.slice/memory.max": "max\n",
  };

  test("file cache, clean or dirty, and the kernel's caches can be taken back; tmpfs cannot", () => {
    const found = account(files);
    expect(found?.limitBytes).toBe(512 * MIB);
    expect(found?.source).toBe(`cgroup ${unit}`);
    expect(found?.usedBytes()).toBe(340 * MIB);
  });

  test("a smaller limit around it counts, with all that is counted there", () => {
    const slice = "/sys/fs/cgroup/system.slice";
    const found = account({
      ...files,
      [`${slice}/memory.max`]: `${400 * MIB}\n`,
      [`${slice}/memory.current`]: `${390 * MIB}\n`,
      [`${slice}/memory.stat`]: stat2(0, 0, 0, 0),
    });
    expect([found?.limitBytes, found?.source, found?.usedBytes()]).toEqual([
      400 * MIB,
      `cgroup ${slice}`,
      390 * MIB,
    ]);
  });

  test("memory.high counts as a limit, because the kernel stops the process above it", () => {
    expect(account({ ...files, [`${unit}/memory.high`]: `${256 * MIB}\n` })?.limitBytes).toBe(256 * MIB);
  });

  test("without a limit the machine's memory is one, and only this process's own memory counts", () => {
    const found = account({ ...files, [`${unit}/memory.max`]: "max\n" });
    expect([found?.limitBytes, found?.source, found?.usedBytes()]).toEqual([
      4_096_000 * 1024,
      "the machine",
      210_000 * 1024,
    ]);
  });

  test("a limit above the machine's memory is none", () => {
    expect(account({ ...files, [`${unit}/memory.max`]: `${64 * 1024 * MIB}\n` })?.source).toBe("the machine");
  });

  test("a container sees its own cgroup at the mount point, whatever its path says", () => {
    for (const path of ["/", "/../../docker/other", "/docker/abc"]) {
      const found = account({
        "/proc/self/cgroup": `0::${path}\n`,
        "/proc/self/mountinfo": V2_MOUNT.replace(" / /sys", " /docker/mine /sys"),
        "/sys/fs/cgroup/memory.max": `${256 * MIB}\n`,
        "/sys/fs/cgroup/memory.current": `${99 * MIB}\n`,
        "/sys/fs/cgroup/memory.stat": stat2(9 * MIB, 0, 0, 0),
      });
      expect([found?.source, found?.usedBytes()]).toEqual(["cgroup /sys/fs/cgroup", 90 * MIB]);
    }
  });

  test("files that go away or hold nonsense are no number", () => {
    const { [`${unit}/memory.stat`]: _, ...without } = files;
    expect(account(without)?.usedBytes()).toBeUndefined();
    expect(account({ ...files, [`${unit}/memory.current`]: "-1\n" })?.usedBytes()).toBeUndefined();
    expect(account({ ...files, [`${unit}/memory.max`]: "lots\n" })?.source).toBe("the machine");
    // The two files are not read at the same moment.
    expect(account({ ...files, [`${unit}/memory.current`]: "4096\n" })?.usedBytes()).toBe(0);
  });

  test("a mount point with a blank", () => {
    const found = account({
      "/proc/self/cgroup": "0::/a\n",
      "/proc/self/mountinfo": V2_MOUNT.replace("/sys/fs/cgroup", "/my\\040cgroups"),
      "/my cgroups/a/memory.max": "1048576\n",
    });
    expect(found?.source).toBe("cgroup /my cgroups/a");
  });
});

describe("version 1", () => {
  const group = "/sys/fs/cgroup/memory/system.slice/elastickv.service";
  const files = {
    "/proc/self/cgroup":
      "9:name=systemd:/x\n4:memory:/system.slice/elastickv.service\n1:cpu,cpuacct:/y\n0::/z\n",
    "/proc/self/mountinfo": V1_MOUNT,
    [`${group}/memory.limit_in_bytes`]: `${512 * MIB}\n`,
    [`${group}/memory.usage_in_bytes`]: `${300 * MIB}\n`,
    [`${group}/memory.stat`]: `cache 1\ninactive_file 1\nactive_file 1\ntotal_inactive_file ${60 * MIB}\ntotal_active_file ${40 * MIB}\n`,
    // What version 1 has for "no limit".
    "/sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  };

  test("the controller's own hierarchy, also beside version 2, with what lies below", () => {
    const found = account(files);
    expect([found?.limitBytes, found?.source, found?.usedBytes()]).toEqual([
      512 * MIB,
      `cgroup ${group}`,
      200 * MIB,
    ]);
  });

  test("its huge number is no limit", () => {
    expect(account({ ...files, [`${group}/memory.limit_in_bytes`]: "9223372036854771712\n" })?.source).toBe(
      "the machine",
    );
  });
});

test("without /proc there is no account", () => {
  expect(memoryAccount(() => undefined)).toBeUndefined();
  expect(readSystemFile("/proc/self/no-such-file")).toBeUndefined();
});

test("this machine has an account, and this process uses memory", () => {
  const found = memoryAccount();
  expect(found?.limitBytes).toBeGreaterThan(64 * MIB);
  expect(found?.usedBytes()).toBeGreaterThan(MIB);
});
