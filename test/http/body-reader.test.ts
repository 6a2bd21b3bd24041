/** The body of a request, from socket pieces to where its reader wants the bytes; without sockets. */
import { afterAll, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ReadAhead, SocketBody } from "../../src/http/body-reader.ts";
import { IdleWatch } from "../../src/http/idle-watch.ts";
import type { BodyError } from "../../src/http/types.ts";

const watch = new IdleWatch(60_000);
afterAll(() => watch.close());

class Request extends EventEmitter {
  readonly complete = false;
  readonly socket = undefined;
  paused = false;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

function bodyOf(declaredLength: number | undefined, idle = watch, readAhead = new ReadAhead()) {
  const request = new Request();
  const response = new EventEmitter();
  const body = new SocketBody(
    request as unknown as IncomingMessage,
    response as unknown as ServerResponse,
    declaredLength,
    false,
    idle,
    readAhead,
    () => {},
  );
  return { body, request, response };
}

const bytes = (length: number, from = 0): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => ((from + i) * 7 + ((from + i) >> 8)) & 0xff);

test("bodies that together hold much are paused while nobody reads, each goes on when it is read, and what ends gives back", async () => {
  const readAhead = new ReadAhead();
  const many = Array.from({ length: 70 }, () => bodyOf(undefined, watch, readAhead));
  for (const { body, request } of many) {
    const target = new Uint8Array(1_000);
    const filled = body.readInto(target);
    request.emit("data", bytes(1_000));
    expect(await filled).toBe(1_000);
    request.emit("data", bytes(250_000));
  }
  // Each holds less than one body may; together it is 16 MiB at the 68th.
  expect(many.map(({ request }) => request.paused)).toEqual(many.map((_, i) => i >= 67));
  expect(readAhead.bytes).toBe(70 * 250_000);
  const [first, second, last] = [many[0], many[1], many[69]];
  if (first === undefined || second === undefined || last === undefined) throw new Error("no bodies");
  // A read takes what is there, and more can come; when its target is full, nothing more may.
  const target = new Uint8Array(260_000);
  const reading = last.body.readInto(target);
  expect(last.request.paused).toBe(false);
  last.request.emit("data", bytes(10_000));
  expect([await reading, last.request.paused]).toEqual([260_000, true]);
  const next = last.body.read();
  expect(last.request.paused).toBe(false);
  last.request.emit("data", bytes(7));
  expect((await next)?.length).toBe(7);
  expect(readAhead.bytes).toBe(69 * 250_000);
  first.body.fail("TRUNCATED", "gone");
  second.body.detach();
  expect(readAhead.bytes).toBe(67 * 250_000);
  for (const { body } of many) body.detach();
  expect(readAhead.bytes).toBe(0);
});

test("a target is filled across pieces, and a piece's rest is for the next call", async () => {
  const { body, request } = bodyOf(20_000);
  const first = new Uint8Array(9_000);
  const filling = body.readInto(first);
  for (let at = 0; at < 20_000; at += 4_000) request.emit("data", bytes(4_000, at));
  request.emit("end");
  expect([await filling, body.received]).toEqual([9_000, 9_000]);
  expect(first).toEqual(bytes(9_000));
  // The rest of the piece that filled the target, as a piece of its own.
  expect(await body.read()).toEqual(bytes(3_000, 9_000));
  const last = new Uint8Array(10_000);
  expect(await body.readInto(last)).toBe(8_000);
  expect(last.subarray(0, 8_000)).toEqual(bytes(8_000, 12_000));
  expect([await body.readInto(last), await body.read(), body.received, body.finished]).toEqual([
    0,
    undefined,
    20_000,
    true,
  ]);
});

