/** The proxies that the cluster tests cut: a test of the tests, without a node. */
import { expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { waitFor } from "./lib/cluster.ts";
import { freePorts } from "./lib/node-process.ts";
import { PeerLinks } from "./lib/peer-links.ts";

/** This process dials as "a"; "b" is an echo server. */
async function withEcho(run: (links: PeerLinks, dial: () => Talk, heard: () => string) => Promise<void>) {
  const [advertised = 0, listens = 0, unused = 0] = await freePorts(3);
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  await new Promise<void>((done) => server.listen(listens, "127.0.0.1", done));
  const links = new PeerLinks();
  await links.add({ name: "b", advertisedPort: advertised, listenPort: listens, pid: () => undefined });
  await links.add({ name: "a", advertisedPort: unused, listenPort: unused, pid: () => process.pid });
  const talks: Talk[] = [];
  try {
    await run(
      links,
      () => {
        const talk = new Talk(advertised);
        talks.push(talk);
        return talk;
      },
      () => heard,
    );
  } finally {
    for (const talk of talks) talk.socket.destroy();
    for (const socket of sockets) socket.destroy();
    links.close();
    server.close();
  }
}

class Talk {
  readonly socket: Socket;
  answered = "";
  ended = false;

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.ended = true;
    });
    this.socket.on("data", (bytes) => {
      this.answered += bytes.toString();
    });
  }

  answers(text: string): Promise<void> {
    return waitFor(() => this.answered === text, 5_000, `answered "${text}"`);
  }
}

test("bytes go through; a cut holds them back one way, and they come late", async () => {
  await withEcho(async (links, dial, heard) => {
    const talk = dial();
    talk.socket.write("one");
    await talk.answers("one");

    links.cut("a", "b");
    talk.socket.write("two");
    await Bun.sleep(100);
    expect(heard()).toBe("one");
    links.heal();
    await talk.answers("onetwo");

    // The way back: it is heard, and the answer does not arrive.
    links.cut("b", "a");
    talk.socket.write("three");
    await waitFor(() => heard() === "onetwothree", 5_000, "heard");
    await Bun.sleep(100);
    expect(talk.answered).toBe("onetwo");
    links.heal();
    await talk.answers("onetwothree");
  });
});

test("a connection that is dialled into a cut hangs, and comes through when it heals", async () => {
  await withEcho(async (links, dial, heard) => {
    links.isolate("a");
    const talk = dial();
    talk.socket.write("late");
    await Bun.sleep(100);
    expect({ heard: heard(), ended: talk.ended }).toEqual({ heard: "", ended: false });
    links.heal();
    await talk.answers("late");
  });
});

test("a delay keeps the order; a reset ends the connection, and the next one works", async () => {
  await withEcho(async (links, dial) => {
    const talk = dial();
    links.delay("a", "b", 100);
    const begin = performance.now();
    for (const piece of ["1", "2", "3"]) {
      talk.socket.write(piece);
      await Bun.sleep(5);
    }
    await talk.answers("123");
    expect(performance.now() - begin).toBeGreaterThanOrEqual(100);
    links.reset("b", "a");
    await waitFor(() => talk.ended, 5_000, "ended");
    links.heal();
    const again = dial();
    again.socket.write("again");
    await again.answers("again");
  });
});
