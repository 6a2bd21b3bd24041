/**
 * Every setting, in one table. More than 400 lines: flags, variables, help and documentation all come from this
 * table.
 */
import { NODE_NAME, NODE_NAME_RULE } from "./members.ts";
import {
  address,
  duration,
  hostNames,
  integer,
  members,
  oneOf,
  onOff,
  optionalAddress,
  optionalPath,
  optionalText,
  path,
  paths,
  secret,
  size,
  text,
  type ValueType,
} from "./value-types.ts";
import { watermark } from "./watermark.ts";

/** One setting: a flag, an environment variable and a field of `Config`, all from this row. */
export interface Setting<T> {
  /** Name of the flag, without the two dashes; the variable's name follows from the flag (`variableOf`). */
  readonly flag: string;
  readonly section: Section;
  readonly type: ValueType<T>;
  /** `NoInfer`: only `type` decides T, so that a choice of words keeps its literal type. */
  readonly default: NoInfer<T>;
  /** One sentence, lower case first letter, for `--help` and docs/operations/settings.md. */
  readonly help: string;
  /**
   * An invalid variable gives a warning and the default, instead of an error at the start. An invalid flag is an
   * error.
   */
  readonly tuning?: true;
  /** The flag in earlier releases: it and its variable are still taken, with a warning. */
  readonly formerly?: string;
}

export const SECTIONS = [
  "Node",
  "Listeners",
  "Cluster",
  "Credentials",
  "S3",
  "Store",
  "Raft",
  "Log",
] as const;
type Section = (typeof SECTIONS)[number];

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const setting = <T>(row: Setting<T>): Setting<T> => row;

