/**
 * Every metric of elastickv, in one table. Code uses the key; Prometheus sees `name`. Times are seconds, sizes
 * bytes. Label values come from small fixed sets: never a key, a bucket or an address.
 * More than 400 lines: one table.
 */

interface CounterDefinition {
  readonly kind: "counter";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface GaugeDefinition {
  readonly kind: "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** How the values of several threads are merged into one gauge. */
  readonly across: "sum" | "max";
}

interface HistogramDefinition {
  readonly kind: "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, ascending; `+Inf` is added. */
  readonly buckets: readonly number[];
}

export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;

const counter = <const L extends readonly string[]>(name: string, help: string, labels: L) =>
  ({ kind: "counter", name, help, labels }) as const;

const gauge = <const L extends readonly string[]>(
  name: string,
  help: string,
  labels: L,
  across: GaugeDefinition["across"] = "max",
) => ({ kind: "gauge", name, help, labels, across }) as const;

const histogram = <const L extends readonly string[]>(
  name: string,
  help: string,
  labels: L,
  buckets: readonly number[],
) => ({ kind: "histogram", name, help, labels, buckets }) as const;

/** Bounds from a cached read to a long upload. */
const REQUEST_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
/** Bounds from an fsync on fast flash to a failing disk. */
const DISK_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** Bounds for the lateness of a timer. */
const LAG_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/**
 * Bounds for the lateness of a tick. The design's limit is 50 ms, so the bounds are close around it: a quantile is
 * only as exact as its bucket.
 */
const TICK_LATENESS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.045, 0.05, 0.06, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 5,
];
/** Bounds for the number of items that shared one action. */
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export const METRICS = {
  // HTTP edge of the S3 listener
  httpConnections: gauge("elastickv_http_connections", "Open client connections.", [], "sum"),
  httpConnectionsOpened: counter(
    "elastickv_http_connections_opened_total",
    "Client connections accepted.",
    [],
  ),
  httpConnectionsRefused: counter(
    "elastickv_http_connections_refused_total",
    "Client connections closed at once because s3-max-connections were open, each with a request in progress.",
    [],
  ),
  httpConnectionsEvicted: counter(
    "elastickv_http_connections_evicted_total",
    "Client connections without a request in progress closed to make space (full, address, descriptors), and those with too many waiting requests (pipeline).",
    ["reason"],
  ),
  accessLogDropped: counter(
    "elastickv_access_log_dropped_total",
    "Lines of the access log that were given up because standard error did not take them in time.",
    [],
  ),
  descriptorsExhausted: counter(
    "elastickv_descriptors_exhausted_total",
    "Looks (one a second) that found no file descriptor left: new connections wait.",
    [],
  ),
  memoryUsed: gauge(
    "elastickv_memory_used_bytes",
    "Memory that the kernel counts against the node's limit and cannot take back.",
    [],
  ),
  memoryLimit: gauge(
    "elastickv_memory_limit_bytes",
    "Memory that the node may use: the smallest limit of its cgroups, else the machine's memory.",
    [],
  ),
  memoryShort: gauge(
    "elastickv_memory_short",
    "1 while memory is above the lower mark and new uploads are refused.",
    [],
  ),
  memoryMarks: counter(
    "elastickv_memory_watermarks_total",
    "How often memory rose above a mark: lower (uploads refused), upper (the node ends when it lasts).",
    ["mark"],
  ),
  httpRequestsInFlight: gauge(
    "elastickv_http_requests_in_flight",
    "Requests not answered to their end.",
    [],
    "sum",
  ),
  httpRequests: counter("elastickv_http_requests_total", "Requests ended; 499 = the client left first.", [
    "status",
  ]),
  httpReceivedBytes: counter("elastickv_http_received_bytes_total", "Body bytes read from clients.", []),
  httpSentBytes: counter("elastickv_http_sent_bytes_total", "Body bytes sent to clients.", []),
  httpParseErrors: counter("elastickv_http_parse_errors_total", "Requests the parser refused.", ["reason"]),
  httpRepliesAborted: counter(
    "elastickv_http_replies_aborted_total",
    "Replies broken off after their head.",
    ["reason"],
  ),

  // S3
  s3Requests: counter("elastickv_s3_requests_total", "S3 requests answered.", ["operation", "status"]),
  s3RequestSeconds: histogram(
    "elastickv_s3_request_seconds",
    "From the end of the headers to the last byte of the answer.",
    ["operation"],
    REQUEST_SECONDS,
  ),
  s3ReceivedBytes: counter("elastickv_s3_received_bytes_total", "Body bytes read, by operation.", [
    "operation",
  ]),
  s3SentBytes: counter("elastickv_s3_sent_bytes_total", "Body bytes sent, by operation.", ["operation"]),
  s3Errors: counter("elastickv_s3_errors_total", "S3 requests refused or failed, by S3 error code.", [
    "code",
  ]),
  s3AdmissionInflightBytes: gauge(
    "elastickv_s3_put_admission_inflight_bytes",
    "Body bytes read and not yet committed.",
    [],
    "sum",
  ),
  s3AdmissionRejections: counter(
    "elastickv_s3_put_admission_rejections_total",
    "Uploads answered SlowDown.",
    ["stage", "protocol"],
  ),
  s3AdmissionWaitSeconds: histogram(
    "elastickv_s3_put_admission_wait_seconds",
    "How long an upload waited for space.",
    ["stage", "protocol"],
    REQUEST_SECONDS,
  ),
  s3HeldRequests: gauge(
    "elastickv_s3_held_requests",
    "Requests that wait, their bodies unread, until there is a leader or the node has started.",
    [],
    "sum",
  ),
  s3HeldRequestsEnded: counter(
    "elastickv_s3_held_requests_total",
    "Requests that had to wait: open = went on, late and full = answered SlowDown, gone = the client left.",
    ["outcome"],
  ),

  // Reads
  leaseReads: counter(
    "elastickv_lease_read_total",
    "Linearizable reads: hit = under the leader's lease, miss = by read-index.",
    ["outcome"],
  ),

  // Raft
  raftTerm: gauge("elastickv_raft_term", "Current term.", []),
  raftIsLeader: gauge("elastickv_raft_is_leader", "1 when this node leads.", []),
  raftHasLeader: gauge("elastickv_raft_has_leader", "1 when this node knows a leader.", []),
  raftLeaderChanges: counter("elastickv_raft_leader_changes_total", "Times this node saw a new leader.", []),
  raftLastIndex: gauge("elastickv_raft_last_index", "Last index in the log.", []),
  raftCommitIndex: gauge("elastickv_raft_commit_index", "Highest index known to be committed.", []),
  raftAppliedIndex: gauge("elastickv_raft_applied_index", "Highest index applied to the state machine.", []),
  raftProposals: counter("elastickv_raft_proposals_total", "Proposals ended, by outcome.", ["outcome"]),
  raftProposalsPending: gauge(
    "elastickv_raft_proposals_pending",
    "Proposals waiting for their apply.",
    [],
    "sum",
  ),
  payloadMemoryBytes: gauge(
    "elastickv_payload_memory_bytes",
    "Memory that carries body bytes between threads: in use, and idle for reuse.",
    ["state"],
    "sum",
  ),
  raftProposalSeconds: histogram(
    "elastickv_raft_proposal_seconds",
    "From proposal to applied.",
    [],
    REQUEST_SECONDS,
  ),
  raftTickLatenessSeconds: histogram(
    "elastickv_raft_tick_lateness_seconds",
    "How late a Raft tick ran.",
    [],
    TICK_LATENESS_SECONDS,
  ),

  // Connections between nodes
  raftForwardedProposals: counter(
    "elastickv_raft_forwarded_proposals_total",
    "Proposals of this node that were sent to the leader on another one.",
    [],
  ),
  raftReadIndexRounds: counter(
    "elastickv_raft_read_index_rounds_total",
    "Read-index rounds that this node asked for.",
    [],
  ),
  raftSnapshots: counter(
    "elastickv_raft_snapshots_total",
    "Keyspace snapshots sent and received, by outcome.",
    ["direction", "outcome"],
  ),
  raftLeaseValid: gauge(
    "elastickv_raft_lease_valid",
    "1 while this node leads and serves reads under its lease.",
    [],
  ),
  raftMembers: gauge("elastickv_raft_members", "Members by role; 0 unless this node leads.", ["role"]),
  raftMemberLagEntries: gauge(
    "elastickv_raft_member_lag_entries",
    "Committed entries that a member is not known to have; 0 unless this node leads.",
    ["member"],
  ),
  raftMemberReachable: gauge(
    "elastickv_raft_member_reachable",
    "1 when a member was heard of within an election timeout; 0 unless this node leads.",
    ["member"],
  ),
  raftDispatchDropped: counter(
    "elastickv_raft_dispatch_dropped_total",
    "Messages to peers that were dropped: the lane was full, or not connected.",
    ["lane"],
  ),
  peerSentMessages: counter("elastickv_peer_sent_messages_total", "Messages written to peers.", ["lane"]),
  peerSentBytes: counter("elastickv_peer_sent_bytes_total", "Bytes of those, framing included.", ["lane"]),
  peerReceivedMessages: counter("elastickv_peer_received_messages_total", "Messages read from peers.", [
    "lane",
  ]),
  peerReceivedBytes: counter("elastickv_peer_received_bytes_total", "Bytes of those, framing included.", [
    "lane",
  ]),
  peerConnectedLanes: gauge("elastickv_peer_connected_lanes", "Lanes to a peer that are up, of 4.", ["peer"]),
  peerProtocolErrors: counter(
    "elastickv_peer_protocol_errors_total",
    "Peers disconnected because they broke the protocol.",
    [],
  ),
  peerHandshakeFailures: counter(
    "elastickv_peer_handshake_failures_total",
    "Connections between nodes that did not come through the handshake: the cluster secret or the certificate was not proved, refused, too slow, too many ...",
    ["reason"],
  ),

  // Write-ahead log
  walFsyncSeconds: histogram(
    "elastickv_wal_fsync_seconds",
    "Duration of one fdatasync of the log; its count is the number of fsyncs.",
    [],
    DISK_SECONDS,
  ),
  walEntries: counter(
    "elastickv_wal_entries_total",
    "Raft entries appended; by fsync count = group commit.",
    [],
  ),
  walBatchEntries: histogram(
    "elastickv_wal_batch_entries",
    "Raft entries that shared one fsync.",
    [],
    BATCH_SIZES,
  ),
  walWrittenBytes: counter(
    "elastickv_wal_written_bytes_total",
    "Bytes appended to the log, framing included.",
    [],
  ),
  walSegments: gauge("elastickv_wal_segments", "Segment files of the log.", [], "sum"),
  walTornTails: counter("elastickv_wal_torn_tails_total", "Torn tails cut and kept aside at start.", []),

  // State machine
  fsmAppliedEntries: counter("elastickv_fsm_applied_entries_total", "Entries applied.", []),
  fsmApplySeconds: histogram(
    "elastickv_fsm_apply_seconds",
    "One apply batch, its SQLite commit included.",
    [],
    DISK_SECONDS,
  ),
  fsmFailedConditions: counter(
    "elastickv_fsm_failed_conditions_total",
    "Transactions whose condition did not hold.",
    [],
  ),
  fsmDuplicates: counter("elastickv_fsm_duplicates_total", "Retries recognised and not applied again.", []),
  fsmApplySyncMode: gauge("elastickv_fsm_apply_sync_mode", "1 for the sync mode in force, 0 for the other.", [
    "mode",
  ]),

  // SQLite
  storeWalBytes: gauge("elastickv_store_wal_bytes", "Size of SQLite's WAL file.", [], "sum"),
  storeDatabaseBytes: gauge("elastickv_store_database_bytes", "Size of SQLite's database file.", [], "sum"),
  storeCompactedRows: counter("elastickv_store_compacted_rows_total", "Old versions removed.", []),
  collectedRows: counter(
    "elastickv_collected_rows_total",
    "Chunk rows of replaced or deleted objects removed.",
    [],
  ),

  migratedBytes: counter(
    "elastickv_migrated_bytes_total",
    "Bytes of objects that this node moved from the log to blobs.",
    [],
  ),
  migratedObjects: counter(
    "elastickv_migrated_objects_total",
    "Objects whose content this node moved from the log to blobs.",
    [],
  ),

  // Blobs: content beside the log
  blobsHeld: gauge("elastickv_s3_chunkblob_blobs", "Blobs that this node holds.", []),
  blobBytesHeld: gauge("elastickv_s3_chunkblob_bytes", "Bytes of those.", []),
  blobsMissing: gauge(
    "elastickv_s3_chunkblob_missing",
    "Blobs that this node should hold and does not, as far as its last walk over the counts knows; NaN until the first one has ended.",
    [],
  ),
  blobPins: gauge(
    "elastickv_s3_chunkblob_pins",
    "Blobs that are kept because this node acknowledged them a short time ago.",
    [],
  ),
  blobsDamaged: gauge(
    "elastickv_s3_chunkblob_damaged",
    "Copies on this disk that are damaged and not replaced yet.",
    [],
  ),
  blobPushes: counter(
    "elastickv_s3_chunkblob_push_total",
    "Pushes of blobs to peers that ended: stored, refused (corrupt, disk-full, busy, failed), or lost with the connection or for want of time.",
    ["result"],
  ),
  blobPushedBytes: counter(
    "elastickv_s3_chunkblob_push_bytes_total",
    "Bytes of the pushes that were stored.",
    [],
  ),
  blobReplicationDegraded: counter(
    "elastickv_s3_chunkblob_replication_degraded_total",
    "Blobs that were stored with fewer copies than a majority, because no more voters could be reached.",
    [],
  ),
  blobStoreSeconds: histogram(
    "elastickv_s3_chunkblob_store_seconds",
    "From a blob in memory to enough durable copies.",
    [],
    DISK_SECONDS,
  ),
  blobFetches: counter(
    "elastickv_s3_chunkblob_fetches_total",
    "Fetches ended: for the backfill, for a client that waits (read), or for a damaged copy (repair); gone = nothing refers to the blob any more, full = no space here.",
    ["reason", "result"],
  ),
  blobFetchWrongBytes: counter(
    "elastickv_s3_chunkblob_fetch_wrong_bytes_total",
    "Answers of peers whose bytes had another SHA-256; the next peer was asked.",
    [],
  ),
  blobUnrecoverable: counter(
    "elastickv_s3_chunkblob_unrecoverable_total",
    "Reads that failed because no member has a blob that an object needs.",
    [],
  ),
  blobsDeleted: counter(
    "elastickv_s3_chunkblob_deleted_total",
    "Copies deleted on this node: swept, or orphans that the scan found.",
    ["reason"],
  ),
  blobScrubbedBytes: counter(
    "elastickv_s3_chunkblob_scrubbed_bytes_total",
    "Bytes of own copies that the scrub has read.",
    [],
  ),
  blobDamage: counter(
    "elastickv_s3_chunkblob_damage_total",
    "Own copies found to be damaged, and healed from verified bytes.",
    ["event"],
  ),
  blobDedupBlobs: counter(
    "elastickv_s3_dedup_blobs_total",
    "Blobs that this node was given and held already.",
    [],
  ),
  blobDedupBytes: counter("elastickv_s3_dedup_bytes_total", "Bytes of those, not written again.", []),

  // Hybrid clock
  hlcPhysicalSeconds: gauge(
    "elastickv_hlc_physical_seconds",
    "Physical part of the last timestamp issued, Unix time.",
    [],
  ),
  hlcCeilingSeconds: gauge(
    "elastickv_hlc_ceiling_seconds",
    "Newest ceiling of the clock that this node has logged as leader, Unix time; 0 while it has none.",
    [],
  ),
  hlcSkewSeconds: gauge(
    "elastickv_hlc_skew_seconds",
    "Last timestamp issued, less this node's wall clock: above 0 it runs ahead; below, nothing was issued since.",
    [],
  ),

  // Process
  eventLoopLagSeconds: histogram(
    "elastickv_event_loop_lag_seconds",
    "How late a timer of a thread ran.",
    ["thread"],
    LAG_SECONDS,
  ),
  threadUp: gauge("elastickv_thread_up", "1 when a thread answered this scrape.", ["thread"], "max"),
  peerCertificateEnd: gauge(
    "elastickv_peer_certificate_not_after_seconds",
    "End of this node's certificate from the cluster's own CA, Unix seconds. The node renews it by itself a third of its life before.",
    [],
  ),
  ready: gauge("elastickv_ready", "1 when /readyz says ready.", []),
  draining: gauge("elastickv_draining", "1 while the node drains (elastickv drain).", []),
  buildInfo: gauge("elastickv_build_info", "Always 1; the labels say what runs.", [
    "version",
    "commit",
    "bun",
  ]),
  tlsCertificateEnd: gauge(
    "elastickv_tls_certificate_not_after_seconds",
    "Unix time at which the first certificate of a listener ends; absent without TLS.",
    ["listener"],
    "sum",
  ),
  tlsReloads: counter(
    "elastickv_tls_reloads_total",
    "Changed certificate files by listener and outcome: used, or refused (the old certificate stays).",
    ["listener", "outcome"],
  ),
  adminLogins: counter(
    "elastickv_admin_logins_total",
    "Requests to the admin address by the outcome of their login: token, none, bad-token, wrong-role, limited or unavailable.",
    ["outcome"],
  ),
  logLines: counter("elastickv_log_lines_total", "Log lines written, by level.", ["level"]),
} as const satisfies Record<string, MetricDefinition>;

export type MetricKey = keyof typeof METRICS;

/** The keys of one kind. */
export type KeyOf<Kind extends MetricDefinition["kind"]> = {
  [K in MetricKey]: (typeof METRICS)[K]["kind"] extends Kind ? K : never;
}[MetricKey];

/** The label names of a metric; `never` when it has none. */
export type LabelOf<K extends MetricKey> = (typeof METRICS)[K]["labels"][number];