test("whatever the pieces and the targets: every byte once, in order", async () => {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return below === 0 ? 0 : (state >>> 8) % below;
  };
  for (let round = 0; round < 300; round++) {
    const size = random(60_000);
    const whole = bytes(size);
    const { body, request } = bodyOf(size);
    let sent = 0;
    const send = (): void => {
      const piece = Uint8Array.from(whole.subarray(sent, sent + 1 + random(9_000)));
      // Before it loses its memory.
      sent += piece.length;
      if (piece.length > 0) request.emit("data", piece);
      if (sent === size) request.emit("end");
    };
    const got: Uint8Array[] = [];
    // The first read attaches the listeners.
    let reading = body.readInto(new Uint8Array(0));
    await reading;
    for (let ended = false; !ended; ) {
      while (sent < size && random(3) === 0) send();
      if (random(3) === 0) {
        const piece = body.read();
        if (body.reading) send();
        const view = await piece;
        if (view === undefined) ended = true;
        else got.push(Uint8Array.from(view));
        continue;
      }
      const target = new Uint8Array(1 + random(12_000));
      reading = body.readInto(target);
      while (body.reading) send();
      const filled = await reading;
      got.push(target.subarray(0, filled));
      ended = filled < target.length;
    }
    expect(Buffer.concat(got)).toEqual(Buffer.from(whole));
    expect(body.received).toBe(size);
  }
});

test("a piece loses its memory once it is copied, or when the next is asked for; shared memory and small pieces do not", async () => {
  const { body, request } = bodyOf(undefined);
  const shared = new Uint8Array(new SharedArrayBuffer(8_192));
  const within = new Uint8Array(new ArrayBuffer(20_000), 0, 8_192);
  const pieces = [new Uint8Array(8_192), new Uint8Array(100), new Uint8Array(8_192), within, shared];
  const target = new Uint8Array(50_000);
  const filling = body.readInto(target);
  for (const piece of pieces) request.emit("data", piece);
  expect(pieces.map((piece) => piece.length)).toEqual([0, 100, 0, 8_192, 8_192]);
  const queued = [new Uint8Array(60_000), new Uint8Array(8_192)] as const;
  for (const piece of queued) request.emit("data", piece);
  await filling;
  // Its rest is still to be read.
  expect(queued[0].length).toBe(60_000);
  const rest = await body.read();
  expect(rest?.length).toBe(60_000 - (50_000 - 8_192 * 4 - 100));
  expect((await body.read())?.length).toBe(8_192);
  expect([rest?.length, queued.map((piece) => piece.length)]).toEqual([0, [0, 8_192]]);
  const more = body.readInto(target);
  expect(queued.map((piece) => piece.length)).toEqual([0, 0]);
  request.emit("end");
  expect(await more).toBe(0);
});

test("what nobody asks for is held back at the socket, and let go as it is taken", async () => {
  const { body, request } = bodyOf(undefined);
  await body.readInto(new Uint8Array(0));
  for (let i = 0; i < 4; i++) request.emit("data", new Uint8Array(65_536));
  expect(request.paused).toBe(true);
  expect(await body.readInto(new Uint8Array(1))).toBe(1);
  expect(request.paused).toBe(false);
  request.emit("data", new Uint8Array(1));
  expect(request.paused).toBe(true);
});

test("a wait for bytes ends with the body's failure, also with a target half full", async () => {
  for (const [fail, code] of [
    [(_: Request, response: EventEmitter) => response.emit("close"), "TRUNCATED"],
    [(request: Request) => request.emit("end"), "TRUNCATED"],
    [(request: Request) => request.emit("data", new Uint8Array(1_000)), "TOO_LONG"],
    [(_: Request, __: EventEmitter, body: SocketBody) => body.onIdle(), "TIMEOUT"],
  ] as const) {
    const { body, request, response } = bodyOf(100);
    const filling = body.readInto(new Uint8Array(100));
    request.emit("data", new Uint8Array(40));
    fail(request, response, body);
    const error = await filling.then(
      () => undefined,
      (reason: BodyError) => reason,
    );
    expect(error?.code).toBe(code);
    await expect(body.readInto(new Uint8Array(1))).rejects.toBe(error as BodyError);
    await expect(body.read()).rejects.toBe(error as BodyError);
  }
});

test("each piece begins a new wait for the next one", async () => {
  const entered: number[] = [];
  let waits = 0;
  const counting = {
    enter: () => void entered.push(++waits),
    leave: () => {},
    close: () => {},
  } as unknown as IdleWatch;
  const { body, request } = bodyOf(30, counting);
  const filling = body.readInto(new Uint8Array(30));
  for (let i = 0; i < 3; i++) request.emit("data", new Uint8Array(10));
  expect(await filling).toBe(30);
  expect(entered).toEqual([1, 2, 3]);
});
