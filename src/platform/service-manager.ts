/**
 * The notifications of a node to the service manager that started it (systemd, Type=notify): sd_notify(3) and
 * sd_watchdog_enabled(3). Messages are datagrams to the socket that NOTIFY_SOCKET names, one `KEY=VALUE` per line.
 */
import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** The address of the service manager, as plain data that can be sent to a Worker. */
export interface ServiceManagerAddress {
  /** A path, or `@name` in the abstract namespace. */
  readonly socket: string;
  /**
   * Milliseconds without WATCHDOG=1 after which the service manager ends the service; undefined when it does not
   * watch.
   */
  readonly watchdogMs: number | undefined;
}

export interface ServiceManager {
  /** Sends without waiting. @param lines `READY=1`, `STATUS=...`; a line break within a line becomes a blank */
  notify(...lines: readonly string[]): void;
}

type Variables = Record<string, string | undefined>;

/**
 * Removes systemd's variables from the environment: a child that inherited them could send notifications for the
 * service.
 * @returns undefined when there is no service manager to notify
 */
export function takeServiceManager(environment: Variables, pid: number): ServiceManagerAddress | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
  // systemd gives `vsock:` addresses only to virtual machines, and not to services.
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
/** Size of `sun_path` in sockaddr_un. */
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
 * Sends over a unix datagram socket of libc, because Bun has no such socket.
 * @param onProblem called once when notifications fail: systemd will end this node after TimeoutStartSec or
 * WatchdogSec
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

/**
 * The watchdog is notified after this part of its timeout, so a small delay of the thread does not end the service.
 */
const WATCHDOG_SHARE = 4;

/**
 * @returns a function that the watched thread may call at any rate while it runs; undefined when there is no
 * watchdog
 */
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

/** Encodes sockaddr_un with its exact length; undefined when the path is too long. @internal for a test's receiver */
export function socketAddress(socket: string): Uint8Array | undefined {
  const name = Buffer.from(socket);
  const isAbstract = socket.startsWith("@");
  // A path ends with a zero byte; an abstract name begins with a zero byte.
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  if (address.length - 2 > PATH_BYTES_MAX) return undefined;
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  return address;
}
