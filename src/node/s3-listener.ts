/** The S3 listener of a node: limits from the settings and from the machine. */
import type { Config } from "../config/config.ts";
import { startEdge } from "../http/edge.ts";
import { EdgeError } from "../http/errors.ts";
import type { Edge, EdgeOptions } from "../http/options.ts";
import type { Certificates } from "../http/tls-certificates.ts";
import { edgeMetrics } from "../monitoring/edge-metrics.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { descriptorLimit } from "../platform/descriptors.ts";
import { EXIT } from "../platform/exit-codes.ts";
import { StartError } from "../platform/start-error.ts";
import type { AccessLog } from "./access-log.ts";
import { connectionsFor } from "./descriptor-watch.ts";

/** Share of all connections that one address may hold without a request in progress. */
const SHARE_OF_ONE_ADDRESS = 1 / 4;

/** @throws StartError naming the address and the setting that changes it. */
export async function listenForS3(
  config: Config,
  { application, probe }: Required<Pick<EdgeOptions, "application" | "probe">>,
  metrics: ThreadMetrics,
  log: Logger,
  access: AccessLog,
  certificates: Certificates | undefined,
): Promise<Edge> {
  const limit = descriptorLimit();
  const maxConnections = connectionsFor(config.s3MaxConnections, limit);
  if (maxConnections < config.s3MaxConnections) {
    log.warn("fewer connections than s3-max-connections: the limit of file descriptors is too low for them", {
      connections: maxConnections,
      wanted: config.s3MaxConnections,
      descriptors: limit,
    });
  }
  const share = config.s3MaxConnectionsPerAddress;
  try {
    return await startEdge({
      host: config.s3Address.host,
      port: config.s3Address.port,
      application,
      probe,
      certificates,
      metrics: edgeMetrics(metrics),
      limits: {
        maxConnections,
        maxIdlePerAddress: share === 0 ? Math.ceil(maxConnections * SHARE_OF_ONE_ADDRESS) : share,
        bodyIdleTimeoutMs: config.s3BodyIdleTimeoutMs,
        drainTimeoutMs: config.s3DrainTimeoutMs,
        headersTimeoutMs: config.s3HeadersTimeoutMs,
        keepAliveTimeoutMs: config.s3KeepAliveTimeoutMs,
      },
      ...(access.onEnded === undefined ? {} : { onEnded: access.onEnded }),
      ...(access.onRefused === undefined ? {} : { onRefused: access.onRefused }),
      onError: (error, requestId) => log.error("request failed", { requestId, error }),
    });
  } catch (error) {
    if (error instanceof EdgeError) {
      const exitCode = error.code === "PERMISSION_DENIED" ? EXIT.LASTING : EXIT.MAY_MEND;
      const message = `S3 address: ${error.message} (--s3-address chooses another)`;
      throw new StartError(message, { cause: error, exitCode });
    }
    throw error;
  }
}
