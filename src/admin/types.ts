/** The data that the admin application shows, and their sources. */
import type { CreatedToken, CreateToken, TokenList } from "../api/admin-tokens.ts";
import type { AdminRole, NotReadyCode } from "../api/codes.ts";
import type { JoinTokenAnswer, JoinTokenRequest } from "../api/join.ts";
import type {
  BackupBegun,
  BackupCounts,
  MigrationChange,
  MigrationStatus,
  VerifyRequest,
  VerifyStep,
} from "../api/maintenance.ts";
import type { DrainStatus, UpdateLock, UpdateLockChange } from "../api/operations.ts";
import type { ClusterStatus } from "../api/schemas.ts";
import type { ClusterReply, MemberChange } from "../messages/cluster.ts";
import type { Iam } from "./user-types.ts";

export type ChangeReply = Exclude<ClusterReply, { kind: "status" }>;

export interface AdminDeps {
  readiness(): Readiness;
  /** Metrics of all threads in Prometheus' text format. */
  metrics(): Promise<string>;
  /** The cluster as the leader sees it; without a leader, as this node sees it. */
  cluster(): Promise<ClusterStatus>;
  /** The leader makes the change, whichever node is asked. The answer is `done` or `refused`. */
  changeCluster(change: MemberChange, configurationIndex: number | null): Promise<ChangeReply>;
  /** Makes a join token. Absent: this node has no peers. @throws JoinTokenRefused */
  joinToken?(request: JoinTokenRequest): Promise<JoinTokenAnswer>;
  readonly version: VersionInfo;
  readonly tokens: AdminTokens;
  /** Work on all objects; undefined while this node cannot read its keyspace. */
  readonly maintenance?: () => Maintenance | undefined;
  readonly drain?: Drain;
  readonly updateLocks?: UpdateLocks;
  readonly iam?: Iam;
}

interface Drain {
  status(): DrainStatus;
  begin(reason: string): DrainStatus;
  end(): DrainStatus;
}

/** @throws UpdateLockError */
export interface UpdateLocks {
  show(): Promise<UpdateLock>;
  acquire(owner: string): Promise<UpdateLockChange>;
  release(owner: string, force: boolean): Promise<UpdateLockChange>;
}

export type TokenCheck =
  | { readonly kind: "valid"; readonly id: string; readonly role: AdminRole }
  /** Unknown, expired or revoked. */
  | { readonly kind: "refused" }
  /** Tokens cannot be looked up now. */
  | { readonly kind: "unavailable" };

export interface CheckOptions {
  /** The leader says what is true now; otherwise the rows count that this node has applied. */
  readonly freshly: boolean;
  /** Whether the leader may be asked about a token that this node does not know. */
  readonly mayAsk: boolean;
}

/** Tokens of the admin API. All methods but `check` throw AdminTokenError. */
export interface AdminTokens {
  check(token: string, options: CheckOptions): Promise<TokenCheck>;
  /** @param createdBy `local`, or the id of the token that asks */
  create(wanted: CreateToken, createdBy: string): Promise<CreatedToken>;
  list(): Promise<TokenList>;
  revoke(id: string): Promise<void>;
}

/** Each call is one bounded step. @throws MaintenanceError */
export interface Maintenance {
  verify(request: VerifyRequest): Promise<VerifyStep>;
  migration(): Promise<MigrationStatus>;
  changeMigration(change: MigrationChange): Promise<MigrationStatus>;
  beginBackup(): Promise<BackupBegun>;
  /** The page with this number (api/backup-pages.ts), or the last one again; empty after the last one. */
  backupPage(id: string, page: number): Promise<Uint8Array>;
  backupBlob(id: string, sha256: Uint8Array, size: number): Promise<Uint8Array>;
  endBackup(id: string): Promise<BackupCounts>;
  beginRestore(id: string): Promise<void>;
  /** @returns Unix milliseconds until which the blob stays without a reference */
  restoreBlob(id: string, sha256: Uint8Array, bytes: Uint8Array): Promise<number>;
  restorePage(id: string, page: Uint8Array, pinUntilMs: number): Promise<void>;
  endRestore(id: string): Promise<void>;
}

/** Ready = a client that connects now is served. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly NotReadyReason[] };

export interface NotReadyReason {
  readonly code: NotReadyCode;
  /** Text for operators: the problem, and the action that solves it. */
  readonly message: string;
}

interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
}
