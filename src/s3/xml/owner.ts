import type { User } from "../../iam/types.ts";
import { element, tag } from "./builder.ts";

/** What answers show of a user. */
export type Owner = Pick<User, "id" | "displayName">;

/** `<Owner>` or `<Initiator>`. */
export function ownerElement(name: "Owner" | "Initiator", owner: Owner): string {
  return element(name, tag("ID", owner.id) + tag("DisplayName", owner.displayName));
}
