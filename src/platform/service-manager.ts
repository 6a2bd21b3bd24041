/**
 * What a node says to the service manager that started it (systemd, Type=notify): sd_notify(3) and sd_watchdog_enabled(3). Messages are
 * datagrams to the socket that NOTIFY_SOCKET names, one `KEY=VALUE` a line.
 */
import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** How to reach it. Plain data: a Worker can be given it. */
export interface ServiceManagerAddress {
  /** A path, or `@name` in the abstract namespace. */
  readonly socket: string;
  /** It ends a service that has not said WATCHDOG=1 for so long; undefined: it does not look. Milliseconds. */
  readonly watchdogMs: number | undefined;
}

export interface ServiceManager {
  /** Never waits. @param lines `READY=1`, `STATUS=...`; a line break within one is made a blank. */
  notify(...lines: readonly string[]): void;
}

type Variables = Record<string, string | undefined>;

/**
 * Takes what systemd said out of the environment: a child that inherited it could speak in the name of the service.
 * @returns undefined: nobody is to be told.
 */
export function takeServiceManager(environment: Variables, pid: number): ServiceManagerAddress | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
  // systemd gives `vsock:` addresses to virtual machines only, and not to services.
  if (socket === undefined || !/^[@/]./.test(socket)) return undefined;
  const watchdogMs = Number(usec) / 1000;
  const isWatched = watchdogMs > 0 && (watched === undefined || watched === "" || Number(watched) === pid);
  return { socket, watchdogMs: isWatched ? watchdogMs : undefined };
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of sockaddr_un. */
const PATH_BYTES_MAX = 108;

function load() {
  return dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    sendto: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i64,
    },
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
}

/**
 * Over a unix datagram socket, which Bun has not: libc's.
 * @param onProblem told once: nobody hears this node, and after TimeoutStartSec or WatchdogSec systemd will end it.
 */
export function serviceManager(
  { socket }: Pick<ServiceManagerAddress, "socket">,
  onProblem: (message: string) => void,
): ServiceManager {
  const address = socketAddress(socket);
  const libc = load();
  const errno = (): number => read.i32(libc.__errno_location() as Pointer);
  const fd = address === undefined ? -1 : libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  let complained = false;
  const complain = (what: string): void => {
    if (!complained) onProblem(`the service manager at ${socket} cannot be told: ${what}`);
    complained = true;
  };
  if (address === undefined) complain("the path is too long");
  else if (fd < 0) complain(`socket: errno ${errno()}`);
  return {
    notify: (...lines) => {
      if (address === undefined || fd < 0) return;
      const message = Buffer.from(lines.map((line) => line.replaceAll("\n", " ")).join("\n"));
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const sent = libc.sendto(fd, message, message.length, flags, address, address.length);
      if (sent < 0) complain(`sendto: errno ${errno()}`);
    },
  };
}

/** A thread that is late by less than this part of the watchdog's patience is never taken for dead. */
const WATCHDOG_SHARE = 4;

/** @returns what the watched thread calls as often as it likes while it lives; undefined: nobody watches. */
export function watchdog(
  address: ServiceManagerAddress | undefined,
  monotonicMs: () => number,
  onProblem: (message: string) => void,
): (() => void) | undefined {
  const patienceMs = address?.watchdogMs;
  if (address === undefined || patienceMs === undefined) return undefined;
  const manager = serviceManager(address, onProblem);
  let dueMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = monotonicMs();
    if (nowMs < dueMs) return;
    dueMs = nowMs + patienceMs / WATCHDOG_SHARE;
    manager.notify("WATCHDOG=1");
  };
}

/** sockaddr_un, with the length that it has to be given with; undefined: it does not fit. @internal for a test's receiver */
export function socketAddress(socket: string): Uint8Array | undefined {
  const name = Buffer.from(socket);
  const isAbstract = socket.startsWith("@");
  // A path ends with a zero byte, an abstract name begins with one.
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  if (address.length - 2 > PATH_BYTES_MAX) return undefined;
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  return address;
}
