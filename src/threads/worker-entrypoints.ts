/**
 * The one list of files that run as Workers. `scripts/build.ts` gives the list to `bun build --compile` (a Worker
 * that is not an entrypoint of the build is missing in the binary, and the fault appears only at its start), and
 * `workerUrl` turns a name into the URL for `new Worker(...)`.
 * @internal
 */
export const WORKER_ENTRYPOINTS = {
  log: "raft/log/log-worker.ts",
  consensus: "consensus/consensus-worker.ts",
  store: "state/store-worker.ts",
  snapshot: "snapshots/snapshot-worker.ts",
  hash: "hash/hash-worker.ts",
  blob: "blob/worker/blob-worker.ts",
} as const;

export type WorkerName = keyof typeof WORKER_ENTRYPOINTS;

/** The folder of the entrypoints in the compiled binary, below their common root `src/`. */
const EMBEDDED_ROOT = "file:///$bunfs/root/";

/**
 * The URL of a Worker's entrypoint, in the compiled binary and in plain `bun src/main.ts`, for a call from any file
 * or Worker. `new URL("./x.ts", import.meta.url)` is not enough: in the binary every module of a bundle has the URL
 * of the bundle, so a path relative to a file in a sub-folder is wrong.
 */
export function workerUrl(name: WorkerName): string {
  const path = WORKER_ENTRYPOINTS[name];
  if (import.meta.url.startsWith(EMBEDDED_ROOT)) return EMBEDDED_ROOT + path.replace(/\.ts$/, ".js");
  return new URL(`../${path}`, import.meta.url).href;
}
