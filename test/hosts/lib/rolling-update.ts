/** scripts/rolling-update.sh at work: what it has said so far, and the commands that it names at its end. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Output } from "../../support/run.ts";
import { eventually, RUN } from "./host.ts";

/** A step of an update may wait for a busy machine. */
const STEP_LIMIT_MS = 300_000;

export class RollingUpdate {
  readonly #child: Bun.Subprocess;
  readonly #said = join(RUN(), `said-${crypto.randomUUID()}`);

  constructor(words: readonly string[], env: Record<string, string>) {
    this.#child = Bun.spawn(["bash", ...words], {
      env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(this.#said),
    });
  }

  get text(): string {
    return readFileSync(this.#said, "utf8");
  }

  /** Waits until the script has said this. @throws Error with all it said when it ends before. */
  async says(text: string): Promise<void> {
    await eventually(
      `the update to say "${text}"`,
      async () => {
        if (this.text.includes(text)) return true;
        if (this.#child.exitCode !== null)
          throw new Error(`the update ended with ${this.#child.exitCode}: ${this.text}`);
        return undefined;
      },
      STEP_LIMIT_MS,
    );
  }

  /** Waits for its end. */
  async end(): Promise<Output> {
    const code = await this.#child.exited;
    return { code, out: "", err: this.text };
  }

  /** It does nothing more, and is there. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

/** The command that the last lines of the script name. @throws Error when there is none. */
export function commandTo(which: "go on" | "go back", { err }: Output): string {
  const last = err.trimEnd().split("\n").slice(-2);
  const found = last.find((line) => line.startsWith(`to ${which}:`));
  if (found === undefined) throw new Error(`the last lines name no command to ${which}: ${err}`);
  return found.slice(`to ${which}:`.length).trim();
}
