import type { User } from "../../iam/types.ts";
import { element, tag } from "./builder.ts";

/** `<Owner>` or `<Initiator>`. */
export function ownerElement(name: "Owner" | "Initiator", owner: User): string {
  return element(name, tag("ID", owner.id) + tag("DisplayName", owner.displayName));
}
