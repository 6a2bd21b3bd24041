import { version } from "../../package.json";

/**
 * The build replaces these names (`scripts/build.ts`, `--define`); in plain `bun src/main.ts` they are not defined.
 */
declare const ELASTICKV_BUILD_COMMIT: string | undefined;
declare const ELASTICKV_BUILD_RELEASE: string | undefined;

/** Build facts for `elastickv version`, `/v1/version` and `elastickv_build_info`. */
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

/**
 * Name of the release, in the package's name and in the binary's directory on a host (scripts/package/release.ts).
 */
const RELEASE = typeof ELASTICKV_BUILD_RELEASE === "string" ? ELASTICKV_BUILD_RELEASE : `${version}~source`;

/**
 * One format on disk or protocol between nodes: the versions that this binary reads, and the version that it
 * writes.
 */
interface FormatVersion {
  readonly reads: readonly number[];
  readonly writes: number;
}

/** Format versions by name, as in src/node/formats.ts. */
export type FormatVersions = Readonly<Record<string, FormatVersion>>;

/** Output of `elastickv version --json`, one line of JSON. An update compares it with the running release. */
export function versionJson(formats: FormatVersions, info: BuildInfo = BUILD_INFO): string {
  return JSON.stringify({ ...info, release: RELEASE, formats });
}

export function versionLine(info: BuildInfo = BUILD_INFO): string {
  return `elastickv ${info.version} (${info.commit}, bun ${info.bun})`;
}
