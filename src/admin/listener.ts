import { hostname } from "node:os";
import { formatAddress, type ListenAddress } from "../config/address.ts";
import { lasting, StartError } from "../platform/start-error.ts";
import { createAdminApp } from "./app.ts";
import { foreignChange, JSON_TYPE } from "./change-guard.ts";
import { isKnownHost, knownHosts } from "./host-guard.ts";
import { servePage } from "./pages.ts";
import type { AdminDeps } from "./types.ts";

export interface AdminOptions {
  readonly address: ListenAddress;
  /** More host names browsers may use (`admin-hosts`). */
  readonly hosts?: readonly string[];
  readonly deps: AdminDeps;
  /** Something in a handler failed; the client got a 500 without details. For the log. */
  readonly onError?: (error: unknown) => void;
}

export interface AdminListener {
  /** As bound: the real port, also when 0 was asked for. */
  readonly address: ListenAddress;
  /** Accepts no more and lets answers in flight end. */
  close(): Promise<void>;
}

const READ_METHODS: readonly string[] = ["GET", "HEAD"];
const CHANGE_METHODS: readonly string[] = [...READ_METHODS, "POST", "DELETE"];
/** Below it requests may change something. */
const CHANGES = "/v1/cluster/";
const MAX_BODY_BYTES = 64 * 1024;
/** Seconds. Longer than a slow scrape, shorter than a forgotten connection. */
const IDLE_TIMEOUT_S = 60;
/** What the application sees instead of the client's Host: Elysia looks for the path from the 11th character of the URL
 *  on, so a short Host would shift it (`http://a/b/healthz` would be routed as `/healthz`). */
const INTERNAL_ORIGIN = "http://admin.localhost";

/**
 * Starts the admin listener. `reusePort` is off (Elysia's own `listen` turns it on): a second process on the port is an
 * error and not a silent partner. @throws StartError naming the address.
 */
export function startAdmin(options: AdminOptions): AdminListener {
  const { address } = options;
  const report = options.onError ?? (() => {});
  const app = createAdminApp(options.deps, report);
  const known = knownHosts([address.host, hostname(), ...(options.hosts ?? [])]);
  try {
    const server = Bun.serve({
      hostname: address.host,
      port: address.port,
      reusePort: false,
      development: false,
      idleTimeout: IDLE_TIMEOUT_S,
      maxRequestBodySize: MAX_BODY_BYTES,
      fetch: (request) => answer(request, app, known),
      error: (error) => {
        report(error);
        return failure(500, "internal error; the log of this node says more");
      },
    });
    return {
      address: { host: address.host, port: server.port ?? address.port },
      close: () => server.stop(),
    };
  } catch (error) {
    throw cannotListen(address, error);
  }
}

async function answer(
  request: Request,
  app: { handle(request: Request): Promise<Response> },
  known: ReadonlySet<string>,
): Promise<Response> {
  const host = request.headers.get("host");
  if (host === null || !isKnownHost(host, known)) {
    return failure(421, "this name is not known here: use the address, or start with --admin-hosts");
  }
  const url = new URL(request.url);
  const allowed = url.pathname.startsWith(CHANGES) ? CHANGE_METHODS : READ_METHODS;
  if (!allowed.includes(request.method)) {
    return failure(405, `${request.method} is not supported`, { Allow: allowed.join(", ") });
  }
  const reads = READ_METHODS.includes(request.method);
  const refused = reads ? undefined : foreignChange(request.method, request.headers, host);
  if (refused !== undefined) return failure(refused.status, refused.message);
  const change = reads ? {} : await forwarded(request);
  if (change === undefined) {
    return Response.json({ code: "INVALID", message: "the body is not JSON" }, { status: 400 });
  }
  const response =
    (await servePage(url.pathname)) ??
    (await app.handle(
      new Request(`${INTERNAL_ORIGIN}${url.pathname}${url.search}`, {
        signal: request.signal,
        ...change,
      }),
    ));
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (request.method !== "HEAD") return response;
  const headers = new Headers(response.headers);
  headers.set("Content-Length", String((await response.arrayBuffer()).byteLength));
  return new Response(null, { status: response.status, headers });
}

/** Method and body of a change; no body stands for an empty object. undefined: the body is not JSON. */
async function forwarded(request: Request): Promise<RequestInit | undefined> {
  const { method } = request;
  if (method !== "POST") return { method };
  const body = (await request.text()).trim() || "{}";
  try {
    JSON.parse(body);
  } catch {
    return undefined;
  }
  return { method, headers: { "Content-Type": JSON_TYPE }, body };
}

function failure(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: message }, { status, headers });
}

function cannotListen(address: ListenAddress, error: unknown): StartError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = `admin address ${formatAddress(address)}`;
  const options = { cause: error };
  switch (code) {
    case "EADDRINUSE":
      return new StartError(
        `${where} is in use by another process (--admin-address chooses another)`,
        options,
      );
    case "EACCES":
      return lasting(
        `${where}: no permission to listen on this port: take one above 1023 (--admin-address)`,
        options,
      );
    default:
      return new StartError(
        `${where}: cannot listen: ${error instanceof Error ? error.message : String(error)}`,
        options,
      );
  }
}
