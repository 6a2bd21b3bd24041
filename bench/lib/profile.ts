/** Reads the .cpuprofile files that the node's threads left (V8's format) and says which functions took the time. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SHOWN = 25;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export function summarizeProfiles(directory: string): void {
  const files = readdirSync(directory).filter((name) => name.endsWith(".cpuprofile"));
  if (files.length === 0) console.error(`no profiles in ${directory}: this binary does not take BUN_OPTIONS`);
  for (const name of files) {
    const profile = JSON.parse(readFileSync(join(directory, name), "utf8")) as CpuProfile;
    const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
    const self = new Map<string, number>();
    let total = 0;
    for (const [i, id] of profile.samples.entries()) {
      const microseconds = profile.timeDeltas[i] ?? 0;
      const frame = frames.get(id);
      const place =
        frame?.url === "" ? "" : ` ${frame?.url.split("/").slice(-2).join("/")}:${frame?.lineNumber}`;
      const label = `${frame?.functionName || "(anonymous)"}${place}`;
      self.set(label, (self.get(label) ?? 0) + microseconds);
      total += microseconds;
    }
    console.error(`${name}: ${(total / 1e6).toFixed(1)} s`);
    for (const [label, microseconds] of [...self].sort(([, a], [, b]) => b - a).slice(0, SHOWN)) {
      console.error(`  ${((100 * microseconds) / total).toFixed(1).padStart(5)} %  ${label}`);
    }
  }
}
