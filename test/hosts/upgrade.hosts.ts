/**
 * An update from a release that landed (build-releases.ts; or the package that ELASTICKV_HOST_TEST_FROM names) to this checkout's under load, and
 * back. Skipped where the checkout has no such history.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Lab } from "./lib/lab.ts";
import { Load, loadReport } from "./lib/load.ts";

const lab = new Lab();
const from = process.env["ELASTICKV_HOST_TEST_FROM"] ?? lab.packages.landed?.deb;
const versions = () => Promise.all(lab.hosts.map((host) => host.running()));

beforeAll(async () => {
  if (from === undefined) return;
  await lab.boot();
  await lab.install({ name: "before", commit: "before", deb: from });
  await lab.makeBucket("hosts");
  await lab.s3(lab.hosts[0]!, "hosts").write("kept", "from before the update");
}, 300_000);
afterAll(() => lab.powerOff());

test.if(from !== undefined)(
  "no client notices the update from the release before, and the way back",
  async () => {
    const before = await versions();
    const load = await Load.start(lab);
    const update = await lab.update([lab.packages.first.deb]);
    expect([update.code, update.code === 0 ? "" : update.err]).toEqual([0, ""]);
    expect(await versions()).toEqual(lab.hosts.map(() => lab.packages.first.name));
    const back = await lab.update(["--rollback"]);
    expect([back.code, back.code === 0 ? "" : back.err]).toEqual([0, ""]);
    expect(await versions()).toEqual(before);
    const result = await load.stop();
    console.log(loadReport("an update and its way back", result));
    expect(result.errors).toEqual([]);
    await kept();
  },
  900_000,
);

test.if(from !== undefined)(
  "the package of the release before takes the place of this one, and leaves no lock behind",
  async () => {
    const before = await versions();
    const { deb, name } = lab.packages.first;
    for (const [to, ran] of [
      [deb, lab.hosts.map(() => name)],
      [from!, before],
      [deb, lab.hosts.map(() => name)],
    ] as const) {
      const { code, err } = await lab.update([to]);
      expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
      expect(await versions()).toEqual([...ran]);
    }
    // A release before the lock cannot show it.
    const lock = await lab.hosts[0]!.must("elastickv", "cluster", "update-lock", "show", "--json");
    expect(JSON.parse(lock)).toEqual({ lock: null });
    await kept();
  },
  900_000,
);

async function kept(): Promise<void> {
  for (const host of lab.hosts)
    expect(await lab.s3(host, "hosts").file("kept").text()).toBe("from before the update");
}
