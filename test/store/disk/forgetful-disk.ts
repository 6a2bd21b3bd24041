import type { DiskFile, OpenMode } from "../../../src/platform/disk.ts";
import { KeyspaceDisk } from "../../support/keyspace-disk/keyspace-disk.ts";
import type { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";

/** A sync of the product that its disk forgets: as if somebody had left the line out. */
export interface Forgotten {
  readonly operation: "datasync" | "syncDirectory";
  readonly path: RegExp;
}

export class ForgetfulDisk extends KeyspaceDisk {
  readonly #forgotten: Forgotten | undefined;

  constructor(simulated: SimulatedDisk, root: string, forgotten: Forgotten | undefined) {
    super(simulated, root);
    this.#forgotten = forgotten;
  }

  override open(path: string, mode: OpenMode): DiskFile {
    const file = super.open(path, mode);
    if (!this.#forgets("datasync", path)) return file;
    return {
      path,
      pread: (target, position) => file.pread(target, position),
      pwrite: (bytes, position) => file.pwrite(bytes, position),
      pwritev: (buffers, position) => file.pwritev(buffers, position),
      pwritevDirect: (buffers, position) => file.pwritevDirect(buffers, position),
      datasync: () => {},
      preallocate: (bytes) => file.preallocate(bytes),
      reserve: (position, bytes) => file.reserve(position, bytes),
      punchHole: (position, bytes) => file.punchHole(position, bytes),
      truncate: (bytes) => file.truncate(bytes),
      size: () => file.size(),
      forget: (position, bytes) => file.forget(position, bytes),
      close: () => file.close(),
    };
  }

  override syncDirectory(path: string): void {
    if (!this.#forgets("syncDirectory", path)) super.syncDirectory(path);
  }

  #forgets(operation: Forgotten["operation"], path: string): boolean {
    return this.#forgotten?.operation === operation && this.#forgotten.path.test(path);
  }
}
