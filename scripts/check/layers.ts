/**
 * The imports that each layer may have (docs/ARCHITECTURE.md). `below` lists direct arrows only: a layer does not
 * inherit the arrows of the layers below. `arrows.ts` compares the sources with this table, type imports included.
 * A line that no import needs is an error too.
 */
export interface Layer {
  /** Folder below src/. The longest match decides: `raft/core` before `raft`. */
  readonly folder: string;
  readonly below: readonly string[];
}

/** Every layer may import these, except the consensus core, which imports nothing else. */
export const COMMON = ["config", "monitoring", "platform", "threads", "gen"] as const;

/** Layers from the bottom up: a layer imports only layers above it in this list. */
export const LAYERS: readonly Layer[] = [
  { folder: "platform", below: [] },
  { folder: "gen", below: [] },
  { folder: "config", below: [] },
  { folder: "monitoring", below: [] },
  { folder: "threads", below: [] },
  { folder: "http", below: [] },
  { folder: "hash", below: [] },
  // Keys and sealed records. Layers above write them to the keyspace.
  { folder: "secrets", below: [] },
  // The cluster's own CA: certificates, join tokens, and what a joining node and a member say to each other.
  { folder: "pki", below: [] },
  // Schemas of the admin API, for the admin application and for the command line.
  { folder: "api", below: [] },
  // The language of policies: parser, evaluator, canned policies. The command line checks policies without a server.
  { folder: "iam/policy", below: [] },
  { folder: "cli", below: ["secrets", "pki", "api", "iam/policy"] },

  { folder: "raft/core", below: [] },
  { folder: "raft/log", below: ["raft/core"] },
  { folder: "peer", below: ["raft/core"] },
  { folder: "raft/engine", below: ["raft/core", "raft/log", "peer"] },

  // Nodes and their names, as the system group replicates them and the state machine stores them.
  { folder: "cluster/registry", below: ["raft/core", "raft/engine"] },

  { folder: "store", below: [] },
  { folder: "store/payload", below: ["store"] },
  { folder: "store/sqlite", below: ["store", "store/payload"] },
  { folder: "store/snapshot", below: ["store", "store/payload", "store/sqlite"] },
  { folder: "store/generations", below: ["store", "store/sqlite", "store/snapshot"] },

  { folder: "txn", below: ["store"] },
  { folder: "messages", below: ["api", "raft/core", "raft/engine", "cluster/registry", "store", "txn"] },
  { folder: "memory", below: [] },

  // Content beside the log. The node's own copies (readers of them run in every thread), the exchange with peers, and
  // the thread that joins both.
  { folder: "blob", below: [] },
  { folder: "blob/store", below: ["blob", "store", "store/payload", "store/sqlite"] },
  { folder: "blob/replication", below: ["peer", "messages"] },
  { folder: "blob/thread", below: ["store", "txn", "messages", "blob", "blob/replication"] },
  {
    folder: "blob/worker",
    below: [
      ...["peer", "store", "store/generations", "txn"],
      ...["blob/store", "blob/replication", "blob/thread"],
    ],
  },

  // One thread each: the threads share `messages`, and none of them imports another.
  {
    folder: "state",
    below: ["raft/core", "cluster/registry", "store", "store/generations", "txn", "messages"],
  },
  {
    folder: "snapshots",
    below: ["raft/core", "raft/engine", "cluster/registry", "peer", "store", "store/generations", "messages"],
  },
  { folder: "cluster", below: ["api", "raft/core", "raft/engine", "cluster/registry", "peer", "messages"] },
  {
    folder: "consensus",
    // `cluster` and the senders and receivers of `snapshots` are libraries of this thread.
    below: [
      "raft/core",
      "raft/log",
      "raft/engine",
      "peer",
      "store",
      "txn",
      "messages",
      "memory",
      "cluster/registry",
      "cluster",
      "snapshots",
    ],
  },

  // The client side: accepts transactions, returns answers and linearizable reads.
  { folder: "kv", below: ["store", "txn", "messages", "memory"] },

  // Users, as this node has applied their rows.
  { folder: "iam", below: ["iam/policy", "secrets", "api", "store", "txn", "messages"] },

  { folder: "s3/protocol", below: ["http", "txn"] },
  { folder: "s3/auth", below: ["http", "iam", "iam/policy", "s3/protocol"] },
  { folder: "s3/records", below: ["iam", "iam/policy", "hash", "store", "txn", "s3/protocol"] },
  // The garbage collector runs once in a node. It deletes what rows leave behind, so it imports the record formats.
  { folder: "gc", below: ["store", "txn", "s3/records"] },
  { folder: "s3/headers", below: ["iam", "s3/protocol"] },
  { folder: "s3/xml", below: ["iam", "s3/protocol"] },
  { folder: "s3/body", below: ["hash", "http", "s3/protocol", "s3/auth", "s3/records"] },
  // The interface to object content, and code for both of its sides. The path through the log implements it, and no
  // handler imports that path.
  { folder: "s3/content", below: ["store", "txn", "s3/protocol", "s3/records"] },
  { folder: "s3/content/log", below: ["store", "txn", "s3/protocol", "s3/records", "s3/content"] },
  {
    folder: "s3/content/blobs",
    below: ["hash", "store", "txn", "messages", "s3/protocol", "s3/records", "s3/content", "s3/content/log"],
  },
  // Where the versions of a key lie.
  { folder: "s3/versions", below: ["store", "txn", "s3/protocol", "s3/records"] },
  {
    folder: "s3/context",
    below: [
      "hash",
      "http",
      "txn",
      "iam",
      "iam/policy",
      "s3/protocol",
      "s3/auth",
      "s3/records",
      "s3/versions",
      "s3/headers",
      "s3/xml",
      "s3/content",
    ],
  },
  {
    folder: "s3/objects",
    below: [
      ...["hash", "http", "store", "txn"],
      ...["s3/protocol", "s3/records", "s3/headers", "s3/xml", "s3/body", "s3/content", "s3/context"],
      "s3/versions",
    ],
  },
  {
    folder: "s3/buckets",
    below: [
      ...[
        "iam/policy",
        "http",
        "store",
        "txn",
        "s3/protocol",
        "s3/records",
        "s3/headers",
        "s3/xml",
        "s3/body",
      ],
      ...["s3/content", "s3/context", "s3/objects"],
    ],
  },
  {
    folder: "s3/listing",
    below: ["store", "txn", "s3/protocol", "s3/records", "s3/versions", "s3/xml", "s3/context", "s3/objects"],
  },
  {
    folder: "s3/multipart",
    below: [
      ...["hash", "store", "txn", "s3/protocol", "s3/records", "s3/xml", "s3/body"],
      ...["s3/content", "s3/context", "s3/versions", "s3/objects"],
    ],
  },
  // Uploads of browsers: a form is signed by its own policy, and then stored as an object is.
  {
    folder: "s3/forms",
    below: [
      ...["http", "s3/protocol", "s3/auth", "s3/headers", "s3/xml", "s3/body", "s3/context"],
      ...["s3/objects"],
    ],
  },
  {
    folder: "s3/routing",
    below: [
      ...["s3/protocol", "s3/auth", "s3/headers", "s3/context"],
      ...["s3/buckets", "s3/objects", "s3/listing", "s3/multipart", "s3/forms"],
    ],
  },
  {
    folder: "s3/sts",
    below: ["http", "iam", "iam/policy", "s3/protocol", "s3/auth", "s3/xml", "s3/context"],
  },
  {
    folder: "s3",
    below: [
      ...["http", "txn", "s3/protocol", "s3/auth", "s3/records", "s3/headers"],
      ...["s3/context", "s3/versions", "s3/routing", "s3/sts"],
    ],
  },

  { folder: "admin", below: ["http", "api", "messages"] },
  // Walks over all objects, step by step, as the admin API asks for them.
  {
    folder: "maintenance",
    below: [
      ...["api", "store", "txn", "iam", "messages"],
      ...["s3/protocol", "s3/records", "s3/content", "s3/content/blobs"],
    ],
  },
  {
    folder: "gateway",
    below: [
      ...["hash", "http", "store", "txn", "messages", "kv", "iam", "secrets"],
      ...["cluster/registry", "memory", "blob"],
      ...["s3/protocol", "s3/auth", "s3/content", "s3/content/log", "s3/content/blobs", "s3/context", "s3"],
    ],
  },
  // The composition root connects the threads, so it imports all of them.
  {
    folder: "node",
    below: [
      ...["raft/engine", "raft/log", "peer", "txn", "api", "messages", "cluster/registry", "cluster"],
      ...["store", "store/sqlite", "store/snapshot", "store/generations"],
      ...["state", "snapshots", "consensus", "kv", "gc", "iam", "iam/policy", "blob/store", "blob/worker"],
      ...["hash", "s3/records", "s3/content", "s3/content/blobs", "s3/content/log"],
      ...["secrets", "pki", "http", "s3", "gateway", "admin", "cli", "maintenance"],
    ],
  },
  { folder: "main", below: ["cli", "node"] },
];

