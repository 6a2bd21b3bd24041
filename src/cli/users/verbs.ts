/** The verbs `user`, `key`, `group` and `policy`, in the order of the help. */
import { GROUP_VERBS } from "./group-verbs.ts";
import type { VerbShape } from "./shapes.ts";
import { USER_VERBS } from "./user-verbs.ts";

export type UserVerb = keyof typeof USER_VERBS | keyof typeof GROUP_VERBS;
export const USER_SHAPES: Readonly<Record<UserVerb, VerbShape>> = { ...USER_VERBS, ...GROUP_VERBS };
