import type { S3Owner } from "../records/owner.ts";
import { element, tag } from "./builder.ts";

/** `<Owner>` or `<Initiator>`. */
export function ownerElement(name: "Owner" | "Initiator", owner: S3Owner): string {
  return element(name, tag("ID", owner.id) + tag("DisplayName", owner.displayName));
}
