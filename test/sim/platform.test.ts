/** The simulated machine room: threads, messages, streams. */
import { describe, expect, test } from "bun:test";
import { type Process, Scheduler, SimThread } from "./lib/scheduler.ts";
import { simChannel } from "./lib/sim-channel.ts";
import { Fabric, type NetworkConditions } from "./lib/sim-network.ts";
import { SimRandom } from "./lib/sim-random.ts";

function process(name: string): Process {
  return {
    name,
    alive: true,
    held: undefined,
    onError: (_thread, error) => {
      throw error;
    },
  };
}

function drain(scheduler: Scheduler, limit = 100_000): void {
  for (let i = 0; i < limit; i++) if (!scheduler.step()) return;
  throw new Error("it does not end");
}

describe("threads", () => {
  test("a turn takes its microtasks with it", () => {
    const scheduler = new Scheduler(new SimRandom(1));
    const thread = new SimThread(scheduler, process("p"), "t");
    const order: string[] = [];
    thread.post(1, "one", () => {
      void Promise.resolve()
        .then(() => null)
        .then(() => order.push("one's promise"));
      order.push("one");
    });
    thread.post(2, "two", () => order.push("two"));
    drain(scheduler);
    expect(order).toEqual(["one", "one's promise", "two"]);
  });

  test("a thread that is busy takes nothing else, and what it sends leaves when it had come to it", () => {
    const scheduler = new Scheduler(new SimRandom(1));
    const p = process("p");
    const [a, b] = [new SimThread(scheduler, p, "a"), new SimThread(scheduler, p, "b")];
    const [left, right] = simChannel<never, string>(a, b, () => 1);
    const seen: string[] = [];
    right.onBatch((messages) => seen.push(`${messages.join("+")} at ${scheduler.now}`));
    a.post(10, "work", () => {
      left.send("before");
      left.flush();
      scheduler.spend(5);
      left.send("after");
    });
    a.post(11, "more", () => seen.push(`more at ${scheduler.now}`));
    drain(scheduler);
    expect(seen).toEqual(["before at 11", "more at 15", "after at 16"]);
  });

  test("a stopped process finds what came meanwhile, in order; a dead one finds nothing", () => {
    const scheduler = new Scheduler(new SimRandom(1));
    const p = process("p");
    const thread = new SimThread(scheduler, p, "t");
    const seen: number[] = [];
    for (const i of [1, 2, 3, 4]) thread.post(i, "n", () => seen.push(i));
    scheduler.after(1.5, () => {
      p.held = [];
    });
    scheduler.after(3.5, () => {
      const held = p.held ?? [];
      p.held = undefined;
      for (const task of held) task();
      expect(seen).toEqual([1, 2, 3]);
      p.alive = false;
    });
    drain(scheduler);
    expect(seen).toEqual([1, 2, 3]);
  });

  test("mail keeps its order however long each batch takes", () => {
    const random = new SimRandom(7);
    const scheduler = new Scheduler(random.fork("s"));
    const p = process("p");
    const [a, b] = [new SimThread(scheduler, p, "a"), new SimThread(scheduler, p, "b")];
    const [left, right] = simChannel<never, number>(a, b, () => random.exponential(10));
    const seen: number[] = [];
    right.onBatch((messages) => seen.push(...messages, ...right.drain()));
    for (let i = 0; i < 200; i++) a.post(i, "send", () => left.send(i));
    drain(scheduler);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });
});

describe("streams", () => {
  const LAN: NetworkConditions = { latencyMs: 1, jitterMs: 1, loss: 0, split: 0.3 };

  function pair(seed: number, conditions = LAN) {
    const random = new SimRandom(seed);
    const scheduler = new Scheduler(random.fork("s"));
    const fabric = new Fabric(scheduler, random.fork("n"), conditions);
    const [pa, pb] = [process("a"), process("b")];
    const [ta, tb] = [new SimThread(scheduler, pa, "a"), new SimThread(scheduler, pb, "b")];
    const received: number[] = [];
    const closed: string[] = [];
    void fabric.of("b", tb).listen({ host: "b", port: 1 }, () => ({
      onData: (bytes) => received.push(...bytes),
      onClose: (reason) => closed.push(`b: ${reason}`),
    }));
    const connection = fabric.of("a", ta).connect(
      { host: "b", port: 1 },
      {
        onData: () => {},
        onClose: (reason) => closed.push(`a: ${reason}`),
      },
    );
    const write = (count: number): void => {
      for (let i = 0; i < count; i++) {
        ta.post(i, "write", () => connection.write(Uint8Array.of(2 * i, 2 * i + 1)));
      }
    };
    return { scheduler, fabric, pb, tb, received, closed, connection, write };
  }
  const all = (count: number): number[] => Array.from({ length: 2 * count }, (_, i) => i % 256);

  test("deliver every byte in order, late and in pieces, whatever is lost on the way", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { scheduler, received, closed, write } = pair(seed, { ...LAN, loss: 0.2 });
      write(100);
      drain(scheduler);
      expect(received).toEqual(all(100));
      expect(closed).toEqual([]);
    }
  });

  test("wait while the way is cut, in that direction only", () => {
    const { scheduler, fabric, received, write } = pair(1);
    for (let i = 0; i < 10; i++) scheduler.step();
    fabric.block("a", "b");
    write(50);
    scheduler.after(500, () => {
      expect(received).toEqual([]);
      fabric.unblock("a", "b");
    });
    drain(scheduler);
    expect(received).toEqual(all(50));
  });

  test("end in the middle: what arrives is a prefix, and both ends hear of it", () => {
    let torn = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { scheduler, fabric, received, closed, write } = pair(seed);
      write(100);
      scheduler.after(50, () => [...fabric.endpoints][0]?.reset());
      drain(scheduler);
      expect(received).toEqual(all(100).slice(0, received.length));
      expect(closed.toSorted()).toEqual(["a: ECONNRESET", "b: ECONNRESET"]);
      torn += received.length % 2;
    }
    expect(torn).toBeGreaterThan(0);
  });

  test("a killed process is heard of, one without power is not", () => {
    const killed = pair(1);
    killed.write(10);
    killed.scheduler.after(100, () => {
      killed.pb.alive = false;
      killed.fabric.processEnded("b", killed.tb);
    });
    drain(killed.scheduler);
    expect(killed.closed).toEqual(["a: ECONNRESET"]);
    const dark = pair(1);
    dark.write(10);
    dark.scheduler.after(100, () => dark.fabric.powerCut("b"));
    drain(dark.scheduler);
    expect(dark.closed).toEqual([]);
  });

  test("a port that nobody listens at refuses", () => {
    const { scheduler, fabric, tb } = pair(1);
    const closed: string[] = [];
    fabric
      .of("b", tb)
      .connect({ host: "a", port: 9 }, { onData: () => {}, onClose: (why) => closed.push(why) });
    drain(scheduler);
    expect(closed).toEqual(["ECONNREFUSED"]);
  });
});
