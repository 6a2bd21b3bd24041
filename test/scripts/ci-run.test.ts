import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "elastickv-ci-"));
  mkdirSync(join(root, ".ci"));
  mkdirSync(join(root, "bin"));
  copyFileSync(join(import.meta.dir, "../../.ci/run"), join(root, ".ci/run"));
  script("dpkg-query", 'printf "install ok installed"');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function script(name: string, body: string): void {
  const path = join(root, "bin", name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

/** Runs .ci/run with a `make` that behaves as told for each target, and as fine without a count for the others. */
async function ci(targets: Record<string, string>): Promise<{ last: string; code: number }> {
  const cases = Object.entries(targets).map(([target, body]) => `${target}) ${body} ;;`);
  script("make", `case "$1" in\n${cases.join("\n")}\nesac`);
  const child = Bun.spawn(["bash", join(root, ".ci/run")], {
    env: { PATH: `${root}/bin:${process.env["PATH"]}` },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { last: out.trimEnd().split("\n").at(-1) ?? "", code };
}

/** Stages that count nothing in these tests: install, tools, build, smoke, package, client packages, client libraries, clients (twice), host
 *  packages, hosts, bench, simulator,
 *  planted bugs. */
const UNCOUNTED = 14;

test("counts of all stages are added up", async () => {
  const { last, code } = await ci({
    test: "printf ' 120 pass\\n 4 skip\\n 0 fail\\n 500 expect() calls\\n'",
    check: "echo 'check: 5 passed, 0 failed'",
    "process-test": "printf 'ok a\\n3 passed, 0 failed, 2 skipped\\n'",
  });
  expect([last, code]).toEqual([`${120 + 5 + 3 + UNCOUNTED} passed, 0 failed, 6 skipped`, 0]);
});

test("failures are counted, the later stages still run, and the exit code says so", async () => {
  const { last, code } = await ci({
    test: "printf '\\033[0m 119 pass\\n\\033[31m 1 fail\\033[0m\\n'; exit 1",
    check: "echo 'check: 3 passed, 2 failed'; exit 2",
    "process-test": "echo '3 passed, 0 failed'",
  });
  expect([last, code]).toEqual([`${119 + 3 + 3 + UNCOUNTED} passed, 3 failed, 0 skipped`, 1]);
});

test("a stage that ends badly without saying so is one failure", async () => {
  const { last, code } = await ci({
    test: "echo ' 5 pass'; exit 134",
    check: "exit 2",
    "process-test": "echo '3 passed, 0 failed'; exit 7",
  });
  expect([last, code]).toEqual([`${5 + 0 + 3 + UNCOUNTED} passed, 3 failed, 0 skipped`, 1]);
});
