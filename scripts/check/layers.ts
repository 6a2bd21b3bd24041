/**
 * Who may import whom (docs/ARCHITECTURE.md). Arrows point down only; a layer also reaches everything below what it
 * reaches. `checks.ts` compares the sources with this table, type imports included.
 */
export interface Layer {
  /** Folder below src/. The longest match decides: `raft/core` and not `raft`. */
  readonly folder: string;
  readonly below: readonly string[];
}

/** Usable by every layer but the consensus core, which knows nothing outside itself. */
export const COMMON = ["config", "monitoring", "platform", "rooms", "gen"] as const;

export const LAYERS: readonly Layer[] = [
  { folder: "platform", below: [] },
  { folder: "gen", below: [] },
  { folder: "config", below: ["platform"] },
  { folder: "monitoring", below: ["platform", "config"] },
  { folder: "rooms", below: ["platform"] },
  { folder: "raft/core", below: [] },
  { folder: "raft/wal", below: ["raft/core", ...COMMON] },
  { folder: "raft/transport", below: ["raft/core", ...COMMON] },
  { folder: "raft/engine", below: ["raft/core", "raft/wal", "raft/transport", ...COMMON] },
  { folder: "store", below: [...COMMON] },
  { folder: "kv", below: ["store", "raft/engine", ...COMMON] },
  { folder: "blob", below: ["kv", ...COMMON] },
  { folder: "http", below: [...COMMON] },
  { folder: "s3", below: ["http", "blob", ...COMMON] },
  { folder: "admin", below: ["http", "blob", ...COMMON] },
  // Keys and sealed records; who writes them to the keyspace is above.
  { folder: "secrets", below: ["config", "platform"] },
  { folder: "cli", below: ["secrets", "config", "platform"] },
  // The composition root: puts the rooms together, so it sees them all.
  { folder: "node", below: ["s3", "admin", "cli", "secrets", ...COMMON] },
  { folder: "main", below: ["node", ...COMMON] },
];

/** Packages that belong to one place; imports of their types count too. Builtins are named with their prefix. */
export const OWNED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  elysia: ["s3", "admin"],
  "@elysiajs/swagger": ["admin"],
  "swagger-ui-dist": ["admin"],
  "prom-client": ["monitoring"],
  "bun:sqlite": ["store"],
  "node:http": ["http"],
  "bun:ffi": ["platform"],
  "hash-wasm": ["blob"],
  "fast-xml-parser": ["s3"],
  protobufjs: ["gen"],
};

/** What `raft/core` may not so much as name: a pure function of its inputs has no clock, chance, I/O or waiting. */
export const IMPURE_WORDS = [
  "Date",
  "performance",
  "crypto",
  "process",
  "Bun",
  "console",
  "globalThis",
  "fetch",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "Promise",
  "async",
  "await",
  "Math.random",
] as const;

/** Outside src/platform time and chance come through `Clock` and `Random`, or the simulator cannot rule them. */
export const AMBIENT_WORDS = [
  "Date.now",
  "Math.random",
  "performance.now",
  "Bun.nanoseconds",
  "process.hrtime",
] as const;

/** Where the real ones are handed in: entrypoints of rooms and the composition root. */
export const AMBIENT_ALLOWED = ["src/platform/", "src/main.ts", "src/node/"] as const;
export const AMBIENT_ALLOWED_SUFFIX = "-worker.ts";
