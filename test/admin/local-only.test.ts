/** Without a login only those who are on the machine may change anything: what counts as being on it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { type AdminListener, type AdminOptions, startAdmin } from "../../src/admin/listener.ts";
import { isLoopback, refuseChange } from "../../src/admin/local-only.ts";
import { adminSocketPlace, SOCKET_PATH_MAX } from "../../src/config/admin-socket.ts";
import type { MemberChange } from "../../src/messages/cluster.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { raw } from "./raw.ts";
import { clusterStatus } from "./status.ts";

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
    },
    ...more,
  });
  listeners.push(listener);
  return { asked, warnings, listener, port: listener.address.port };
}

const CHANGES = [
  ["POST", "/v1/cluster/learners", '{"name":"n4","address":"h4:9002"}'],
  ["POST", "/v1/cluster/members/n4/promote", "{}"],
  ["DELETE", "/v1/cluster/members/n3", ""],
  ["POST", "/v1/cluster/replace", '{"remove":"n3","promote":"n4"}'],
  ["POST", "/v1/cluster/transfer-leader", "{}"],
] as const;

function text(method: string, path: string, body: string, headers = "", host = "127.0.0.1"): string {
  const json = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}${json}\r\n${body}`;
}

const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

describe("over the network", () => {
  // The machine's own address stands for any other: it is not a loopback address either.
  const remote = test.skipIf(ADDRESS === undefined);
  const host = ADDRESS ?? "";

  remote.each(CHANGES)("%s %s is refused with 403, why, and what to do", async (method, path, body) => {
    const { asked, port } = await start();
    const answer = await raw(port, text(method, path, body, "", host), { host });
    expect(answer).toStartWith("HTTP/1.1 403 ");
    const refusal = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as { code: string; message: string };
    expect(refusal.code).toBe("NOT_LOCAL");
    expect(refusal.message).toContain(`a change from ${host} is refused: the admin API has no login yet`);
    expect(refusal.message).toContain("run elastickv cluster on the machine of any node");
    expect(asked).toEqual([]);
  });

  remote.each(["PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MKCOL"])(
    "%s is refused on every path, known or not",
    async (method) => {
      const { asked, port } = await start();
      for (const path of ["/", "/healthz", "/metrics", "/v1/cluster", "/v2/anything", "/v1/cluster/x"]) {
        const answer = await raw(port, text(method, path, "", "", host), { host });
        expect([path, answer.split(" ")[1]]).toEqual([path, "403"]);
      }
      expect(asked).toEqual([]);
    },
  );

  remote("either end counts: the socket's own address too", async () => {
    const { asked, port } = await start();
    const ends = { host, localAddress: "127.0.0.1" };
    expect(await raw(port, text(...CHANGES[1], "", host), ends)).toStartWith("HTTP/1.1 403 ");
    expect(asked).toEqual([]);
  });

  remote("no header makes a request local", async () => {
    const { asked, port } = await start();
    for (const header of ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Real-IP: 127.0.0.1"]) {
      const answer = await raw(port, text(...CHANGES[1], `${header}\r\n`), { host });
      expect(answer).toStartWith("HTTP/1.1 403 ");
    }
    expect(asked).toEqual([]);
  });

  remote("the body is not waited for", async () => {
    const { port } = await start();
    const head = `POST /v1/cluster/replace HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 60000\r\n\r\n`;
    expect(await raw(port, head, { host })).toStartWith("HTTP/1.1 403 ");
  });

  remote("reading goes on", async () => {
    const { port } = await start();
    for (const path of ["/healthz", "/readyz", "/metrics", "/v1/cluster", "/v1/version", "/"]) {
      const answer = await raw(port, text("GET", path, "", "", host), { host });
      expect([path, answer.split(" ")[1]]).toEqual([path, "200"]);
    }
  });
});

describe("on loopback", () => {
  test.each(CHANGES)("%s %s is carried out, on a wildcard listener too", async (method, path, body) => {
    for (const listen of ["127.0.0.1", "0.0.0.0", "::"]) {
      const { asked, port } = await start(listen);
      expect(await raw(port, text(method, path, body))).toStartWith("HTTP/1.1 200 ");
      expect(asked).toHaveLength(1);
    }
  });

  test("over IPv6", async () => {
    const { asked, port } = await start("::");
    expect(await raw(port, text(...CHANGES[1], "", "[::1]"), { host: "::1" })).toStartWith("HTTP/1.1 200 ");
    expect(asked).toHaveLength(1);
  });

  test.each([
    "X-Forwarded-For: 203.0.113.9",
    "x-forwarded-for: 127.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: node.example",
    "Forwarded: for=203.0.113.9",
    "Via: 1.1 proxy",
    "X-Real-IP: 203.0.113.9",
  ])("a proxy on this machine speaks for somebody else: %s", async (header) => {
    const { asked, port } = await start();
    const answer = await raw(port, text(...CHANGES[1], `${header}\r\n`));
    expect(answer).toStartWith("HTTP/1.1 403 ");
    expect(answer).toContain(`a change through a proxy (it sent ${header.split(":")[0]?.toLowerCase()})`);
    expect(asked).toEqual([]);
    expect(await raw(port, text("GET", "/v1/cluster", "", `${header}\r\n`))).toStartWith("HTTP/1.1 200 ");
  });

  test("a name that a page may have pointed here changes nothing (DNS rebinding)", async () => {
    const { asked, port } = await start();
    for (const name of ["evil.example", "", "localhost.evil.example"]) {
      expect(await raw(port, text(...CHANGES[1], "", name))).toStartWith("HTTP/1.1 421 ");
    }
    expect(asked).toEqual([]);
  });

  test("a proxy that does not say so, but speaks HTTP/1.0 as nginx does", async () => {
    const { asked, port } = await start();
    for (const host of ["", "Host: 127.0.0.1:9001\r\n"]) {
      const answer = await raw(
        port,
        `DELETE /v1/cluster/members/n3 HTTP/1.0\r\n${host}Connection: close\r\n\r\n`,
      );
      expect(answer).toStartWith("HTTP/1.1 403 ");
      expect(answer).toContain("a change in HTTP/1.0, as a proxy sends it, is refused");
    }
    expect(asked).toEqual([]);
  });

  test("a body above the limit is refused, announced or not", async () => {
    const { asked, port } = await start();
    const head = "POST /v1/cluster/replace HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    expect(await raw(port, `${head}Content-Length: 70000\r\n\r\n`)).toStartWith("HTTP/1.1 413 ");
    const chunk = `${(70_000).toString(16)}\r\n${" ".repeat(70_000)}\r\n0\r\n\r\n`;
    expect(await raw(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`)).toStartWith("HTTP/1.1 413 ");
    expect(asked).toEqual([]);
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.255.3.4", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::FFFF:127.0.0.1", true],
  ["::ffff:10.0.0.1", false],
  ["10.0.0.1", false],
  ["128.0.0.1", false],
  ["::", false],
  ["0.0.0.0", false],
  ["fe80::1", false],
  ["127.0.0.1.evil", false],
  ["127.1", false],
  ["", false],
  [undefined, false],
])("%p is loopback: %p", (address, expected) => expect(isLoopback(address)).toBe(expected));

test("a connection whose ends are not known (it is gone) is not local", () => {
  const ends = { kind: "tcp", remoteAddress: undefined, localAddress: undefined } as const;
  const request = { ends, headers: new Headers(), httpVersion: "1.1" };
  expect(refuseChange(request)).toContain("a change from an unknown address is refused");
});

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

  test("a proxy before it speaks for somebody else", async () => {
    const { asked } = await start("127.0.0.1", { socket: { path: path(), required: true } });
    expect((await change(path(), { Via: "1.1 proxy" })).status).toBe(403);
    expect(asked).toEqual([]);
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
    expect(await raw(port, text("GET", "/healthz", ""))).toStartWith("HTTP/1.1 200 ");
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
