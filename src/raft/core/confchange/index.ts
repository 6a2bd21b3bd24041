export type { ChangedConfiguration } from "./changer.ts";

export { ConfChangeError } from "./error.ts";
export { changeConfiguration, nextConfState } from "./next.ts";
export { restoreConfiguration } from "./restore.ts";
