import type { EdgeRequest } from "../../../../src/http/types.ts";
import { parseS3Request, type S3Request } from "../../../../src/s3/protocol/request.ts";

/** A request without a body, as the edge hands it over. @param headers looked up by the names in lower case */
export function s3Request(method: string, target: string, headers: Record<string, string> = {}): S3Request {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  byName.set("host", "localhost");
  const edge: EdgeRequest = {
    method,
    rawTarget: target,
    rawHeaders: ["Host", "localhost", ...Object.entries(headers).flat()],
    header: (name) => byName.get(name),
    remoteAddress: "",
    tlsVersion: undefined,
    requestId: "R",
    body: { declaredLength: 0, received: 0, read: async () => undefined, readInto: async () => 0 },
    signal: new AbortController().signal,
  };
  return parseS3Request(edge, { domains: [] });
}
