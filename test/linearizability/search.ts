/**
 * Is there an order of these steps that a sequential store explains and that keeps real time (a call that returned before
 * another was invoked comes first)? The search of Wing, Gong and Lowe, just in time: events are taken in their order, and
 * all configurations (state, and what of the calls under way has taken effect) that explain the events so far are kept, each
 * once. A call takes effect only when something needs it to have: its own response, or that of a call that saw it.
 *
 * What keeps the set small, and why nothing is lost by it:
 *  - a look that fits the state takes place at once: it changes nothing and is one obligation less;
 *  - before a look, changes are tried only as far as the look needs them: the rest can as well come after it;
 *  - a change with unknown outcome is tried only when a look, or the condition of another change, sees it at once: overwritten
 *    unseen it might as well never have happened;
 *  - of unknown changes that do the same, the oldest goes first;
 *  - of two configurations that differ only in the unknown changes used up, the one that used fewer can do all that the other can.
 */
import type { Call } from "./history.ts";
import type { Change, KeyState, Look, Step } from "./model.ts";

export interface SearchLimits {
  /** Configurations kept at one event. */
  readonly configurations: number;
  /** Steps tried in all. */
  readonly steps: number;
}

/** The search needs more than it may have: nothing is known about this history. */
export class SearchLimitError extends Error {
  readonly code = "SEARCH_LIMIT";
  constructor(what: string) {
    super(what);
    this.name = "SearchLimitError";
  }
}

export interface Failure {
  /** The call whose response nothing explains. */
  readonly culprit: Call;
  /** By key in the order given: the states that were possible just before the response, other calls not yet counted. */
  readonly possible: readonly (readonly KeyState[])[];
  /** Everything returned before this position is explained by `settled`, and nothing was under way. */
  readonly settledAt: number;
  readonly settled: readonly (readonly KeyState[])[];
}

interface Configuration {
  readonly states: readonly KeyState[];
  /** Ids of steps that took effect and have not returned yet, ascending. */
  readonly done: readonly number[];
  /** Ids of the changes of unknown outcome that took effect, ascending. */
  readonly used: readonly number[];
  /** Index of a key on which the last step was an unknown change that nothing has seen yet; -1: none. */
  readonly unseen: number;
}

interface Numbered<T extends Step> {
  readonly id: number;
  readonly step: T;
  readonly optional: boolean;
}

const TRANSIENT = 16;

export class Search {
  readonly #keys: readonly string[];
  readonly #limits: SearchLimits;
  readonly #events: readonly { readonly at: number; readonly ends: boolean; readonly step: Numbered<Step> }[];
  readonly #initial: readonly KeyState[];
  #changes: Numbered<Change>[] = [];
  #looks: Numbered<Look>[] = [];
  #tried = 0;

  constructor(
    keys: readonly string[],
    steps: readonly Step[],
    initial: readonly KeyState[],
    limits: SearchLimits,
  ) {
    this.#keys = keys;
    this.#limits = limits;
    this.#initial = initial;
    this.#events = steps
      .flatMap((step, id) => {
        const optional = step.call.returnedAt === Number.POSITIVE_INFINITY;
        const numbered = { id, step, optional };
        const begin = { at: step.call.invokedAt, ends: false, step: numbered };
        return optional ? [begin] : [begin, { at: step.call.returnedAt, ends: true, step: numbered }];
      })
      .sort((a, b) => a.at - b.at);
  }

  /** undefined: there is such an order. @throws SearchLimitError when the limits do not suffice to tell. */
  run(): Failure | undefined {
    let configurations: readonly Configuration[] = [
      { states: this.#initial, done: [], used: [], unseen: -1 },
    ];
    let underWay = 0;
    let settledAt = 0;
    let settled = configurations;
    for (const { at, ends, step } of this.#events) {
      if (!ends) {
        if (step.step.kind === "change") this.#changes.push({ ...step, step: step.step });
        else {
          this.#looks.push({ ...step, step: step.step });
          configurations = this.#distinct(configurations.map((configuration) => this.#absorb(configuration)));
        }
        if (!step.optional) underWay++;
        continue;
      }
      const before = configurations;
      configurations = this.#respond(configurations, step);
      if (configurations.length === 0) {
        return {
          culprit: step.step.call,
          possible: this.#statesOf(before),
          settledAt,
          settled: this.#statesOf(settled),
        };
      }
      configurations = this.#forget(configurations, step.id);
      if (--underWay === 0) {
        settledAt = at;
        settled = configurations;
      }
    }
    return undefined;
  }

  /** Those configurations, or what they become, in which the step has taken effect. */
  #respond(configurations: readonly Configuration[], target: Numbered<Step>): readonly Configuration[] {
    const found = new Distinct();
    const seen = new Distinct();
    const explore = (configuration: Configuration): void => {
      if (configuration.done.includes(target.id)) found.add(configuration);
      else this.#visit(seen, configuration);
    };
    configurations.forEach(explore);
    for (const configuration of seen) {
      if (target.step.kind === "change") {
        for (const change of this.#candidates(configuration, this.#keys.indexOf(target.step.key))) {
          explore(this.#apply(configuration, change));
        }
      }
      // A look over several keys may have to come first, and may need changes of the other keys. One of a single key needs
      // no such thing: it is absorbed on the way.
      for (const look of this.#looks) {
        if (look.id !== target.id && look.step.accepts.size < 2) continue;
        if (!configuration.done.includes(look.id)) this.#satisfy(configuration, look).forEach(explore);
      }
    }
    return found.all();
  }

  /** Ways to bring every key that the look covers to a state that it accepts, by as few changes as it takes. */
  #satisfy(from: Configuration, look: Numbered<Look>): Configuration[] {
    let ways: readonly Configuration[] = [from];
    for (const [name, accepts] of look.step.accepts)
      ways = this.#reach(ways, this.#keys.indexOf(name), accepts);
    return ways.map((way) => this.#absorb({ ...way, done: including(way.done, look.id) }));
  }

  #reach(
    from: readonly Configuration[],
    key: number,
    accepts: (state: KeyState) => boolean,
  ): readonly Configuration[] {
    const found = new Distinct();
    const seen = new Distinct();
    for (const configuration of from) this.#visit(seen, { ...configuration, unseen: -1 });
    for (const configuration of seen) {
      if (accepts(configuration.states[key])) found.add({ ...configuration, unseen: -1 });
      else {
        for (const change of this.#candidates(configuration, key)) {
          this.#visit(seen, this.#apply(configuration, change));
        }
      }
    }
    return found.all();
  }

