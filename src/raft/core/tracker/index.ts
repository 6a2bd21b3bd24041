export {
  type Configuration,
  confStateOf,
  isJoint,
  withId,
  withoutId,
} from "./configuration.ts";
export { Progress, ProgressState } from "./progress.ts";
export { type ProgressMap, ProgressTracker } from "./tracker.ts";
