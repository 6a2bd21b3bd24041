/** A service manager's end of the notify socket: receives datagrams, which Bun cannot, by libc. */
import { dlopen, FFIType } from "bun:ffi";
import { rmSync } from "node:fs";
import { socketAddress } from "../../../src/platform/service-manager.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_DONTWAIT = 0x40;
const POLL_MS = 10;

const libc = dlopen("libc.so.6", {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
}).symbols;

export class NotifyReceiver {
  readonly #fd: number;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(16 << 10);
  /** Every line so far, oldest first. */
  readonly lines: string[] = [];

  /** @param socket a path, or `@name`. */
  constructor(socket: string) {
    const address = socketAddress(socket);
    if (address === undefined) throw new Error(`${socket} is too long`);
    this.#path = socket;
    this.#fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (this.#fd < 0 || libc.bind(this.#fd, address, address.length) !== 0) throw new Error(`bind ${socket}`);
  }

  /** Takes what has come. @returns the new lines. */
  take(): string[] {
    const before = this.lines.length;
    for (;;) {
      const bytes = Number(libc.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT));
      if (bytes < 0) return this.lines.slice(before);
      this.lines.push(...this.#buffer.toString("utf8", 0, bytes).split("\n"));
    }
  }

  /** Waits for a line. @throws Error with what came when it does not. */
  async until(wanted: RegExp, limitMs = 60_000): Promise<string> {
    for (let waited = 0; waited < limitMs; waited += POLL_MS) {
      this.take();
      const found = this.lines.find((line) => wanted.test(line));
      if (found !== undefined) return found;
      await Bun.sleep(POLL_MS);
    }
    throw new Error(`${wanted} did not come; these did:\n${this.lines.join("\n")}`);
  }

  /** Forgets what has come so far. */
  clear(): void {
    this.take();
    this.lines.length = 0;
  }

  close(): void {
    libc.close(this.#fd);
    if (!this.#path.startsWith("@")) rmSync(this.#path, { force: true });
  }
}