/** The settings table, in the order of `--help`. Sizes are bytes, durations milliseconds. */
export const SETTINGS = {
  dataDir: setting({
    flag: "data-dir",
    section: "Node",
    type: path,
    default: "elastickv-data",
    help: "everything this node keeps; made when missing; relative to the working directory",
  }),
  nodeId: setting({
    flag: "node-id",
    section: "Node",
    type: text(NODE_NAME, NODE_NAME_RULE),
    default: "n1",
    help: "name of this node; fixed once the data directory is made",
  }),
  envFiles: setting({
    flag: "env-files",
    section: "Node",
    type: paths,
    default: [],
    help: "files of variables that a reload (SIGHUP) reads again for the log level, as in an EnvironmentFile of systemd; a later file wins, a missing one is empty; all other settings need a restart",
  }),
  shutdownGraceMs: setting({
    flag: "shutdown-grace",
    section: "Node",
    type: duration(0, 10 * MINUTE),
    default: 20 * SECOND,
    help: "how long requests in flight may run on after SIGTERM",
  }),
  memoryWatermark: setting({
    flag: "memory-watermark",
    section: "Node",
    type: watermark,
    default: { percent: 80 },
    tuning: true,
    help: "memory in use from which new uploads are answered SlowDown while reads go on; a share of the limit: that of the cgroup or of one around it (MemoryMax=), else the machine's memory",
  }),
  memoryExitWatermark: setting({
    flag: "memory-exit-watermark",
    section: "Node",
    type: watermark,
    default: { percent: 92 },
    tuning: true,
    help: "memory in use from which, after some seconds, the node stops as after SIGTERM and exits with code 75, so that systemd starts it again before the kernel kills it",
  }),
  s3Address: setting({
    flag: "s3-address",
    section: "Listeners",
    type: address,
    default: { host: "127.0.0.1", port: 9000 },
    help: "S3 clients",
  }),
  s3TlsCertFile: setting({
    flag: "s3-tls-cert-file",
    section: "Listeners",
    type: paths,
    default: [],
    help: "PEM certificate of the S3 address, with its chain; with it and its key S3 speaks TLS and nothing else; several files are chosen by the name that the client asks for (SNI), the first by default",
  }),
  s3TlsKeyFile: setting({
    flag: "s3-tls-key-file",
    section: "Listeners",
    type: paths,
    default: [],
    help: "PEM private key of it, which nobody else may read; for several certificates their keys in the same order",
  }),
  adminTlsCertFile: setting({
    flag: "admin-tls-cert-file",
    section: "Listeners",
    type: paths,
    default: [],
    help: "PEM certificate of the admin address, as for S3",
  }),
  adminTlsKeyFile: setting({
    flag: "admin-tls-key-file",
    section: "Listeners",
    type: paths,
    default: [],
    help: "PEM private key of it",
  }),
  adminAddress: setting({
    flag: "admin-address",
    section: "Listeners",
    type: address,
    default: { host: "127.0.0.1", port: 9001 },
    help: "health, metrics, console and admin API; all but /healthz, /readyz and /metrics needs a token (elastickv admin token create)",
  }),
  adminMetricsLogin: setting({
    flag: "admin-metrics-login",
    section: "Listeners",
    type: onOff,
    default: false,
    help: "/metrics needs a token too; without it everybody who reaches the admin address may read metrics",
  }),
  adminSocket: setting({
    flag: "admin-socket",
    section: "Listeners",
    type: optionalPath,
    default: undefined,
    help: "unix socket of the admin API for the user that the node runs as (0600), at most 107 bytes long; without it admin.sock in the runtime directory that systemd gives, else in the data directory",
  }),
  adminHosts: setting({
    flag: "admin-hosts",
    section: "Listeners",
    type: hostNames,
    default: [],
    help: "more host names under which browsers reach the admin address (IP addresses, localhost and the host's own name always work)",
  }),
  peerAddress: setting({
    flag: "peer-address",
    section: "Cluster",
    type: optionalAddress,
    default: undefined,
    help: "where other nodes reach this one; without it a member of --initial-cluster listens at its address there, and a node alone does not listen; with a wildcard host (:9002) the address in the list is the one that others dial",
  }),
  blobAddress: setting({
    flag: "blob-address",
    section: "Cluster",
    type: optionalAddress,
    default: undefined,
    help: "where other nodes exchange chunks of objects with this one; without it the host of the peer address and a port that is free (it tells its peers which): name one where a firewall has to know it; with a wildcard host, others dial the host of the peer address",
  }),
  initialCluster: setting({
    flag: "initial-cluster",
    section: "Cluster",
    type: members,
    default: [],
    help: "the nodes that form a new cluster together, this one among them, the same list on each; later it may stay or be left out",
  }),
  join: setting({
    flag: "join",
    section: "Cluster",
    type: members,
    default: [],
    help: "members of a running cluster that this node, added there as a learner, gets its data from; only for an empty data directory",
  }),
  clusterSecret: setting({
    flag: "cluster-secret",
    section: "Cluster",
    type: secret,
    default: undefined,
    help: "what the nodes of a cluster prove to each other that they know: 64 hex digits, the same on every node (elastickv cluster secret prints one); several, with commas, while it is replaced: the first is proved, each is taken",
  }),
  clusterSecretFile: setting({
    flag: "cluster-secret-file",
    section: "Cluster",
    type: optionalPath,
    default: undefined,
    help: "file to read it from, which nobody else may read; without either it is cluster-secret in the data directory, which a node that begins alone makes",
  }),
  peerCertFile: setting({
    flag: "peer-cert-file",
    section: "Cluster",
    type: optionalPath,
    default: undefined,
    help: "PEM certificate that this node shows to its peers; with key and CA file peers talk mutual TLS, without all three in the clear, but sealed with the cluster secret",
  }),
  peerKeyFile: setting({
    flag: "peer-key-file",
    section: "Cluster",
    type: optionalPath,
    default: undefined,
    help: "PEM private key that belongs to it",
  }),
  peerCaFile: setting({
    flag: "peer-ca-file",
    section: "Cluster",
    type: optionalPath,
    default: undefined,
    help: "PEM certificates of the authorities whose nodes are let in",
  }),
  rootAccessKey: setting({
    flag: "root-access-key",
    section: "Credentials",
    type: secret,
    default: undefined,
    help: "access key of the root user; without it one is made at first start and kept in the data directory",
  }),
  rootSecretKey: setting({
    flag: "root-secret-key",
    section: "Credentials",
    type: secret,
    default: undefined,
    help: "secret key that belongs to it",
  }),
  rootAccessKeyFile: setting({
    flag: "root-access-key-file",
    section: "Credentials",
    type: optionalPath,
    default: undefined,
    help: "file to read the access key from",
  }),
  rootSecretKeyFile: setting({
    flag: "root-secret-key-file",
    section: "Credentials",
    type: optionalPath,
    default: undefined,
    help: "file to read the secret key from",
  }),
  nodeKeyFile: setting({
    flag: "node-key-file",
    section: "Credentials",
    type: optionalPath,
    default: undefined,
    help: "private key of this node, kept outside of the data directory, so that a disk alone opens no secret; without it node.key among the unit's systemd credentials, else in the data directory",
  }),
  region: setting({
    flag: "region",
    section: "S3",
    type: optionalText(/^[a-z0-9][a-z0-9-]{0,62}$/, "1 to 63 lower-case letters, digits or '-'"),
    default: undefined,
    help: "the only region that clients may sign for, and the one that answers name; without it every client's region is accepted, and answers name that one (us-east-1 to those that sign nothing)",
  }),
  s3Domains: setting({
    flag: "s3-domains",
    section: "S3",
    type: hostNames,
    default: [],
    help: "domains whose sub-domains are buckets (virtual-host style): s3.example makes photos.s3.example the bucket photos",
  }),
  s3PutAdmissionMaxInflightBytes: setting({
    flag: "s3-put-admission-max-inflight-bytes",
    section: "S3",
    type: size(MIB, 64 * GIB),
    default: 256 * MIB,
    tuning: true,
    help: "body bytes read and not yet committed, over all uploads, and 1MiB for each upload of several chunks that is under way, three eighths of it at most; more is answered SlowDown; half of the memory limit at most, while memory-watermark is on",
  }),
  s3DispatchAdmissionTimeoutMs: setting({
    flag: "s3-dispatch-admission-timeout",
    section: "S3",
    type: duration(1, 10 * MINUTE),
    default: 30 * SECOND,
    tuning: true,
    help: "how long one chunk of an upload may wait for that budget",
  }),
  s3PutAdmissionChunkedIncremental: setting({
    flag: "s3-put-admission-chunked-incremental",
    section: "S3",
    type: onOff,
    default: true,
    tuning: true,
    help: "aws-chunked bodies pay as they are decoded; false reserves the maximum object size up front (incident use only)",
  }),
  s3InlineLimit: setting({
    flag: "s3-inline-limit",
    section: "S3",
    type: size(0, MIB),
    default: 64 * KIB,
    tuning: true,
    help: "objects up to this size travel inside their manifest's Raft entry",
  }),
  s3PendingWriteTtlMs: setting({
    flag: "s3-pending-write-ttl",
    formerly: "s3-attempt-ttl",
    section: "S3",
    type: duration(MINUTE, 30 * DAY),
    default: DAY,
    tuning: true,
    help: "an upload that has not ended after this long is taken for abandoned and its chunks are removed",
  }),
  gcGracePeriodMs: setting({
    flag: "s3-chunkblob-gc-grace-period",
    section: "S3",
    type: duration(0, 30 * DAY),
    default: HOUR,
    tuning: true,
    help: "content that was replaced or deleted stays readable for downloads that began before",
  }),
  s3BlobOffload: setting({
    flag: "s3-blob-offload",
    section: "S3",
    type: onOff,
    default: true,
    tuning: true,
    help: "chunks of objects above s3-inline-limit lie beside the Raft log, as soon as every member says so; false on one member sends the uploads of all through the log",
  }),
  blobMinReplicas: setting({
    flag: "s3-chunkblob-min-replicas",
    section: "S3",
    type: integer(0, 64),
    default: 0,
    tuning: true,
    help: "voters that hold a chunk durably before an upload goes on; 0 = a majority of them, or what can be reached, but 2 at least where there are two; a number is never undercut: with fewer nodes the upload is refused",
  }),
  blobFetchWorkers: setting({
    flag: "s3-chunkblob-fetch-workers",
    section: "S3",
    type: integer(1, 64),
    default: 4,
    tuning: true,
    help: "missing chunks that are fetched from other nodes at a time",
  }),
  blobFetchQueueSize: setting({
    flag: "s3-chunkblob-fetch-queue-size",
    section: "S3",
    type: integer(16, 1_000_000),
    default: 10_000,
    tuning: true,
    help: "missing chunks that may wait to be fetched; what finds no place is found by the next backfill scan",
  }),
  blobFetchRatePerPeer: setting({
    flag: "s3-chunkblob-fetch-rate-per-peer",
    section: "S3",
    type: size(64 * KIB, 64 * GIB),
    default: 64 * MIB,
    tuning: true,
    help: "bytes a second of missing chunks fetched from one node; downloads that wait for a chunk are not held back",
  }),
  blobFetchBurstPerPeer: setting({
    flag: "s3-chunkblob-fetch-burst-per-peer",
    section: "S3",
    type: size(MIB, 64 * GIB),
    default: 64 * MIB,
    tuning: true,
    help: "bytes that may be fetched from one node at once after a pause",
  }),
  blobBackfillScanIntervalMs: setting({
    flag: "s3-chunkblob-backfill-scan-interval",
    section: "S3",
    type: duration(SECOND, 30 * DAY),
    default: 10 * MINUTE,
    tuning: true,
    help: "how often this node looks for chunks that it should hold and does not",
  }),
  blobGcIntervalMs: setting({
    flag: "s3-chunkblob-gc-interval",
    section: "S3",
    type: duration(100, DAY),
    default: 5 * MINUTE,
    tuning: true,
    help: "how often chunks without a reference are swept, once the grace period is over",
  }),
  blobOrphanScanIntervalMs: setting({
    flag: "s3-chunkblob-orphan-scan-interval",
    section: "S3",
    type: duration(SECOND, 30 * DAY),
    default: HOUR,
    tuning: true,
    help: "how often chunks of uploads that failed are looked for; they are deleted when they are older than the grace period",
  }),
  blobScrubRate: setting({
    flag: "s3-chunkblob-scrub-rate",
    section: "S3",
    type: size(0, 64 * GIB),
    default: 4 * MIB,
    tuning: true,
    help: "bytes a second of this node's chunks that are read and verified all the time; damaged ones are replaced from other nodes; 0 = never",
  }),
  blobPinMs: setting({
    flag: "s3-chunkblob-pin",
    section: "S3",
    type: duration(SECOND, DAY),
    default: 15 * MINUTE,
    tuning: true,
    help: "how long nodes keep a chunk for an upload that has not referred to it yet; a node that has started deletes no chunk for twice as long; the same on every node",
  }),
  s3MaxConnections: setting({
    flag: "s3-max-connections",
    section: "S3",
    type: integer(1, 1_000_000),
    default: 10_000,
    tuning: true,
    help: "open client connections; when they are reached the oldest one without a request in progress is closed; at most three quarters of the file descriptors or so",
  }),
  s3MaxConnectionsPerAddress: setting({
    flag: "s3-max-connections-per-address",
    section: "S3",
    type: integer(0, 1_000_000),
    default: 0,
    tuning: true,
    help: "of them, from one address (IPv6: one /64) and without a request in progress; above it that address's oldest is closed; 0 = a quarter of s3-max-connections; a proxy in front is one address, too",
  }),
  s3AccessLog: setting({
    flag: "s3-access-log",
    section: "S3",
    type: oneOf("off", "errors", "all"),
    default: "errors",
    tuning: true,
    help: "which S3 requests get a line in the log, with the request id that the client was told; errors are answers from 400 on and those broken off",
  }),
  s3BodyIdleTimeoutMs: setting({
    flag: "s3-body-idle-timeout",
    section: "S3",
    type: duration(SECOND, HOUR),
    default: MINUTE,
    tuning: true,
    help: "an upload that sends no byte for this long is ended",
  }),
  s3DrainTimeoutMs: setting({
    flag: "s3-drain-timeout",
    section: "S3",
    type: duration(SECOND, HOUR),
    default: MINUTE,
    tuning: true,
    help: "a download that takes no byte for this long is ended",
  }),
  s3HeadersTimeoutMs: setting({
    flag: "s3-headers-timeout",
    section: "S3",
    type: duration(SECOND, HOUR),
    default: 30 * SECOND,
    tuning: true,
    help: "from the first byte of a request to the end of its headers",
  }),
  s3KeepAliveTimeoutMs: setting({
    flag: "s3-keep-alive-timeout",
    section: "S3",
    type: duration(SECOND, HOUR),
    default: 75 * SECOND,
    tuning: true,
    help: "an idle connection is closed after this long",
  }),
  diskReserveBytes: setting({
    flag: "disk-reserve",
    section: "Store",
    type: size(0, 64 * GIB),
    default: 512 * MIB,
    tuning: true,
    help: "with less space than this on the data directory's file system no writes are taken; reads and deletes go on",
  }),
  fsmSyncMode: setting({
    flag: "fsm-sync-mode",
    section: "Store",
    type: oneOf("sync", "nosync"),
    default: "sync",
    tuning: true,
    help: "nosync leaves the fsync of applied writes to SQLite's checkpoints: the Raft log replays what a power cut takes",
  }),
  mvccRetentionMs: setting({
    flag: "mvcc-retention",
    section: "Store",
    // The minimum is above CONDITION_AGE_MAX_MS of the state machine, which reads the past up to that age.
    type: duration(2 * MINUTE, 30 * DAY),
    default: 10 * MINUTE,
    tuning: true,
    help: "old versions of a row are kept this long for reads in progress",
  }),
  raftMaxInflightMsgs: setting({
    flag: "raft-max-inflight-msgs",
    section: "Raft",
    type: integer(1, 65_536),
    default: 512,
    tuning: true,
    help: "append messages in flight per peer; also sizes the inbound queues (at least 256)",
  }),
  raftMaxSizePerMsg: setting({
    flag: "raft-max-size-per-msg",
    section: "Raft",
    type: size(KIB, 64 * MIB),
    default: 4 * MIB,
    tuning: true,
    help: "bytes of entries in one append message, and the size of the largest entry (which may have 64KiB at least)",
  }),
  raftMaxInflightBytes: setting({
    flag: "raft-max-inflight-bytes",
    section: "Raft",
    type: size(KIB, 64 * GIB),
    default: 64 * MIB,
    tuning: true,
    help: "append bytes in flight per peer; at least raft-max-size-per-msg",
  }),
  raftDispatcherLanes: setting({
    flag: "raft-dispatcher-lanes",
    section: "Raft",
    type: onOff,
    default: true,
    tuning: true,
    help: "four connections a peer (heartbeats, log, snapshots, the rest), so that nothing large delays a heartbeat; false falls back to two (heartbeats, the rest)",
  }),
  raftSnapshotCount: setting({
    flag: "raft-snapshot-count",
    section: "Raft",
    type: integer(1, 100_000_000),
    default: 10_000,
    tuning: true,
    help: "log entries kept behind the durable state for slow followers, which else need a snapshot of everything; a single node has none and keeps none",
  }),
  raftMaxWalFiles: setting({
    flag: "raft-max-wal-files",
    section: "Raft",
    type: integer(1, 10_000),
    default: 5,
    tuning: true,
    help: "write-ahead log segments (64 MiB each) kept at most, once nothing needs the older ones",
  }),
  logLevel: setting({
    flag: "log-level",
    section: "Log",
    type: oneOf("debug", "info", "warn", "error"),
    default: "info",
    help: "lines below this level are not written",
  }),
  logFormat: setting({
    flag: "log-format",
    section: "Log",
    type: oneOf("logfmt", "json"),
    default: "logfmt",
    help: "one line per event on standard error",
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** Rows in table order. The value types differ between rows, so they are unknown here. */
export const SETTING_ROWS: readonly (readonly [SettingName, Setting<unknown>])[] = Object.entries(
  SETTINGS as unknown as Record<SettingName, Setting<unknown>>,
) as [SettingName, Setting<unknown>][];

/** `raft-max-inflight-msgs` -> `ELASTICKV_RAFT_MAX_INFLIGHT_MSGS`. */
export function variableOf(row: Pick<Setting<unknown>, "flag">): string {
  return `ELASTICKV_${row.flag.toUpperCase().replaceAll("-", "_")}`;
}
