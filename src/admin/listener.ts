import { hostname } from "node:os";
import { NOT_LOCAL } from "../api/codes.ts";
import { formatAddress, type ListenAddress } from "../config/address.ts";
import type { AdminSocketPlace } from "../config/admin-socket.ts";
import {
  type SmallRequest,
  type SmallServer,
  type SmallServerOptions,
  startSmallServer,
} from "../http/small-server.ts";
import type { Certificates } from "../http/tls-certificates.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { listenProblem } from "../platform/listen-error.ts";
import { lasting, StartError } from "../platform/start-error.ts";
import { type AdminApp, createAdminApp } from "./app.ts";
import { BYTES_TYPE, foreignChange, JSON_TYPE } from "./change-guard.ts";
import { FailedLogins } from "./failed-logins.ts";
import { isKnownHost, knownHosts } from "./host-guard.ts";
import { CALLER_HEADER, type Caller, type LoginDeps, type LoginOutcome, login } from "./login.ts";
import { servePage } from "./pages.ts";
import { probeAt } from "./probes.ts";
import { prepareSocketPath } from "./socket-path.ts";
import type { AdminDeps } from "./types.ts";

export interface AdminOptions {
  readonly address: ListenAddress;
  /** undefined: there is no unix socket. */
  readonly socket?: AdminSocketPlace;
  /** Further host names that browsers may use (`admin-hosts`). */
  readonly hosts?: readonly string[];
  /** TLS on the address; the socket stays plain. */
  readonly certificates?: Certificates | undefined;
  /** /metrics needs a login (`admin-metrics-login`). */
  readonly metricsLogin?: boolean;
  readonly deps: AdminDeps;
  readonly clock?: Pick<Clock, "monotonicMs">;
  /** A request that may have changed something was answered. For the audit lines of the log. */
  readonly onChange?: (change: AnsweredChange) => void;
  /** For metrics and log. */
  readonly onLogin?: (outcome: LoginOutcome, address: string) => void;
  /** A handler failed, and the client got a 500 without details. For the log. */
  readonly onError?: (error: unknown) => void;
  /** The admin socket could not be made; the node continues without the socket. */
  readonly onWarning?: (message: string) => void;
}

/** @internal */
export interface AnsweredChange {
  readonly method: string;
  /** The path without its query. */
  readonly path: string;
  readonly status: number;
  /** `local` (the admin socket), or the id of the token. */
  readonly by: string;
  /** undefined: the admin socket. */
  readonly remoteAddress: string | undefined;
}

export interface AdminListener {
  /** The bound address, with the real port when port 0 was asked for. */
  readonly address: ListenAddress;
  /** undefined: there is no socket. */
  readonly socketPath: string | undefined;
  /** Cuts every connection and continues to listen. Called when descriptors have run out. */
  dropConnections(): void;
  /** Stops accepting connections and lets answers in flight finish. */
  close(): Promise<void>;
}

const READ_METHODS: readonly string[] = ["GET", "HEAD"];
const CHANGE_METHODS: readonly string[] = [...READ_METHODS, "POST", "DELETE"];
/** Requests at these paths may change something. */
const CHANGES =
  /^\/v1\/(admin\/|cluster\/|node\/|verify$|migration$|backup\/|restore\/|(users|keys|groups|policies)(\/|$))/;
const MAX_BODY_BYTES = 64 * 1024;
/** These carry bytes of objects, which a token of the admin API gives no right to: they need the socket. */
const CONTENT = /^\/v1\/(backup|restore)\//;
/** Requests below this path carry bytes: pages of a backup, and blobs. */
const BYTES = "/v1/restore/";
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/**
 * Limits for scrapers, balancers and status pages, a few connections each. More would take descriptors from S3
 * clients and peers.
 */
const CONNECTION_LIMITS = { maxConnections: 512, maxIdlePerAddress: 128 };
/**
 * Origin that the application sees instead of the client's Host. Elysia searches the path from the 11th character
 * of the URL, so a short Host would shift the path (`http://a/b/healthz` would be routed as `/healthz`).
 */
const INTERNAL_ORIGIN = "http://admin.localhost";