/** Packages that only the listed layers may import; type imports count too. Builtins are named with their prefix. */
export const OWNED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  elysia: ["s3", "api", "admin"],
  "@sinclair/typebox": ["api"],
  "@elysiajs/swagger": ["admin"],
  "swagger-ui-dist": ["admin"],
  "prom-client": ["monitoring"],
  "bun:sqlite": ["store", "store/sqlite", "store/payload", "store/snapshot", "blob/store"],
  "node:http": ["http"],
  "bun:ffi": ["platform"],
  "hash-wasm": ["hash"],
  "fast-xml-parser": ["s3/xml"],
  protobufjs: ["gen"],
  "@peculiar/x509": ["pki"],
  "reflect-metadata": ["pki"],
};

/**
 * Words that `raft/core` must not contain: a pure function of its inputs has no clock, randomness, I/O or waiting.
 */
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

/**
 * Outside src/platform, time and randomness come through `Clock` and `Random`, so that the simulator controls them.
 */
export const AMBIENT_WORDS = [
  "Date.now",
  "Math.random",
  "performance.now",
  "Bun.nanoseconds",
  "process.hrtime",
] as const;

/** Places that create the real ones: entrypoints of threads and the composition root. */
export const AMBIENT_ALLOWED = ["src/platform/", "src/main.ts", "src/node/"] as const;
export const AMBIENT_ALLOWED_SUFFIX = "-worker.ts";

