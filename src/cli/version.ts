import { version } from "../../package.json";

/** Replaced by the build (`scripts/build.ts`, `--define`); in plain `bun src/main.ts` they are not defined. */
declare const ELASTICKV_BUILD_COMMIT: string | undefined;
declare const ELASTICKV_BUILD_RELEASE: string | undefined;

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

/** Names the package, and the directory that the binary lies in on a host (scripts/package/release.ts). */
const RELEASE = typeof ELASTICKV_BUILD_RELEASE === "string" ? ELASTICKV_BUILD_RELEASE : `${version}~source`;

/** One format on disk or protocol between nodes: the versions that this binary takes, and the one that it makes. */
interface FormatVersion {
  readonly reads: readonly number[];
  readonly writes: number;
}

/** By name, as src/node/formats.ts has them. */
export type FormatVersions = Readonly<Record<string, FormatVersion>>;

/** What `elastickv version --json` prints: an update compares it with what runs (one line of JSON). */
export function versionJson(formats: FormatVersions, info: BuildInfo = BUILD_INFO): string {
  return JSON.stringify({ ...info, release: RELEASE, formats });
}

export function versionLine(info: BuildInfo = BUILD_INFO): string {
  return `elastickv ${info.version} (${info.commit}, bun ${info.bun})`;
}
