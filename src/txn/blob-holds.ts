/** Rows that keep the sweeper from removing blobs for a time, as while a backup copies them. */
import { prefixEnd } from "../store/key-encoding.ts";
import { settingKey } from "./keys.ts";
import type { ReadView } from "./types.ts";

const BLOB_HOLDS_PREFIX: Uint8Array = settingKey("blobs", "hold");
/** More holds at once are not looked at: each backup under way has one. */
const HOLDS_MAX = 1_000;

export const blobHoldKey = (id: string): Uint8Array => settingKey("blobs", "hold", id);

export function encodeBlobHold(untilMs: number): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, untilMs }));
}

/** True while some hold has not expired. A hold that this release cannot read holds. */
export async function blobsAreHeld(view: Pick<ReadView, "scan">, nowMs: number): Promise<boolean> {
  return (await holds(view)).some(({ untilMs }) => untilMs > nowMs);
}

/** Keys of the holds that have expired. */
export async function expiredHolds(view: Pick<ReadView, "scan">, nowMs: number): Promise<Uint8Array[]> {
  return (await holds(view)).filter(({ untilMs }) => untilMs <= nowMs).map(({ key }) => key);
}

async function holds(
  view: Pick<ReadView, "scan">,
): Promise<{ readonly key: Uint8Array; readonly untilMs: number }[]> {
  const rows = await view.scan(BLOB_HOLDS_PREFIX, prefixEnd(BLOB_HOLDS_PREFIX), { limit: HOLDS_MAX });
  return rows.map(({ key, value }) => ({ key, untilMs: untilMsOf(value) }));
}

function untilMsOf(value: Uint8Array): number {
  try {
    const { untilMs } = JSON.parse(Buffer.from(value).toString("utf8")) as { untilMs?: unknown };
    return typeof untilMs === "number" ? untilMs : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
