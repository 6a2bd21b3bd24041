/**
 * Load with rclone and its default retries, each operation a process of its own. Arguments and output: ../load.ts. Each worker has objects of
 * its own, so it knows what every answer must be.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../../support/run.ts";
import { must } from "../host.ts";

const [endpoint = "", bucket = "", stopFile = "", largeBytes = "0", folder = ""] = process.argv.slice(2);
/** Above rclone's --s3-upload-cutoff is multipart; this moves it for small files. */
const MULTIPART = ["--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M"];
const MULTIPART_BYTES = 12_000_000;
const SMALL_BYTES = 20_000;
/** So many large objects differ; after them the contents repeat, which bounds the space on the hosts. */
const LARGE_CONTENTS = 2;
/** What --dump headers prints of a request that failed, before rclone sends it again or gives up. */
const FAILED = /^(HTTP\/1\.1 5\d\d |.* DEBUG : Error: )/;

const totals = {
  operations: 0,
  retries: 0,
  longest: 0,
  uploads: [] as [number, number][],
  downloads: [] as [number, number][],
  errors: [] as string[],
};

const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: folder,
  RCLONE_CONFIG: "/dev/null",
  RCLONE_CONFIG_EKV_TYPE: "s3",
  RCLONE_CONFIG_EKV_PROVIDER: "Other",
  RCLONE_CONFIG_EKV_ENDPOINT: endpoint,
  RCLONE_CONFIG_EKV_REGION: "us-east-1",
  RCLONE_CONFIG_EKV_ENV_AUTH: "true",
  RCLONE_CONFIG_EKV_FORCE_PATH_STYLE: "true",
  AWS_ACCESS_KEY_ID: process.env["ACCESS_KEY"] ?? "",
  AWS_SECRET_ACCESS_KEY: process.env["SECRET_KEY"] ?? "",
};

const remote = (key: string): string => `ekv:${bucket}/${key}`;

class Worker {
  readonly #name: string;
  readonly #log: string;

  constructor(name: string) {
    this.#name = name;
    this.#log = join(folder, `${name}.log`);
  }

  /** Runs small or large operations until the stop file is there. */
  async run(operation: (turn: number) => Promise<void>, pauseMs: number): Promise<void> {
    for (let turn = 0; !existsSync(stopFile); turn++) {
      try {
        await operation(turn);
      } catch (error) {
        // Everything that a script with default retries would have seen.
        totals.errors.push(`${new Date().toISOString()} ${this.#name} ${turn}: ${error}`);
      }
      await sleep(pauseMs);
    }
  }

  /** Writes a file, reads it back, and lists it. */
  async file(turn: number, bytes: number, options: readonly string[]): Promise<void> {
    const key = `${this.#name}/${String(turn).padStart(6, "0")}`;
    writeFileSync(this.#path("source"), randomBytes(bytes));
    await this.#timed("copyto", this.#path("source"), remote(key), ...options);
    await this.#timed("copyto", remote(key), this.#path("back"));
    await must(["cmp", this.#path("source"), this.#path("back")]);
    const listed = await this.#timed("lsf", remote(key));
    if (listed.trim() !== key.split("/")[1]) throw new Error(`${key} is not listed`);
  }

  /** Writes a file in parts, four at a time, and reads it back in four streams: what rclone does with large files. */
  async large(turn: number): Promise<void> {
    const source = this.#path(`source-${turn % LARGE_CONTENTS}`);
    const key = remote(`${this.#name}/${turn % 2}`);
    if (!existsSync(source))
      await must([
        "dd",
        "if=/dev/urandom",
        `of=${source}`,
        "bs=1M",
        "iflag=count_bytes",
        `count=${largeBytes}`,
      ]);
    const begin = Date.now() / 1000;
    await this.#rclone("copyto", source, key);
    const uploaded = Date.now() / 1000;
    totals.uploads.push([begin, uploaded]);
    await this.#rclone("copyto", key, this.#path("back"));
    totals.downloads.push([uploaded, Date.now() / 1000]);
    await must(["cmp", source, this.#path("back")]);
  }

  #path(what: string): string {
    return join(folder, `${this.#name}.${what}`);
  }

  async #timed(...words: readonly string[]): Promise<string> {
    const begin = performance.now();
    try {
      return await this.#rclone(...words);
    } finally {
      totals.longest = Math.max(totals.longest, (performance.now() - begin) / 1000);
    }
  }

  /** @throws Error with what rclone said when it gave up. @returns what it printed. */
  async #rclone(...words: readonly string[]): Promise<string> {
    rmSync(this.#log, { force: true });
    const { code, out, err } = await run(
      ["rclone", ...words, "-vv", "--dump", "headers", "--log-file", this.#log],
      { env: environment },
    );
    const log = existsSync(this.#log) ? readFileSync(this.#log, "utf8").split("\n") : [];
    const failures = log.filter((line) => FAILED.test(line));
    totals.operations++;
    totals.retries += failures.length;
    if (code === 0) return out;
    const said = [...failures, ...log.filter((line) => line.includes(" ERROR "))];
    throw new Error(`rclone ${words.join(" ")} ended with ${code}: ${err}${said.join("\n")}`);
  }
}

const [small, multi, large] = ["rclone-small", "rclone-multi", "rclone-large"].map(
  (name) => new Worker(name),
);
console.log("ready");
const work = [
  small!.run((turn) => small!.file(turn, SMALL_BYTES, []), 500),
  multi!.run((turn) => multi!.file(turn, MULTIPART_BYTES, MULTIPART), 3_000),
];
if (Number(largeBytes) > 0) work.push(large!.run((turn) => large!.large(turn), 15_000));
await Promise.all(work);
console.log(JSON.stringify(totals));
