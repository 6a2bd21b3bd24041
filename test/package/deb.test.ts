/** The Debian package with a small executable; test/package/real.ts has the real one. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildDeb } from "../../scripts/package/deb.ts";
import { needs } from "../platform/support/needs.ts";
import { FakeHost, fakeRelease, run, temporary } from "./support/packages.ts";

let folder: ReturnType<typeof temporary>;
beforeEach(() => {
  folder = temporary();
});
afterEach(() => folder.remove());

/** @returns path of the package and name of the release. */
function deb(number: number, body?: string): { path: string; name: string } {
  const input = fakeRelease(folder.path, number, body);
  const path = join(folder.path, `${number}.deb`);
  buildDeb({ ...input, outfile: path });
  return { path, name: input.release.name };
}

const DATA = "var/lib/elastickv/node.json";
const SETTINGS = "etc/elastickv/elastickv.env";

describe.if(needs("dpkg"))("the file", () => {
  test("two builds are the same bytes, whatever the umask", () => {
    const first = readFileSync(deb(1).path);
    const umask = process.umask(0o077);
    try {
      expect(readFileSync(deb(1).path).equals(first)).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test("everything belongs to root, has a fixed mode and one age, in sorted order", () => {
    const { path, name } = deb(1);
    const rows = run(["dpkg-deb", "-c", path])
      .out.trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    expect(new Set(rows.map(([, owner]) => owner))).toEqual(new Set(["root/root"]));
    expect(new Set(rows.map(([, , , date]) => date))).toEqual(new Set(["2026-01-31"]));
    const modes = new Map(rows.map(([mode, , , , , file]) => [file ?? "", mode ?? ""]));
    expect(modes.get(`./usr/lib/elastickv/${name}/elastickv`)).toBe("-rwxr-xr-x");
    expect(modes.get("./usr/bin/elastickv")).toBe("lrwxrwxrwx");
    expect(modes.get("./etc/elastickv/elastickv.env")).toBe("-rw-r-----");
    expect(modes.get("./etc/elastickv/")).toBe("drwxr-x---");
    for (const file of [
      "lib/systemd/system/elastickv.service",
      "usr/lib/sysusers.d/elastickv.conf",
      "usr/share/man/man1/elastickv.1.gz",
      "usr/share/bash-completion/completions/elastickv",
      "usr/share/zsh/vendor-completions/_elastickv",
      "usr/share/fish/vendor_completions.d/elastickv.fish",
      "usr/share/doc/elastickv/copyright",
      "usr/share/doc/elastickv/operations/install.md",
    ]) {
      expect([file, modes.get(`./${file}`)]).toEqual([file, "-rw-r--r--"]);
    }
    const links = [...modes].filter(([, mode]) => mode.startsWith("l")).map(([file]) => file);
    expect(links).toEqual(["./usr/bin/elastickv"]);
    expect(run(["dpkg-deb", "--info", path, "conffiles"]).out).toBe("/etc/elastickv/elastickv.env\n");
  });

  test("the sums in it are those of its files", () => {
    const { path } = deb(1);
    const root = join(folder.path, "unpacked");
    mkdirSync(root);
    run(["dpkg-deb", "-R", path, root]);
    const checked = run(["sh", "-c", 'cd "$0" && md5sum -c --strict DEBIAN/md5sums', root]);
    expect([checked.code, checked.out.includes("usr/bin")]).toEqual([0, false]);
    expect(checked.out.split("\n").length).toBeGreaterThan(15);
  });

  test.if(needs("shellcheck"))("shellcheck has nothing to say about its scripts", () => {
    const scripts = ["preinst", "postinst", "prerm", "postrm"].map((name) => `packaging/debian/${name}`);
    expect(run(["shellcheck", "-s", "sh", ...scripts, "packaging/switch-version"])).toEqual({
      code: 0,
      out: "",
    });
  });
});

describe.if(needs("dpkg"))("on a host", () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(folder.path);
  });
  const install = (path: string, environment: Record<string, string> = {}) => {
    const ran = host.dpkg(["-i", path], environment);
    expect([ran.code, ran.out]).toEqual([0, ran.out]);
    return ran.out;
  };
  const file = (path: string) => join(host.root, path);
  const put = (path: string, text: string) => {
    mkdirSync(join(file(path), ".."), { recursive: true });
    writeFileSync(file(path), text);
  };

  test("the first installation: runs, has its user, closed settings, and says that nothing was started", () => {
    const { path, name } = deb(1);
    const out = install(path);
    expect(out).toContain("is installed and not started");
    expect(host.runs()).toEqual([name, "elastickv of 1"]);
    expect(readFileSync(file("etc/passwd"), "utf8")).toContain("elastickv:");
    const group = /^elastickv:[^:]*:(\d+):/m.exec(readFileSync(file("etc/group"), "utf8"))?.[1];
    const { mode, gid } = statSync(file(SETTINGS));
    expect((mode & 0o777).toString(8)).toBe("640");
    if (process.getuid?.() === 0) expect(gid).toBe(Number(group));
  });

  test("an upgrade: settings and data stay, the version before lies beside it, and going back needs no file", () => {
    const [one, two] = [deb(1), deb(2)];
    install(one.path);
    put(SETTINGS, "ELASTICKV_NODE_ID=n7\n");
    put(DATA, "{}");
    const out = install(two.path);
    expect(out).not.toContain("not started");
    expect(readFileSync(file(SETTINGS), "utf8")).toBe("ELASTICKV_NODE_ID=n7\n");
    expect(existsSync(file(DATA))).toBe(true);
    expect(host.versions()).toEqual([one.name, two.name]);
    expect(host.runs()).toEqual([two.name, "elastickv of 2"]);

    const back = run([file("usr/lib/elastickv/switch-version"), "--no-restart", one.name]);
    expect(back).toEqual({ code: 0, out: "" });
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    expect(run([file("usr/lib/elastickv/switch-version")]).out).toBe(`  ${two.name}\n* ${one.name}\n`);
  });

  test("while an upgrade is unpacked, a service that is restarted finds the version that ran", () => {
    const [one, two] = [deb(1), deb(2)];
    install(one.path);
    // Unpacked and not configured, which is where a machine that loses power may stay.
    const unpacked = host.dpkg(["--unpack", two.path]);
    expect(unpacked.code).toBe(0);
    expect(existsSync(file(`usr/lib/elastickv/${one.name}`))).toBe(false);
    expect(host.runs()).toEqual([`.keep/${one.name}`, "elastickv of 1"]);
    // Again from the beginning, then on.
    expect(host.dpkg(["--unpack", two.path]).code).toBe(0);
    expect(host.runs()[1]).toBe("elastickv of 1");
    expect(host.dpkg(["--configure", "elastickv"]).code).toBe(0);
    expect(host.runs()).toEqual([two.name, "elastickv of 2"]);
    expect(host.versions()).toEqual([one.name, two.name]);
  });

  test("ELASTICKV_STAGE=1 puts an upgrade beside the version that runs", () => {
    const [one, two] = [deb(1), deb(2)];
    install(one.path, { ELASTICKV_STAGE: "1" });
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    install(two.path, { ELASTICKV_STAGE: "1" });
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    expect(host.versions()).toEqual([one.name, two.name]);
    run([file("usr/lib/elastickv/switch-version"), "--no-restart", two.name]);
    expect(host.runs()).toEqual([two.name, "elastickv of 2"]);
  });

  test("a version that does not start on this machine does not become the one that runs", () => {
    const [one, broken] = [deb(1), deb(2, "exit 132")];
    install(one.path);
    const { code, out } = host.dpkg(["-i", broken.path]);
    expect(code).not.toBe(0);
    expect(out).toContain(`${broken.name} does not start on this machine: ${one.name} stays`);
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    // The package before can be installed again.
    install(one.path);
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
  });

  test("an upgrade that cannot be unpacked leaves the version that runs", () => {
    const [one, two] = [deb(1), deb(2)];
    install(one.path);
    // Its end is missing: dpkg notices when most is unpacked, and puts everything back.
    const broken = join(folder.path, "broken.deb");
    writeFileSync(broken, readFileSync(two.path).subarray(0, -2000));
    const { code, out } = host.dpkg(["-i", broken]);
    expect(code).not.toBe(0);
    expect(out).toContain("unexpected end of file");
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    expect(host.versions()).toEqual([one.name]);
    install(two.path);
    expect(host.runs()).toEqual([two.name, "elastickv of 2"]);
  });

  test("the older ones go: the one that ran before and the newest other stay", () => {
    const debs = [1, 2, 3, 4, 5].map((number) => deb(number));
    for (const { path } of debs) install(path);
    expect(host.versions()).toEqual(debs.slice(2).map(({ name }) => name));
    // Who went back to the oldest keeps it beside what comes next.
    run([file("usr/lib/elastickv/switch-version"), "--no-restart", debs[2]?.name ?? ""]);
    const six = deb(6);
    install(six.path);
    expect(host.versions()).toEqual([debs[2]?.name ?? "", debs[4]?.name ?? "", six.name]);
    expect(host.runs()).toEqual([six.name, "elastickv of 6"]);
  });

  test("a package of an older version goes back as well", () => {
    const [one, two] = [deb(1), deb(2)];
    install(two.path);
    install(one.path);
    expect(host.runs()).toEqual([one.name, "elastickv of 1"]);
    expect(host.versions()).toEqual([one.name, two.name]);
    install(two.path);
    expect(host.runs()).toEqual([two.name, "elastickv of 2"]);
  });

  test("removed: data and settings stay, every version goes; purged: it says what is left", () => {
    for (const number of [1, 2]) install(deb(number).path);
    put(DATA, "{}");
    expect(host.dpkg(["-r", "elastickv"]).code).toBe(0);
    expect(existsSync(file("usr/lib/elastickv"))).toBe(false);
    expect(existsSync(file("usr/bin/elastickv"))).toBe(false);
    expect([existsSync(file(DATA)), existsSync(file(SETTINGS))]).toEqual([true, true]);

    put("etc/elastickv/cluster-secret", "secret\n");
    put("etc/systemd/system/elastickv.service.d/data.conf", "[Service]\n");
    const { code, out } = host.dpkg(["--purge", "elastickv"]);
    expect(code).toBe(0);
    for (const left of ["/var/lib/elastickv ", "/etc/elastickv ", "elastickv.service.d", "user and group"])
      expect(out).toContain(left);
    expect(out).toContain("rm -r /var/lib/elastickv");
    expect([existsSync(file(DATA)), existsSync(file(SETTINGS))]).toEqual([true, false]);
    expect(existsSync(file("etc/elastickv/cluster-secret"))).toBe(true);
  });

  test("purged where nothing is left, it does not speak of data", () => {
    install(deb(1).path);
    const { code, out } = host.dpkg(["--purge", "elastickv"]);
    expect([code, out.includes("/var/lib/elastickv"), out.includes("/etc/elastickv ")]).toEqual([
      0,
      false,
      false,
    ]);
    expect(existsSync(file("etc/elastickv"))).toBe(false);
  });

  test("a group that the administrator gave the settings stays", () => {
    install(deb(1).path);
    if (process.getuid?.() !== 0) return;
    run(["chgrp", "12345", file(SETTINGS)]);
    install(deb(2).path);
    expect(statSync(file(SETTINGS)).gid).toBe(12345);
  });

  test("switch-version refuses what is no version", () => {
    install(deb(1).path);
    const tool = file("usr/lib/elastickv/switch-version");
    for (const words of [
      ["0.0.9"],
      ["../x"],
      [".keep"],
      [""],
      ["--frobnicate"],
      ["1", "2"],
      ["--no-restart"],
    ]) {
      const { code, out } = run([tool, ...words]);
      expect([words, code]).toEqual([words, 1]);
      expect(out).toStartWith("switch-version: ");
    }
    expect(readlinkSync(file("usr/lib/elastickv/current"))).toBe(fakeRelease(folder.path, 1).release.name);
  });
});
