export {
  type CheckSummary,
  checkLinearizable,
  NotLinearizableError,
} from "./check.ts";
export {
  type Call,
  HistoryRecorder,
  MisuseError,
  type OpenCall,
  type Operation,
  type Result,
  type Sight,
} from "./history.ts";
export type { SearchLimits } from "./search.ts";
