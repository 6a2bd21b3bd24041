/** Encodes cluster requests and their replies as JSON for the messages between a node and the leader. */

import { CLUSTER_REFUSAL_CODES, type ClusterRefusalCode } from "../api/codes.ts";
import type { ClusterReply, ClusterRequest, MemberChange } from "../messages/cluster.ts";

class ClusterMessageError extends Error {
  readonly code = "CLUSTER_MESSAGE";
  constructor(message: string) {
    super(message);
    this.name = "ClusterMessageError";
  }
}

type Json = Readonly<Record<string, unknown>>;

export function encodeClusterMessage(message: ClusterRequest | ClusterReply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws ClusterMessageError naming what is wrong. */
export function decodeClusterRequest(body: Uint8Array): ClusterRequest {
  const request = parse(body);
  if (request["kind"] === "status") return { kind: "status" };
  if (request["kind"] !== "change") throw unknown("request", request["kind"]);
  const index = request["configurationIndex"];
  if (index !== null && !(Number.isSafeInteger(index) && Number(index) >= 0)) {
    throw new ClusterMessageError(`configurationIndex ${String(index)} is neither an index nor null`);
  }
  return {
    kind: "change",
    change: decodeChange(object(request["change"], "change")),
    configurationIndex: index === null ? null : Number(index),
  };
}

/**
 * Decodes a reply. Only the outline of a view is checked: operators read the view, and no decision depends on its
 * content. @throws ClusterMessageError naming what is wrong.
 */
export function decodeClusterReply(body: Uint8Array): ClusterReply {
  const reply = parse(body);
  switch (reply["kind"]) {
    case "status": {
      const view = object(reply["view"], "view");
      if (!Array.isArray(view["members"])) throw new ClusterMessageError("view has no members");
      if (view["view"] !== "leader" && view["view"] !== "own") throw unknown("view", view["view"]);
      return { kind: "status", view: view as unknown as (ClusterReply & { kind: "status" })["view"] };
    }
    case "done":
      return {
        kind: "done",
        changed: reply["changed"] === true,
        configurationIndex: Number(reply["configurationIndex"]),
      };
    case "refused": {
      const code = CLUSTER_REFUSAL_CODES.find((known) => known === reply["code"]);
      if (code === undefined) throw unknown("refusal", reply["code"]);
      return refused(code, text(reply, "message"));
    }
    default:
      throw unknown("reply", reply["kind"]);
  }
}

export function refused(code: ClusterRefusalCode, message: string): ClusterReply & { kind: "refused" } {
  return { kind: "refused", code, message };
}

function decodeChange(change: Json): MemberChange {
  switch (change["kind"]) {
    case "add-learner":
      return { kind: "add-learner", name: text(change, "name"), address: text(change, "address") };
    case "promote":
      return { kind: "promote", name: text(change, "name") };
    case "remove":
      return { kind: "remove", name: text(change, "name") };
    case "replace":
      return { kind: "replace", remove: text(change, "remove"), promote: text(change, "promote") };
    case "transfer-leader":
      return { kind: "transfer-leader", to: change["to"] === null ? null : text(change, "to") };
    default:
      throw unknown("change", change["kind"]);
  }
}

function parse(body: Uint8Array): Json {
  try {
    return object(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)), "message");
  } catch (error) {
    if (error instanceof ClusterMessageError) throw error;
    throw new ClusterMessageError(`a body of ${body.byteLength} bytes is not JSON: ${String(error)}`);
  }
}

function object(value: unknown, name: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ClusterMessageError(`${name} is not an object`);
}

function text(value: Json, field: string): string {
  const found = value[field];
  if (typeof found === "string") return found;
  throw new ClusterMessageError(`${field} is not a string`);
}

function unknown(what: string, kind: unknown): ClusterMessageError {
  return new ClusterMessageError(`unknown ${what} ${JSON.stringify(kind)}`);
}
