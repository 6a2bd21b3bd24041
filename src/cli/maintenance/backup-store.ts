/** Where a backup lies: a directory, or a prefix of a bucket at an S3 endpoint. A file is there as a whole, or not. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { S3Client } from "bun";
import { ConfigError } from "../../config/config.ts";
import type { Environment } from "../../config/load.ts";
import { ClusterError, reason } from "../cluster-client.ts";

export interface BackupStore {
  /** @returns undefined when there is no such file. @throws ClusterError */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Bytes of a file; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Everything that was written is durable. */
  settle(): Promise<void>;
}

const S3_TARGET = /^s3:\/\/([^/]+)\/?(.*)$/;

/**
 * @param target a directory, or `s3://bucket/prefix` with the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
 * @throws ConfigError
 */
export function openBackupStore(
  target: string,
  endpoint: string | undefined,
  environment: Environment,
): BackupStore {
  const s3 = S3_TARGET.exec(target);
  if (s3 === null) {
    if (endpoint !== undefined) throw new ConfigError("--s3-endpoint is for a target s3://BUCKET/PREFIX");
    if (/^[a-z0-9]+:\/\//i.test(target)) {
      throw new ConfigError(`${JSON.stringify(target)} is neither a directory nor s3://BUCKET/PREFIX`);
    }
    return new Directory(target);
  }
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (!accessKeyId || !secretAccessKey) {
    throw new ConfigError("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: the keys of the S3 endpoint");
  }
  const client = new S3Client({
    accessKeyId,
    secretAccessKey,
    bucket: s3[1] ?? "",
    region: environment["AWS_REGION"] || "us-east-1",
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const prefix = (s3[2] ?? "").replace(/\/+$/, "");
  return new Bucket(client, prefix === "" ? "" : `${prefix}/`);
}

class Directory implements BackupStore {
  readonly #root: string;
  /** Directories whose names are not durable yet. */
  readonly #changed = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#ifThere(path, (file) => readFileSync(file));
  }

  async size(path: string): Promise<number | undefined> {
    return this.#ifThere(path, (file) => statSync(file).size);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#root, path);
    this.#guarded(file, () => {
      const made = mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      if (made !== undefined) {
        for (let at = dirname(file); at.length >= made.length; at = dirname(at))
          this.#changed.add(dirname(at));
      }
      const next = `${file}.next`;
      const open = openSync(next, "w", 0o600);
      try {
        for (let at = 0; at < bytes.byteLength; ) at += writeSync(open, bytes, at);
        fsyncSync(open);
      } finally {
        closeSync(open);
      }
      renameSync(next, file);
      this.#changed.add(dirname(file));
    });
  }

  async settle(): Promise<void> {
    for (const directory of this.#changed) {
      this.#guarded(directory, () => {
        const open = openSync(directory, "r");
        try {
          fsyncSync(open);
        } finally {
          closeSync(open);
        }
      });
    }
    this.#changed.clear();
  }

  #ifThere<T>(path: string, action: (file: string) => T): T | undefined {
    const file = join(this.#root, path);
    return this.#guarded(file, () => {
      try {
        return action(file);
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  #guarded<T>(file: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new ClusterError("TARGET", `${file}: ${text}`);
    }
  }
}

class Bucket implements BackupStore {
  readonly #client: S3Client;
  readonly #prefix: string;

  constructor(client: S3Client, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#ifThere(path, async (key) => new Uint8Array(await this.#client.file(key).arrayBuffer()));
  }

  size(path: string): Promise<number | undefined> {
    return this.#ifThere(path, async (key) => (await this.#client.stat(key)).size);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#guarded(path, (key) => this.#client.write(key, bytes.slice()));
  }

  async settle(): Promise<void> {}

  #ifThere<T>(path: string, action: (key: string) => Promise<T>): Promise<T | undefined> {
    return this.#guarded(path, async (key) => {
      try {
        return await action(key);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async #guarded<T>(path: string, action: (key: string) => Promise<T>): Promise<T> {
    const key = `${this.#prefix}${path}`;
    try {
      return await action(key);
    } catch (error) {
      // The code says more than the text, which of a refused connection says nothing.
      const code = reason(error);
      const text = error instanceof Error && error.message !== code ? ` (${error.message})` : "";
      throw new ClusterError("TARGET", `${key} at the S3 endpoint: ${code}${text}`);
    }
  }
}

/** A HEAD has no body with a code, so Bun names the status itself. */
function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "NoSuchKey" || code === "NotFound" || code === "ENOENT";
}
