export { type ChangedConfiguration, Changer } from "./changer.ts";
export { checkConfiguration } from "./check.ts";
export { ConfChangeError, type ConfChangeErrorCode } from "./error.ts";
export { changeConfiguration, nextConfState } from "./next.ts";
export { restoreConfiguration } from "./restore.ts";
