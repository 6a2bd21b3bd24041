/** The tarball for other distributions, with a small executable, in a root of its own. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildTarball, tarballName } from "../../scripts/package/tarball.ts";
import { needs } from "../platform/support/needs.ts";
import { FakeHost, fakeRelease, run, temporary } from "./support/packages.ts";

let folder: ReturnType<typeof temporary>;
let host: FakeHost;
beforeEach(() => {
  folder = temporary();
  host = new FakeHost(folder.path);
});
afterEach(() => folder.remove());

const file = (path: string) => join(host.root, path);

/** @returns the unpacked installer, the name of its release, the tarball. */
function tarball(number: number, body?: string) {
  const input = fakeRelease(folder.path, number, body);
  const path = join(folder.path, `${number}.tar.gz`);
  buildTarball({ ...input, outfile: path });
  expect(run(["tar", "-xzf", path, "-C", folder.path])).toEqual({ code: 0, out: "" });
  return {
    installer: join(folder.path, tarballName(input.release.name), "install.sh"),
    name: input.release.name,
    path,
  };
}

const install = (installer: string, ...words: string[]) => run([installer, ...words, "--destdir", host.root]);

test("two builds are the same bytes", () => {
  const first = readFileSync(tarball(1).path);
  expect(readFileSync(tarball(1).path).equals(first)).toBe(true);
});

test("installed below /usr/local: unit, manuals and link name that place", () => {
  const { installer, name } = tarball(1);
  const { code, out } = install(installer);
  expect([code, out]).toEqual([0, expect.stringContaining(`* ${name}\nnot started`)]);
  expect(host.runs("usr/local")).toEqual([name, "elastickv of 1"]);
  const unit = readFileSync(file("etc/systemd/system/elastickv.service"), "utf8");
  expect(unit).toContain("ExecStart=/usr/local/lib/elastickv/current/elastickv serve");
  expect(unit).not.toMatch(/\/usr\/(lib|share)/);
  expect((statSync(file("etc/elastickv/elastickv.env")).mode & 0o777).toString(8)).toBe("640");
  for (const path of [
    "share/man/man1/elastickv.1.gz",
    "share/bash-completion/completions/elastickv",
    "share/zsh/site-functions/_elastickv",
    "share/fish/vendor_completions.d/elastickv.fish",
    "share/doc/elastickv/copyright",
    "share/doc/elastickv/operations/install.md",
    "lib/sysusers.d/elastickv.conf",
  ]) {
    expect([path, existsSync(file(join("usr/local", path)))]).toEqual([path, true]);
  }
  // Nothing is left over from putting files in their places.
  const all = readdirSync(host.root, { recursive: true }).map(String);
  expect(all.filter((path) => path.endsWith(".new"))).toEqual([]);
});

test("again is the same; an upgrade keeps settings, data and the version before", () => {
  const [one, two] = [tarball(1), tarball(2)];
  expect(install(one.installer).code).toBe(0);
  writeFileSync(file("etc/elastickv/elastickv.env"), "ELASTICKV_NODE_ID=n7\n");
  mkdirSync(file("var/lib/elastickv"), { recursive: true });
  expect(install(one.installer).out).toBe(`* ${one.name}\n`);
  expect(install(two.installer, "upgrade").out).toBe(`* ${two.name}\n  ${one.name}\n`);
  expect(readFileSync(file("etc/elastickv/elastickv.env"), "utf8")).toBe("ELASTICKV_NODE_ID=n7\n");
  expect(run([file("usr/local/lib/elastickv/switch-version"), "--no-restart", one.name]).code).toBe(0);
  expect(host.runs("usr/local")).toEqual([one.name, "elastickv of 1"]);
  for (const number of [3, 4, 5]) expect(install(tarball(number).installer).code).toBe(0);
  expect(host.versions("usr/local")).toHaveLength(3);
});

test("--stage leaves the version that runs; --prefix is another place", () => {
  const [one, two] = [tarball(1), tarball(2)];
  expect(install(one.installer, "--prefix", "/opt/ekv").code).toBe(0);
  expect(install(two.installer, "--prefix", "/opt/ekv", "--stage").out).toBe(
    `  ${two.name}\n* ${one.name}\n`,
  );
  expect(host.runs("opt/ekv")).toEqual([one.name, "elastickv of 1"]);
});

test("uninstalled: every version goes, settings and data stay, and it says so; twice is no error", () => {
  const { installer } = tarball(1);
  install(installer);
  install(tarball(2).installer);
  mkdirSync(file("var/lib/elastickv"), { recursive: true });
  for (const _ of [1, 2]) {
    const { code, out } = install(installer, "uninstall");
    expect(code).toBe(0);
    for (const left of ["/var/lib/elastickv ", "/etc/elastickv ", "user and group"])
      expect(out).toContain(left);
  }
  const left = readdirSync(join(host.root, "usr/local"), { recursive: true }).filter(
    (path) => !statSync(join(host.root, "usr/local", String(path))).isDirectory(),
  );
  expect(left).toEqual([]);
  expect(existsSync(file("etc/systemd/system/elastickv.service"))).toBe(false);
  expect([existsSync(file("var/lib/elastickv")), existsSync(file("etc/elastickv/elastickv.env"))]).toEqual([
    true,
    true,
  ]);
});

test("what is refused changes nothing", () => {
  const { installer } = tarball(1);
  for (const words of [["upgrade"], ["--prefix", "usr"], ["--prefix"], ["frobnicate"], ["--frobnicate"]]) {
    const { code, out } = run([installer, "--destdir", host.root, ...words]);
    expect([words, code]).toEqual([words, 1]);
    expect(out).toStartWith("install.sh: ");
  }
  expect(existsSync(file("usr/local"))).toBe(false);
});

test("a version that does not start on this machine does not become the one that runs", () => {
  const [one, broken] = [tarball(1), tarball(2, "exit 132")];
  install(one.installer);
  expect(install(broken.installer).code).toBe(1);
  expect(host.runs("usr/local")).toEqual([one.name, "elastickv of 1"]);
});

describe.if(needs("shellcheck"))("shellcheck", () => {
  test("has nothing to say about install.sh", () => {
    const script = join(dirname(import.meta.dir), "../packaging/install.sh");
    expect(run(["shellcheck", "-s", "sh", script])).toEqual({ code: 0, out: "" });
  });
});