/** Files are accessed through `Disk` (src/platform/disk.ts), so that the simulator's faults apply to them. */
export const FILE_PACKAGES = ["node:fs", "node:fs/promises", "fs", "fs/promises"] as const;

/** The implementation of `Disk`, and code that runs before a `Disk` exists. */
export const FILES_ALLOWED = ["src/platform/disk/", "src/cli/", "src/config/"] as const;

/**
 * Single files that call the file system directly, with the reason. A file that no longer does so is an error too.
 */
export const FILES_ALLOWED_BECAUSE: Readonly<Record<string, string>> = {
  "src/platform/descriptors.ts": "asks /proc and /dev/null about descriptors",
  "src/platform/io-accounting.ts": "asks /proc what the process has read",
  "src/platform/memory-account.ts": "asks /proc and the cgroup about memory",
  "src/platform/journal.ts": "asks which device standard error is",
  "src/platform/last-line.ts": "writes to a descriptor of the process that is ending",
  "src/platform/network/tls-files.ts": "reads the operator's certificates once, at the start",
  "src/monitoring/log.ts": "writes to standard error",
  "src/monitoring/line-queue.ts": "writes to standard error, and must not block",
  "src/secrets/node-key.ts": "reads the operator's key file, which may be a pipe or a link",
  "src/admin/socket-path.ts": "removes a unix socket, which `Disk` does not know",
  "src/node/directory-access.ts": "owners, modes and links of the data directory, which `Disk` does not know",
  "src/node/data-directory.ts": "tells every errno of node.json apart for the operator",
  "src/node/local-keys.ts": "asks whether a key file lies there, unreadable or not",
  "src/node/node.ts": "asks whether the data directory is there before anything is opened",
  "src/node/topology.ts": "reads the operator's cluster file once, at the start",
};

/**
 * SQLite opens, writes and syncs its own files: no VFS can be put under `bun:sqlite`
 * (docs/decisions/091-store-over-the-disk.md).
 */
export const SQLITE_FILES = [
  "src/store/sqlite/connection.ts",
  "src/store/sqlite/reader.ts",
  "src/store/snapshot/sqlite-import.ts",
  "src/store/snapshot/sqlite-export.ts",
  "src/blob/store/sqlite-index.ts",
] as const;
