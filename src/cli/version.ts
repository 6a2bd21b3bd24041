import { version } from "../../package.json";

/** Replaced by the build (`scripts/build.ts`, `--define`); in plain `bun src/main.ts` they are not defined. */
declare const ELASTICKV_BUILD_COMMIT: string | undefined;

/** What `elastickv version`, `/v1/version` and `elastickv_build_info` say. */
export interface BuildInfo {
  readonly version: string;
  /** Short git commit, with `-dirty` when sources differed from it; `source` when not built. */
  readonly commit: string;
  readonly bun: string;
}

export const BUILD_INFO: BuildInfo = Object.freeze({
  version,
  commit: typeof ELASTICKV_BUILD_COMMIT === "string" ? ELASTICKV_BUILD_COMMIT : "source",
  bun: Bun.version,
});

export function versionLine(info: BuildInfo = BUILD_INFO): string {
  return `elastickv ${info.version} (${info.commit}, bun ${info.bun})`;
}
