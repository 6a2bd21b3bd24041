/** What may be found in a bucket after a crash: for every key the acknowledged state and, if any, the one state that was
 *  asked for and never acknowledged. */

/** What one upload put there. `undefined` stands for "no object". */
export interface Version {
  readonly sha256: string;
  readonly size: number;
  /** With quotes. */
  readonly etag: string;
}

export type State = Version | undefined;

interface Known {
  acknowledged: State;
  /** Set while a request that may change the state is under way, or when its answer never came. */
  pending: { readonly state: State } | undefined;
}

export class KeyModel {
  readonly #keys = new Map<string, Known>();
  acknowledgedWrites = 0;
  acknowledgedDeletes = 0;
  unanswered = 0;

  /** Say it before the request leaves: from now on either state may be found. */
  begin(key: string, state: State): void {
    const known = this.#known(key);
    if (known.pending !== undefined) throw new Error(`two requests under way for ${key}`);
    known.pending = { state };
  }

  acknowledge(key: string): void {
    const known = this.#known(key);
    if (known.pending === undefined) throw new Error(`nothing under way for ${key}`);
    known.acknowledged = known.pending.state;
    known.pending = undefined;
    if (known.acknowledged === undefined) this.acknowledgedDeletes++;
    else this.acknowledgedWrites++;
  }

  /** The server refused it and said so: nothing may have changed. */
  refuse(key: string): void {
    this.#known(key).pending = undefined;
  }

  state(key: string): State {
    return this.#keys.get(key)?.acknowledged;
  }

  keys(): string[] {
    return [...this.#keys.keys()];
  }

  /** Checks what was found against what may be, and takes it as the acknowledged state from now on.
   *  @throws Error that tells both. */
  settle(key: string, found: State): void {
    const known = this.#known(key);
    const allowed =
      known.pending === undefined ? [known.acknowledged] : [known.acknowledged, known.pending.state];
    if (!allowed.some((state) => same(state, found))) {
      throw new Error(`${key}: found ${describe(found)}, allowed ${allowed.map(describe).join(" or ")}`);
    }
    if (known.pending !== undefined) this.unanswered++;
    known.acknowledged = found;
    known.pending = undefined;
  }

  #known(key: string): Known {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = { acknowledged: undefined, pending: undefined };
      this.#keys.set(key, known);
    }
    return known;
  }
}

function same(left: State, right: State): boolean {
  return left?.sha256 === right?.sha256 && left?.size === right?.size && left?.etag === right?.etag;
}

function describe(state: State): string {
  return state === undefined
    ? "no object"
    : `${state.size} bytes, sha256 ${state.sha256.slice(0, 16)}, etag ${state.etag}`;
}
