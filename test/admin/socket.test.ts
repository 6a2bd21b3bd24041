/** The admin socket: who may open it, what it allows, and the file in all its states. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdminListener, type AdminOptions, startAdmin } from "../../src/admin/listener.ts";
import { adminSocketPlace, SOCKET_PATH_MAX } from "../../src/config/admin-socket.ts";
import type { MemberChange } from "../../src/messages/cluster.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { raw } from "./raw.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens, OPERATOR } from "./tokens.ts";

const listeners: AdminListener[] = [];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-admin-"));
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  rmSync(directory, { recursive: true, force: true });
});

async function start(host = "0.0.0.0", more: Partial<AdminOptions> = {}) {
  const asked: MemberChange[] = [];
  const warnings: string[] = [];
  const listener = await startAdmin({
    address: { host, port: 0 },
    onWarning: (message) => warnings.push(message),
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "",
      cluster: async () => clusterStatus(),
      changeCluster: async (change) => {
        asked.push(change);
        return { kind: "done", changed: true, configurationIndex: 7 };
      },
      version: { version: "1", commit: "a", bun: "1" },
      tokens: fakeTokens(),
    },
    ...more,
  });
  listeners.push(listener);
  return { asked, warnings, listener, port: listener.address.port };
}

describe("the admin socket", () => {
  const path = () => join(directory, "admin.sock");
  const change = (socketPath: string, headers: Record<string, string> = {}) =>
    fetch("http://localhost/v1/cluster/members/n4/promote", {
      unix: socketPath,
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: "{}",
    });

  test("takes changes, is for its owner alone whatever the umask, and goes away with the node", async () => {
    const before = process.umask(0);
    try {
      const { asked, listener } = await start("127.0.0.1", { socket: { path: path(), required: true } });
      expect(process.umask()).toBe(0);
      expect(listener.socketPath).toBe(path());
      expect(statSync(path()).mode & 0o7777).toBe(0o600);
      expect((await change(path())).status).toBe(200);
      expect(asked).toEqual([{ kind: "promote", name: "n4" }]);
      expect((await fetch("http://localhost/readyz", { unix: path() })).status).toBe(200);
      await listener.close();
      listeners.splice(0);
      expect(existsSync(path())).toBe(false);
    } finally {
      process.umask(before);
    }
  });

  test.each(["X-Forwarded-For", "x-forwarded-proto", "Forwarded", "Via", "X-Real-IP"])(
    "a proxy before it speaks for somebody else, who needs a token: %s",
    async (header) => {
      const { asked } = await start("127.0.0.1", { socket: { path: path(), required: true } });
      const proxied = { [header]: "127.0.0.1" };
      expect((await change(path(), proxied)).status).toBe(401);
      const read = await fetch("http://localhost/v1/cluster", { unix: path(), headers: proxied });
      expect(read.status).toBe(401);
      expect(asked).toEqual([]);
      expect((await change(path(), { ...proxied, ...OPERATOR })).status).toBe(200);
    },
  );

  test("nginx, which says nothing, but speaks HTTP/1.0", async () => {
    await start("127.0.0.1", { socket: { path: path(), required: true } });
    const answer = await raw(path(), "GET /v1/cluster HTTP/1.0\r\nHost: localhost\r\n\r\n");
    expect(answer).toStartWith("HTTP/1.1 401 ");
  });

  test("one that a killed process left behind is replaced", async () => {
    const child = Bun.spawn(
      [
        process.execPath,
        "-e",
        `Bun.listen({ unix: ${JSON.stringify(path())}, socket: { data() {} } }); console.log("up")`,
      ],
      { stdout: "pipe" },
    );
    await child.stdout.getReader().read();
    child.kill("SIGKILL");
    await child.exited;
    expect(existsSync(path())).toBe(true);
    await start("127.0.0.1", { socket: { path: path(), required: true } });
    expect((await change(path())).status).toBe(200);
  });

  test("one that somebody listens at is left alone, and named", async () => {
    await start("127.0.0.1", { socket: { path: path(), required: true } });
    const second = start("127.0.0.1", { socket: { path: path(), required: true } });
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(`admin socket ${path()} is in use by another process`);
    await second.catch(() => {});
    expect((await change(path())).status).toBe(200);
  });

  test("a file that is no socket is left alone, and named", async () => {
    writeFileSync(path(), "precious");
    const refused = start("127.0.0.1", { socket: { path: path(), required: true } });
    await expect(refused).rejects.toThrow(`admin socket ${path()}: a file is there that is no socket`);
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.LASTING });
    expect(await Bun.file(path()).text()).toBe("precious");
  });

  test("a path that is too long is named with the limit; one that just fits works", async () => {
    const long = (length: number) => join(directory, "x".repeat(length - directory.length - 1));
    const refused = start("127.0.0.1", { socket: { path: long(SOCKET_PATH_MAX + 1), required: true } });
    await expect(refused).rejects.toThrow(
      "has at most 107 bytes (108 with the NUL at its end, unix(7)), this one has 108",
    );
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.USAGE });
    await start("127.0.0.1", { socket: { path: long(SOCKET_PATH_MAX), required: true } });
    expect((await change(long(SOCKET_PATH_MAX))).status).toBe(200);
  });

  test("where nobody asked for it, the node goes on without, with a warning", async () => {
    const missing = join(directory, "nowhere", "admin.sock");
    const { warnings, listener, port } = await start("127.0.0.1", {
      socket: { path: missing, required: false },
    });
    expect(listener.socketPath).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringContaining(`admin socket ${missing}: no socket can be made there (ENOENT)`),
    ]);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const refused = start("127.0.0.1", { socket: { path: missing, required: true } });
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.LASTING });
  });

  test("where it lies: as set, else in the runtime directory of this very process, else with the data", () => {
    const config = { adminSocket: undefined, dataDir: "/d" };
    const place = (environment: Record<string, string>) => adminSocketPlace(config, environment, 42);
    expect(place({})).toEqual({ path: "/d/admin.sock", required: false });
    expect(place({ RUNTIME_DIRECTORY: "/run/e" }).path).toBe("/run/e/admin.sock");
    expect(place({ RUNTIME_DIRECTORY: "/run/e:/run/f", SYSTEMD_EXEC_PID: "42" }).path).toBe(
      "/run/e/admin.sock",
    );
    // A shell or a CI runner that is a service: its directory is not ours.
    expect(place({ RUNTIME_DIRECTORY: "/run/ci", SYSTEMD_EXEC_PID: "7" }).path).toBe("/d/admin.sock");
    expect(adminSocketPlace({ ...config, adminSocket: "/s" }, { RUNTIME_DIRECTORY: "/run/e" }, 42)).toEqual({
      path: "/s",
      required: true,
    });
  });

  test("a directory that may not be looked into is no proof that nobody listens", async () => {
    if (process.getuid?.() === 0) return; // root may look anywhere
    chmodSync(directory, 0o000);
    try {
      expect(start("127.0.0.1", { socket: { path: path(), required: true } })).rejects.toThrow();
    } finally {
      chmodSync(directory, 0o700);
    }
  });
});