  /** Changes of the key that may take effect next. */
  #candidates(configuration: Configuration, key: number): Numbered<Change>[] {
    const tried = new Set<string>();
    return this.#changes.filter(({ id, step, optional }) => {
      if (step.key !== this.#keys[key]) return false;
      if ((optional ? configuration.used : configuration.done).includes(id)) return false;
      if (configuration.unseen === key && !step.conditional) return false;
      if (!step.allows(configuration.states[key])) return false;
      if (!optional) return true;
      if (tried.has(step.signature)) return false;
      tried.add(step.signature);
      return true;
    });
  }

  #apply(configuration: Configuration, { id, step, optional }: Numbered<Change>): Configuration {
    const key = this.#keys.indexOf(step.key);
    const states = configuration.states.with(key, step.next);
    if (!optional) {
      return this.#absorb({ ...configuration, states, done: including(configuration.done, id), unseen: -1 });
    }
    return this.#absorb({ ...configuration, states, used: including(configuration.used, id), unseen: key });
  }

  #absorb(configuration: Configuration): Configuration {
    let { done } = configuration;
    for (const { id, step } of this.#looks) {
      if (done.includes(id)) continue;
      let fits = true;
      for (const [name, accepts] of step.accepts) {
        fits &&= accepts(configuration.states[this.#keys.indexOf(name)]);
      }
      if (fits) done = including(done, id);
    }
    return done === configuration.done ? configuration : { ...configuration, done, unseen: -1 };
  }

  /** The step has returned; unknown changes that took effect in every configuration are history too. */
  #forget(configurations: readonly Configuration[], returned: number): readonly Configuration[] {
    const [first] = configurations;
    const everywhere = (id: number): boolean => configurations.every(({ used }) => used.includes(id));
    const gone = new Set([returned, ...(first?.used.filter(everywhere) ?? [])]);
    this.#changes = this.#changes.filter(({ id }) => !gone.has(id));
    this.#looks = this.#looks.filter(({ id }) => !gone.has(id));
    const remains = (id: number): boolean => !gone.has(id);
    return this.#distinct(
      configurations.map(({ states, done, used, unseen }) => {
        return { states, done: done.filter(remains), used: used.filter(remains), unseen };
      }),
    );
  }

  #distinct(configurations: readonly Configuration[]): readonly Configuration[] {
    const distinct = new Distinct();
    for (const configuration of configurations) distinct.add(configuration);
    if (distinct.size > this.#limits.configurations) {
      throw new SearchLimitError(`more than ${this.#limits.configurations} configurations at one event`);
    }
    return distinct.all();
  }

  #visit(seen: Distinct, configuration: Configuration): void {
    if (++this.#tried > this.#limits.steps) {
      throw new SearchLimitError(`more than ${this.#limits.steps} steps`);
    }
    seen.add(configuration);
    // What one response is looked at with is thrown away after it, so it may be larger than what is kept.
    if (seen.size > TRANSIENT * this.#limits.configurations) {
      throw new SearchLimitError(
        `more than ${TRANSIENT * this.#limits.configurations} configurations at one response`,
      );
    }
  }

  #statesOf(configurations: readonly Configuration[]): KeyState[][] {
    return this.#keys.map((_, key) => {
      const states = configurations.map(({ states }) => states[key]);
      return [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
    });
  }
}

/** Configurations, each once, in the order added; none that another one is as good as. May grow while it is walked. */
class Distinct {
  readonly #all: Configuration[] = [];
  readonly #used = new Map<string, (readonly number[])[]>();

  get size(): number {
    return this.#all.length;
  }

  add(configuration: Configuration): void {
    const { states, done, used, unseen } = configuration;
    const name = JSON.stringify([states.map((state) => [state?.value, state?.version]), done, unseen]);
    const others = this.#used.get(name);
    if (others?.some((other) => other.every((id) => used.includes(id)))) return;
    if (others === undefined) this.#used.set(name, [used]);
    else others.push(used);
    this.#all.push(configuration);
  }

  all(): readonly Configuration[] {
    return this.#all;
  }

  [Symbol.iterator](): Iterator<Configuration> {
    return this.#all[Symbol.iterator]();
  }
}

function including(ids: readonly number[], id: number): readonly number[] {
  return ids.includes(id) ? ids : [...ids, id].sort((a, b) => a - b);
}
