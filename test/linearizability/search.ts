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
 *  - of unknown changes that do the same, the oldest goes first.
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
  /** Ids of steps that took effect and are still under way (or of unknown outcome), ascending. */
  readonly done: readonly number[];
  /** Index of a key on which the last step was an unknown change that nothing has seen yet; -1: none. */
  readonly unseen: number;
}

interface Numbered<T extends Step> {
  readonly id: number;
  readonly step: T;
  readonly optional: boolean;
}

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
    let configurations: readonly Configuration[] = [{ states: this.#initial, done: [], unseen: -1 }];
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
  #respond(configurations: readonly Configuration[], step: Numbered<Step>): Configuration[] {
    const found = new Map<string, Configuration>();
    const visited = new Set<string>();
    for (const configuration of configurations) this.#explore(configuration, step, found, visited);
    return [...found.values()];
  }

  #explore(
    configuration: Configuration,
    target: Numbered<Step>,
    found: Map<string, Configuration>,
    visited: Set<string>,
  ): void {
    const name = nameOf(configuration);
    if (visited.has(name)) return;
    visited.add(name);
    this.#spend(visited.size);
    if (configuration.done.includes(target.id)) {
      found.set(name, configuration);
      return;
    }
    const again = (next: Configuration) => this.#explore(next, target, found, visited);
    if (target.step.kind === "change") {
      for (const change of this.#candidates(configuration, this.#keys.indexOf(target.step.key))) {
        const next = this.#apply(configuration, change);
        if (change.id === target.id) found.set(nameOf(next), next);
        else again(next);
      }
    }
    // A look over several keys may have to come first, and may need changes of the other keys. One of a single key needs
    // no such thing: it is absorbed on the way.
    for (const look of this.#looks) {
      if (look.id !== target.id && look.step.accepts.size < 2) continue;
      if (configuration.done.includes(look.id)) continue;
      for (const next of this.#satisfy(configuration, look)) again(next);
    }
  }

  /** Ways to bring every key that the look covers to a state that it accepts, by as few changes as it takes. */
  #satisfy(from: Configuration, look: Numbered<Look>): Configuration[] {
    let ways: Configuration[] = [from];
    for (const [name, accepts] of look.step.accepts) {
      const key = this.#keys.indexOf(name);
      const next = new Map<string, Configuration>();
      const visited = new Set<string>();
      for (const way of ways) this.#reach({ ...way, unseen: -1 }, key, accepts, next, visited);
      ways = [...next.values()];
    }
    return ways.map((way) => this.#absorb({ ...way, done: including(way.done, look.id), unseen: -1 }));
  }

  #reach(
    configuration: Configuration,
    key: number,
    accepts: (state: KeyState) => boolean,
    found: Map<string, Configuration>,
    visited: Set<string>,
  ): void {
    const name = nameOf(configuration);
    if (visited.has(name)) return;
    visited.add(name);
    this.#spend(visited.size);
    if (accepts(configuration.states[key])) {
      const seen = { ...configuration, unseen: -1 };
      found.set(nameOf(seen), seen);
      return;
    }
    for (const change of this.#candidates(configuration, key)) {
      this.#reach(this.#apply(configuration, change), key, accepts, found, visited);
    }
  }

  /** Changes of the key that may take effect next. */
  #candidates(configuration: Configuration, key: number): Numbered<Change>[] {
    const tried = new Set<string>();
    return this.#changes.filter(({ id, step, optional }) => {
      if (step.key !== this.#keys[key] || configuration.done.includes(id)) return false;
      if (configuration.unseen === key && !step.conditional) return false;
      if (!step.allows(configuration.states[key])) return false;
      if (!optional) return true;
      if (tried.has(step.signature)) return false;
      tried.add(step.signature);
      return true;
    });
  }

  #apply(configuration: Configuration, change: Numbered<Change>): Configuration {
    const key = this.#keys.indexOf(change.step.key);
    const states = configuration.states.with(key, change.step.next);
    const applied = { states, done: including(configuration.done, change.id), unseen: -1 };
    const next = this.#absorb(applied);
    return change.optional && next.done.length === applied.done.length ? { ...next, unseen: key } : next;
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
  #forget(configurations: readonly Configuration[], returned: number): Configuration[] {
    const gone = new Set([returned]);
    const [first] = configurations;
    for (const { id, optional } of this.#changes) {
      if (optional && first?.done.includes(id) && configurations.every(({ done }) => done.includes(id))) {
        gone.add(id);
      }
    }
    this.#changes = this.#changes.filter(({ id }) => !gone.has(id));
    this.#looks = this.#looks.filter(({ id }) => !gone.has(id));
    return this.#distinct(
      configurations.map((configuration) => ({
        ...configuration,
        done: configuration.done.filter((id) => !gone.has(id)),
      })),
    );
  }

  #distinct(configurations: readonly Configuration[]): Configuration[] {
    const byName = new Map(configurations.map((configuration) => [nameOf(configuration), configuration]));
    if (byName.size > this.#limits.configurations) {
      throw new SearchLimitError(`more than ${this.#limits.configurations} configurations at one event`);
    }
    return [...byName.values()];
  }

  #spend(size: number): void {
    if (++this.#tried > this.#limits.steps)
      throw new SearchLimitError(`more than ${this.#limits.steps} steps`);
    // What one response is looked at with is thrown away after it, so it may be larger than what is kept.
    if (size > 16 * this.#limits.configurations) {
      throw new SearchLimitError(
        `more than ${16 * this.#limits.configurations} configurations at one response`,
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

function nameOf({ states, done, unseen }: Configuration): string {
  return JSON.stringify([states.map((state) => [state?.value, state?.version]), done, unseen]);
}

function including(done: readonly number[], id: number): readonly number[] {
  return done.includes(id) ? done : [...done, id].sort((a, b) => a - b);
}
