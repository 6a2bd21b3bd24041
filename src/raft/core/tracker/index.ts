export {
  type Configuration,
  confStateOf,
  describeConfiguration,
  EMPTY_CONFIGURATION,
  isJoint,
  withId,
  withoutId,
} from "./configuration.ts";
export { Inflights } from "./inflights.ts";
export { Progress, ProgressState } from "./progress.ts";
export { type ProgressMap, ProgressTracker } from "./tracker.ts";
