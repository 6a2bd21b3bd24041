/** Who has to go when there is no space for another connection. */
import { describe, expect, test } from "bun:test";
import { addressGroup } from "../../src/http/connection.ts";
import type { Edge } from "../../src/http/options.ts";
import { connectTo, edgeFor, OVER_TLS, recordingMetrics, text, until } from "./fixture.ts";
import type { RawClient } from "./raw-client.ts";

const GET = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const HALF_A_HEAD = "GET / HTTP/1.1\r\nHost: 127";

/** A connection that the edge knows of: it has sent something. */
async function talking(edge: Edge, bytes: string): Promise<RawClient> {
  const before = edge.connections;
  const client = await connectTo(edge);
  await client.send(bytes);
  await until(() => edge.connections === before + 1);
  return client;
}

function gate(): { readonly wait: Promise<void>; open(): void } {
  let open = (): void => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}

describe("all connections taken", () => {
  test("the one that has been without a request for longest makes space", async () => {
    const { metrics, log } = recordingMetrics();
    const edge = await edgeFor(async () => text(200, "ok"), { metrics, limits: { maxConnections: 3 } });
    const idle = await talking(edge, GET);
    const half = await talking(edge, HALF_A_HEAD);
    const third = await talking(edge, GET);
    expect((await idle.response()).status).toBe(200);
    expect((await third.response()).status).toBe(200);
    // The first is used again: now the half-sent head has waited for longest.
    await idle.send(GET);
    expect((await idle.response()).status).toBe(200);
    const newcomer = await connectTo(edge);
    await newcomer.send(GET);
    expect((await newcomer.response()).status).toBe(200);
    await half.closed();
    expect(log.filter((line) => line.startsWith("evicted"))).toEqual(["evicted full"]);
    expect(edge.connections).toBe(3);
    for (const client of [idle, third]) {
      await client.send(GET);
      expect((await client.response()).status).toBe(200);
    }
  });

  // Over TLS the newcomer is closed in its handshake.
  test.skipIf(OVER_TLS)("with a request in progress on each the newcomer is closed", async () => {
    const { metrics, log } = recordingMetrics();
    const release = gate();
    const edge = await edgeFor(
      async () => {
        await release.wait;
        return text(200, "ok");
      },
      { metrics, limits: { maxConnections: 2 } },
    );
    const first = await talking(edge, GET);
    const second = await talking(edge, GET);
    await until(() => edge.inFlight === 2);
    const third = await connectTo(edge);
    await third.send(GET);
    expect((await third.closed()).length).toBe(0);
    expect(log).toEqual(["refused"]);
    release.open();
    for (const client of [first, second]) expect((await client.response()).status).toBe(200);
    const fourth = await connectTo(edge);
    await fourth.send(GET);
    expect((await fourth.response()).status).toBe(200);
    expect(edge.connections).toBe(2);
  });
});

describe("one address", () => {
  test("has its own oldest closed, not refused; requests in progress do not count", async () => {
    const { metrics, log } = recordingMetrics();
    const release = gate();
    const edge = await edgeFor(
      async () => {
        await release.wait;
        return text(200, "ok");
      },
      { metrics, limits: { maxIdlePerAddress: 2 } },
    );
    const busy = [await talking(edge, GET), await talking(edge, GET), await talking(edge, GET)];
    await until(() => edge.inFlight === 3);
    const oldest = await talking(edge, HALF_A_HEAD);
    const second = await talking(edge, HALF_A_HEAD);
    const third = await connectTo(edge);
    await third.send(HALF_A_HEAD);
    expect((await oldest.closed()).length).toBe(0);
    expect(edge.connections).toBe(5);
    expect(log).toEqual(["evicted address"]);
    release.open();
    for (const client of busy) expect((await client.response()).status).toBe(200);
    for (const client of [second, third]) {
      await client.send(".0.0.1\r\n\r\n");
      expect((await client.response()).status).toBe(200);
    }
  });

  test("is a /64 in IPv6, and the IPv4 address where it is mapped", () => {
    const same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:0DB8:1:2:3:4:5:6"];
    expect(new Set(same.map(addressGroup)).size).toBe(1);
    expect(addressGroup("2001:db8:1:3::1")).not.toBe(addressGroup("2001:db8:1:2::1"));
    expect(addressGroup("2001:db8::1:2:0:0:1")).toBe(addressGroup("2001:db8:0:1::9"));
    expect(addressGroup("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(addressGroup("::1")).toBe("0:0:0:0::/64");
    expect(addressGroup("::ffff:192.0.2.7")).toBe("192.0.2.7");
    expect(addressGroup("192.0.2.7")).toBe("192.0.2.7");
  });
});

test("descriptors have run out: the oldest idle connections go, as many as asked", async () => {
  const { metrics, log } = recordingMetrics();
  const edge = await edgeFor(async () => text(200, "ok"), { metrics });
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await talking(edge, HALF_A_HEAD));
  expect(edge.shed(3)).toBe(3);
  expect(edge.connections).toBe(1);
  expect(edge.shed(3)).toBe(1);
  expect(log).toEqual(Array.from({ length: 4 }, () => "evicted descriptors"));
  for (const client of clients) await client.closed();
});
