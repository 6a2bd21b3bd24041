/**
 * Every file that runs as a Worker: the one list. `scripts/build.ts` hands it to `bun build --compile` (a Worker that
 * is not an entrypoint of the build is missing from the binary, and that shows only when it is started), and
 * `workerUrl` turns a name into what `new Worker(...)` takes.
 * @internal
 */
export const WORKER_ENTRYPOINTS = {
  log: "raft/log/log-worker.ts",
  consensus: "consensus/consensus-worker.ts",
  store: "state/store-worker.ts",
  snapshot: "snapshots/snapshot-worker.ts",
  hash: "hash/hash-worker.ts",
} as const;

export type WorkerName = keyof typeof WORKER_ENTRYPOINTS;

/** Where the compiled binary keeps its entrypoints, below their common root `src/`. */
const EMBEDDED_ROOT = "file:///$bunfs/root/";

/**
 * The URL of a Worker's entrypoint, in the compiled binary and in plain `bun src/main.ts` alike, from whatever file or
 * Worker it is called. `new URL("./x.ts", import.meta.url)` alone is not enough: in the binary every module of a bundle
 * has the bundle's URL, so a path relative to a file in a sub-folder points nowhere.
 */
export function workerUrl(name: WorkerName): string {
  const path = WORKER_ENTRYPOINTS[name];
  if (import.meta.url.startsWith(EMBEDDED_ROOT)) return EMBEDDED_ROOT + path.replace(/\.ts$/, ".js");
  return new URL(`../${path}`, import.meta.url).href;
}
