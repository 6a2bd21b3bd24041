import type { Logger } from "../../src/monitoring/log.ts";

export const noLog: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => noLog,
};
