/** The answer to a form that was stored (S3 API, POST Object, "success_action_redirect" and "success_action_status"). */
import type { EdgeReply } from "../../http/types.ts";
import { encodeComponent } from "../protocol/percent.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { element, tag, XML_DECLARATION } from "../xml/builder.ts";
import type { FormFields } from "./form-request.ts";

/** What may stand in Location; a browser writes the other characters of a URL as escapes. */
const SENDABLE = /^[\x20-\x7e]+$/;

/** @param request of the form @param about headers about the object, its ETag among them */
export function postReply(request: S3Request, fields: FormFields, about: EdgeReply["headers"]): EdgeReply {
  const etag = about.find(([name]) => name === "ETag")?.[1] ?? "";
  const bucket = request.bucket ?? "";
  const redirect = redirectOf(fields);
  if (redirect !== undefined) {
    const query = new URLSearchParams({ bucket, key: fields.key, etag });
    const location = `${redirect}${redirect.includes("?") ? "&" : "?"}${query}`;
    return emptyReply(303, [["Location", location], ...about]);
  }
  const location = locationOf(request, fields.key);
  const headers: HeaderPair[] = [["Location", location], ...about];
  switch (fields.get("success_action_status")) {
    case "200":
      return emptyReply(200, headers);
    case "201": {
      const inner =
        tag("Location", location) + tag("Bucket", bucket) + tag("Key", fields.key) + tag("ETag", etag);
      return xmlReply(XML_DECLARATION + element("PostResponse", inner), headers, 201);
    }
    default:
      return emptyReply(204, headers);
  }
}

/** Only a whole URL of the web counts; with anything else S3 answers as if the field was not there. */
function redirectOf(fields: FormFields): string | undefined {
  const text = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (text === undefined || !/^https?:\/\//i.test(text) || !SENDABLE.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}

/** The key is one segment, with escaped slashes, as S3 writes it. */
function locationOf(request: S3Request, key: string): string {
  const host = request.header("host") ?? "localhost";
  const bucket = request.style === "virtual-host" ? "" : `/${request.bucket ?? ""}`;
  return `http://${host}${bucket}/${encodeComponent(key)}`;
}
