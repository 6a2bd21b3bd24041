import type { LogFormat, LogLevel, SharedLogLevel } from "../../monitoring/log.ts";
import type { NetworkAddress } from "../../platform/network.ts";
import type { StoreIdentity } from "../../store/generations/store-identity.ts";
import type { FsmSyncMode } from "../../store/types.ts";
import type { PortLike } from "../../threads/channel.ts";
import type { BlobSettings } from "../thread/options.ts";

/** How this node exchanges blobs with its peers. */
export interface BlobPeering {
  readonly listen: NetworkAddress;
  /** Host at which peers reach the listener. */
  readonly advertiseHost: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly caFile: string } | undefined;
  /** Secrets of the cluster, 32 bytes each (PeerAuthentication). */
  readonly secrets: readonly Uint8Array[];
  /** Id of this start of the node. */
  readonly boot: string;
  readonly protocol: number;
  readonly version: string;
}

/** The message that main posts once to the blob Worker. */
export interface BlobWorkerInit {
  /** DATA/blobs. */
  readonly directory: string;
  /** 32 hex digits, made with the data directory: the blobs belong to it. */
  readonly instance: string;
  readonly node: { readonly id: number; readonly name: string };
  /** undefined: this node has no peers. */
  readonly peering: BlobPeering | undefined;
  readonly keyspace: {
    /** DATA/keyspace. */
    readonly directory: string;
    readonly identity: StoreIdentity;
    readonly fsmSyncMode: FsmSyncMode;
  };
  readonly settings: BlobSettings;
  /** 0 = a majority of the voters. */
  readonly minReplicas: number;
  readonly published: SharedArrayBuffer;
  readonly gatewayPorts: readonly PortLike[];
  readonly consensusPort: PortLike;
  readonly storePort: PortLike;
  readonly controlPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel | SharedLogLevel;
  readonly logFormat: LogFormat;
}

/** What the Worker reports when it has started. */
export interface BlobWorkerStarted {
  /** host:port at which peers exchange blobs with this node; undefined without peers. */
  readonly address: string | undefined;
}
