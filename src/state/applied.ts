/** What other threads learn of an apply batch. */
import type { BlobToStore, StoreToBlob } from "../messages/blobs.ts";
import { packKeys } from "../messages/changed-keys.ts";
import type { AnswerMessage, GatewayToStore, StoreToGateway } from "../messages/messages.ts";
import { sameBytes } from "../platform/bytes.ts";
import type { Channel } from "../threads/channel.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import type { ApplyResult } from "./state-machine.ts";

/** A gateway, from the store thread's side: the gateway gets the answers to its own proposals, and all changes. */
export interface StoreGateway {
  readonly channel: Channel<GatewayToStore, StoreToGateway>;
  /** 8 bytes: the client id in the gateway's proposals. */
  readonly clientId: Uint8Array;
}

export function tellGateways(gateways: readonly StoreGateway[], result: ApplyResult): void {
  const applied = result.position;
  const changed = result.changed === undefined ? undefined : packKeys(result.changed);
  for (const { channel, clientId } of gateways) {
    const answers: AnswerMessage[] = [];
    for (const { origin, sequence, outcome } of result.answers) {
      if (sameBytes(origin, clientId)) answers.push({ sequence, outcome });
    }
    channel.send({ kind: "applied", group: ONLY_GROUP, applied, answers, changed });
    channel.flush();
  }
}

/** @param blob undefined: this node has no blob thread */
export function tellBlobThread(
  blob: Channel<BlobToStore, StoreToBlob> | undefined,
  { referenced, swept }: Pick<ApplyResult, "referenced" | "swept">,
): void {
  if (blob === undefined || (referenced.length === 0 && swept.length === 0)) return;
  blob.send({
    kind: "applied",
    // The entries lie in memory that is reused.
    referenced: referenced.map((reference) => ({ ...reference, sha256: Uint8Array.from(reference.sha256) })),
    swept: swept.map((sha256) => Uint8Array.from(sha256)),
  });
  blob.flush();
}