interface Site {
  readonly app: AdminApp;
  readonly deps: AdminDeps;
  readonly knownHosts: ReadonlySet<string>;
  readonly metricsLogin: boolean;
  readonly login: LoginDeps;
  readonly onChange: (change: AnsweredChange) => void;
}

/** Starts the admin listener and its socket. @throws StartError naming the address or the path. */
export async function startAdmin(options: AdminOptions): Promise<AdminListener> {
  const { address, socket, deps } = options;
  const onError = options.onError ?? (() => {});
  const site: Site = {
    app: createAdminApp(deps, onError),
    deps,
    knownHosts: knownHosts([address.host, hostname(), ...(options.hosts ?? [])]),
    metricsLogin: options.metricsLogin === true,
    login: {
      tokens: deps.tokens,
      failures: new FailedLogins(options.clock ?? systemClock),
      onLogin: options.onLogin ?? (() => {}),
    },
    onChange: options.onChange ?? (() => {}),
  };
  const start = (listen: SmallServerOptions["listen"]): Promise<SmallServer> =>
    startSmallServer({
      listen,
      handle: (request) => answer(request, site),
      maxBodyBytes: MAX_BODY_BYTES,
      limits: CONNECTION_LIMITS,
      ...("unixPath" in listen ? {} : { certificates: options.certificates }),
      onError,
    });
  const tcp = await start(address).catch((error: unknown) => {
    throw cannotListen(`admin address ${formatAddress(address)}`, error, "--admin-address");
  });
  let local: SmallServer | undefined;
  if (socket !== undefined) {
    try {
      local = await startSocket(socket.path, start);
    } catch (error) {
      if (socket.required || !(error instanceof StartError)) {
        await tcp.close();
        throw error;
      }
      options.onWarning?.(
        `${error.message}; elastickv cluster and elastickv admin need a token and the admin address then, and backup and restore do not work`,
      );
    }
  }
  return {
    address: { host: address.host, port: tcp.port },
    socketPath: local === undefined ? undefined : socket?.path,
    dropConnections: () => {
      tcp.dropConnections();
      local?.dropConnections();
    },
    close: async () => {
      await Promise.all([tcp.close(), local?.close()]);
    },
  };
}

async function startSocket(
  path: string,
  start: (listen: SmallServerOptions["listen"]) => Promise<SmallServer>,
): Promise<SmallServer> {
  await prepareSocketPath(path);
  try {
    return await start({ unixPath: path });
  } catch (error) {
    throw cannotListen(`admin socket ${path}`, error, "--admin-socket");
  }
}

