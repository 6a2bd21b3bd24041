/** Checks that npm and Bun install the same: a package in both lockfiles has the same versions in both. */

interface NpmLock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

interface BunLock {
  readonly packages: Readonly<Record<string, readonly [string, ...unknown[]]>>;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Returns one sentence for each difference. */
export function compareLockfiles(manifest: Manifest, npmText: string, bunText: string): string[] {
  const npm = npmVersions(JSON.parse(npmText) as NpmLock);
  const bun = bunVersions(JSON.parse(withoutTrailingCommas(bunText)) as BunLock);
  const problems: string[] = [];
  for (const name of [...new Set([...npm.versions.keys(), ...bun.keys()])].sort()) {
    const left = shown(npm.versions.get(name));
    const right = shown(bun.get(name));
    if (left === right) continue;
    // Packages of other platforms: bun.lock may lack those that its registry did not have.
    if (npm.optional.has(name) && right === "none") continue;
    problems.push(`${name}: package-lock.json has ${left}, bun.lock has ${right}`);
  }
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`package.json: ${name} is not pinned (${version})`);
    else if (npm.versions.get(name)?.has(version) !== true) {
      problems.push(
        `package.json pins ${name} ${version}, package-lock.json has ${shown(npm.versions.get(name))}`,
      );
    }
  }
  return problems;
}

type Versions = Map<string, Set<string>>;

function npmVersions(lock: NpmLock): { readonly versions: Versions; readonly optional: ReadonlySet<string> } {
  const versions: Versions = new Map();
  const optional = new Set<string>();
  for (const [path, { version, optional: isOptional }] of Object.entries(lock.packages)) {
    const name = path.split("node_modules/").at(-1);
    if (name === undefined || name === "" || version === undefined) continue;
    add(versions, name, version);
    if (isOptional === true) optional.add(name);
  }
  return { versions, optional };
}

function bunVersions(lock: BunLock): Versions {
  const versions: Versions = new Map();
  for (const [identity] of Object.values(lock.packages)) {
    const at = identity.lastIndexOf("@");
    add(versions, identity.slice(0, at), identity.slice(at + 1));
  }
  return versions;
}

function add(versions: Versions, name: string, version: string): void {
  const known = versions.get(name) ?? new Set();
  versions.set(name, known.add(version));
}

function shown(versions: ReadonlySet<string> | undefined): string {
  return versions === undefined ? "none" : [...versions].sort().join(" and ");
}

/** bun.lock is JSON with trailing commas; its strings hold none before a bracket. */
function withoutTrailingCommas(text: string): string {
  return text.replace(/,(\s*[}\]])/g, "$1");
}
