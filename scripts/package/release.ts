/** The release of a checkout: the name in the binary, in its package and in its directory on a host. */
import { join } from "node:path";
import { version } from "../../package.json";

const root = join(import.meta.dir, "../..");

/** Inputs of the binary and its package, besides node_modules. A changed document does not cause `-dirty`. */
const INGREDIENTS = [
  "src",
  "proto",
  "package.json",
  "packaging",
  "systemd",
  "scripts/build.ts",
  "scripts/package",
];

export interface Release {
  /**
   * Short commit, with -dirty when the inputs of the binary differ from the commit; "source" outside a git
   * checkout.
   */
  readonly commit: string;
  /**
   * A version as dpkg orders them: `0.1.0` at the commit tagged v0.1.0, and before it `0.1.0~git20260131120000.0123456789ab`
   * (UTC; `.dirty` as above). A file name, a Debian version and a directory: no dash, no slash, no colon.
   */
  readonly name: string;
  /** Seconds since 1970 of the commit, or SOURCE_DATE_EPOCH: the modification time of every file of a package. */
  readonly epoch: number;
}

export function releaseOf(environment: Readonly<Record<string, string | undefined>> = process.env): Release {
  const commit = git("rev-parse", "--short=12", "HEAD");
  const epoch = Number(environment["SOURCE_DATE_EPOCH"] || git("show", "-s", "--format=%ct", "HEAD") || 0);
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new RangeError(`SOURCE_DATE_EPOCH ${environment["SOURCE_DATE_EPOCH"]} is no number of seconds`);
  }
  if (commit === undefined) return { commit: "source", name: `${version}~source`, epoch };
  const dirty = git("status", "--porcelain", "--", ...INGREDIENTS) !== "";
  const suffix = suffixIn(environment);
  return {
    commit: `${dirty ? `${commit}-dirty` : commit}${suffix}`,
    name: `${nameOf(commit, Number(git("show", "-s", "--format=%ct", "HEAD")), dirty, tagged())}${suffix}`,
    epoch,
  };
}

/**
 * ELASTICKV_RELEASE_SUFFIX, `.next` for instance: another release of the same sources, for tests of updates
 * (test/hosts). @throws RangeError when it could not be part of a file name.
 */
function suffixIn(environment: Readonly<Record<string, string | undefined>>): string {
  const suffix = environment["ELASTICKV_RELEASE_SUFFIX"] ?? "";
  if (/^(\.[a-z0-9]+)?$/.test(suffix)) return suffix;
  throw new RangeError(
    `ELASTICKV_RELEASE_SUFFIX ${JSON.stringify(suffix)} is no dot with letters and digits`,
  );
}

/** @param committed seconds since 1970. @param tagged the commit has the tag of the version in `package.json`. */
export function nameOf(commit: string, committed: number, dirty: boolean, tagged: boolean): string {
  if (tagged && !dirty) return version;
  const time = new Date(committed * 1000).toISOString().replaceAll(/[-:T]|\..*/g, "");
  return `${version}~git${time}.${commit}${dirty ? ".dirty" : ""}`;
}

function tagged(): boolean {
  return (git("tag", "--points-at", "HEAD") ?? "").split("\n").includes(`v${version}`);
}

function git(...words: string[]): string | undefined {
  try {
    const result = Bun.spawnSync(["git", ...words], { cwd: root, stdout: "pipe", stderr: "ignore" });
    return result.success ? result.stdout.toString().trim() : undefined;
  } catch {
    return undefined; // git is not installed
  }
}