async function answer(request: SmallRequest, site: Site): Promise<Response> {
  const target = targetOf(request);
  if (target === undefined)
    return failure(400, "the request target is no path, or there is no Host, or several");
  const reads = READ_METHODS.includes(request.method);
  const response =
    (reads ? await probeAt(target.path, site.metricsLogin)?.(site.deps) : undefined) ??
    (await (reads ? read(request, target, site) : change(request, target, site)));
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

interface Target {
  /** The path as sent. */
  readonly path: string;
  /** The URL with a host that Elysia parses correctly. */
  readonly url: URL;
  /** undefined: the client sent no host. */
  readonly host: string | undefined;
}

/** undefined: the target is invalid. In absolute form the target's host counts (RFC 9112 section 3.2.2). */
function targetOf({ rawTarget, hosts, httpVersion }: SmallRequest): Target | undefined {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(rawTarget);
  const relative = absolute === null ? rawTarget : (absolute[2] ?? "") || "/";
  // RFC 9112 section 3.2: 400 for HTTP/1.1 without a Host, and for several.
  if (hosts.length > 1 || (hosts.length === 0 && httpVersion !== "1.0")) return undefined;
  if (!relative.startsWith("/")) return undefined;
  try {
    return {
      path: relative.split("?", 1)[0] ?? "",
      url: new URL(INTERNAL_ORIGIN + relative),
      host: absolute === null ? hosts[0] : absolute[1],
    };
  } catch {
    return undefined;
  }
}

async function read(request: SmallRequest, target: Target, site: Site): Promise<Response> {
  const { url } = target;
  if (!isKnown(request, target, site)) return unknownHost();
  // The pages hold no data: they ask for a token, and read the API with it.
  const page = await servePage(url.pathname);
  if (page !== undefined) return page;
  const caller = await login(request, false, site.login);
  return caller instanceof Response ? caller : site.app.handle(new Request(url.href));
}

/**
 * Any method but GET and HEAD counts as a change, whatever the path. The login comes before everything else; the
 * body is read last.
 */
async function change(request: SmallRequest, target: Target, site: Site): Promise<Response> {
  const { method, ends } = request;
  if (!isKnown(request, target, site)) return unknownHost();
  const caller = await login(request, true, site.login);
  if (caller instanceof Response) return caller;
  const response = await allowedChange(request, target, site, caller);
  const remoteAddress = ends.kind === "unix" ? undefined : ends.remoteAddress;
  const path = target.url.pathname;
  site.onChange({ method, path, status: response.status, by: caller.by, remoteAddress });
  return response;
}

async function allowedChange(
  request: SmallRequest,
  { url, host }: Target,
  site: Site,
  caller: Caller,
): Promise<Response> {
  const { method, headers } = request;
  if (request.ends.kind !== "unix" && CONTENT.test(url.pathname)) {
    const message =
      "bytes of objects pass only over the node's admin socket, which belongs to the node's user";
    return Response.json({ code: NOT_LOCAL, message }, { status: 403 });
  }
  const allowed = CHANGES.test(url.pathname) ? CHANGE_METHODS : READ_METHODS;
  if (!allowed.includes(method)) {
    return failure(405, `${method} is not supported`, { Allow: allowed.join(", ") });
  }
  const isBytes = url.pathname.startsWith(BYTES) && headers.get("content-type") === BYTES_TYPE;
  const foreign = foreignChange(method, headers, host ?? "", isBytes ? BYTES_TYPE : JSON_TYPE);
  if (foreign !== undefined) return failure(foreign.status, foreign.message);
  const forwarded = await (isBytes ? bytesOf(request) : bodyOf(request));
  if (forwarded instanceof Response) return forwarded;
  const inner = new Request(url.href, forwarded);
  inner.headers.set(CALLER_HEADER, caller.by);
  return site.app.handle(inner);
}

/**
 * A page of another site that has pointed its name here (DNS rebinding) has no token, so the name of a request with
 * a token does not matter.
 */
function isKnown({ headers }: SmallRequest, { host }: Target, site: Site): boolean {
  return headers.has("authorization") || (host !== undefined && isKnownHost(host, site.knownHosts));
}

function unknownHost(): Response {
  return failure(421, "this name is not known here: use the address, or start with --admin-hosts");
}

/** Method and body of a change, or an error answer for the body. An empty body means an empty object. */
async function bodyOf(request: SmallRequest): Promise<RequestInit | Response> {
  const { method } = request;
  if (method !== "POST") return { method };
  const text = await request.text();
  if (text === undefined) return failure(413, `a body has ${MAX_BODY_BYTES} bytes at most`);
  const body = text.trim() || "{}";
  try {
    JSON.parse(body);
  } catch {
    return Response.json({ code: "INVALID", message: "the body is not JSON" }, { status: 400 });
  }
  return { method, headers: { "Content-Type": JSON_TYPE }, body };
}

/** The request with its body as bytes, or an error answer for the body. */
async function bytesOf(request: SmallRequest): Promise<RequestInit | Response> {
  const body = await request.bytes(MAX_PAGE_BYTES);
  if (body === undefined) return failure(413, `a body has ${MAX_PAGE_BYTES} bytes at most`);
  return { method: request.method, headers: { "Content-Type": BYTES_TYPE }, body: body.slice() };
}

function failure(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: message }, { status, headers });
}

function cannotListen(where: string, error: unknown, flag: string): StartError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const options = { cause: error };
  const other = flag === "--admin-socket" ? "another path" : "a port above 1023";
  const problem = listenProblem(error);
  if (problem === "in-use") {
    return new StartError(`${where} is in use by another process (${flag} chooses another)`, options);
  }
  if (problem === "not-allowed") {
    return lasting(`${where}: no permission to listen there: take ${other} (${flag})`, options);
  }
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "EROFS":
      return lasting(`${where}: no socket can be made there (${code}): take ${other} (${flag})`, options);
    default:
      return new StartError(
        `${where}: cannot listen: ${error instanceof Error ? error.message : String(error)}`,
        options,
      );
  }
}
