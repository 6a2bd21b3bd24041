/** Programs that end by themselves. */

/** What a program left. */
export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Standard input; undefined: none. */
  readonly input?: string | Uint8Array;
  /** The whole environment; undefined: this process's own. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs a program to its end. */
export async function run(command: readonly string[], { input, env, cwd }: RunOptions = {}): Promise<Output> {
  const child = Bun.spawn([...command], {
    stdin: input === undefined ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}
