/** `make package-test`: the real executable in its package. Not part of `make test`: it builds everything twice. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { releaseOf } from "../../scripts/package/release.ts";
import { needs } from "../platform/support/needs.ts";
import { FakeHost, run } from "./support/packages.ts";

const root = join(import.meta.dir, "../..");
const release = releaseOf();

let folder: string;
const built: string[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "elastickv-real-"));
  for (const name of ["first", "second"]) {
    mkdirSync(join(folder, name));
    for (const kind of ["deb", "tarball"]) {
      // The second time the executable is made anew as well.
      if (name === "second" && kind === "deb") rmSync(join(root, "dist/elastickv"));
      const { code, out } = run([
        process.execPath,
        join(root, "scripts/package.ts"),
        kind,
        join(folder, name),
      ]);
      if (code !== 0) throw new Error(out);
    }
  }
  built.push(...readdirSync(join(folder, "first")).sort());
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const deb = () => join(folder, "first", `elastickv_${release.name}_amd64.deb`);

describe.if(needs("dpkg"))("package and tarball", () => {
  test("are named after the release", () =>
    expect(built).toEqual([
      `elastickv-${release.name}-linux-amd64.tar.gz`,
      `elastickv_${release.name}_amd64.deb`,
    ]));

  test("two builds of one commit are the same bytes, the executable among them", () => {
    for (const name of built) {
      const [first, second] = ["first", "second"].map((at) => readFileSync(join(folder, at, name)));
      expect([name, first?.equals(second ?? new Uint8Array())]).toEqual([name, true]);
    }
  });

  test.if(needs("lintian"))("lintian finds no error", () => {
    const { out } = run(["lintian", "--fail-on", "error", "--tag-display-limit", "0", deb()]);
    expect(out.split("\n").filter((line) => /^[EW]:/.test(line))).toEqual([]);
  });

  test("what is installed runs, and says which release it is", () => {
    const host = new FakeHost(folder);
    const { code, out } = host.dpkg(["-i", deb()]);
    expect([code, out]).toEqual([0, expect.stringContaining("not started")]);
    const said = JSON.parse(run([join(host.root, "usr/bin/elastickv"), "version", "--json"]).out);
    expect([said.release, said.commit]).toEqual([release.name, release.commit]);
    expect(host.runs()[0]).toBe(release.name);
  });
});
