import type { MetricDefinition } from "./definitions.ts";

/**
 * Counters, gauges and histograms whose hot path is a field of an object: no hashing of labels, no allocation
 * (test/monitoring/cost.ts measures it against prom-client's own). prom-client collects and prints them.
 */

/** What prom-client's registries exchange for one metric. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly MetricValue[];
}

interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

export class Counter {
  value = 0;
  inc(by = 1): void {
    this.value += by;
  }
}

export class Gauge {
  value = 0;
  set(value: number): void {
    this.value = value;
  }
  inc(by = 1): void {
    this.value += by;
  }
  dec(by = 1): void {
    this.value -= by;
  }
}

export class Histogram {
  readonly bounds: readonly number[];
  /** One count more than bounds: the last counts values above all bounds. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Records a value in the unit of the buckets (seconds for times). */
  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
  }
}

/** Limit of label combinations. More are a mistake and share one child, so that memory stays bounded. */
const MAX_CHILDREN = 1000;
const OVERFLOW = "other";

type LabelArguments<L extends string> = [L] extends [never] ? [] : [values: Readonly<Record<L, string>>];

/** One metric of the table with its children, one for each combination of label values. */
export class Family<L extends string, C extends Counter | Gauge | Histogram> {
  readonly definition: MetricDefinition;
  readonly #make: () => C;
  readonly #children = new Map<
    string,
    { readonly labels: Readonly<Record<string, string>>; readonly child: C }
  >();

  constructor(definition: MetricDefinition, make: () => C) {
    this.definition = definition;
    this.#make = make;
    // A metric without labels exists from the start, because a missing counter differs from 0.
    if (definition.labels.length === 0) this.#child("", {});
  }

  /** Returns the child for these label values. Code on a hot path should keep the child. */
  labels(...args: LabelArguments<L>): C {
    const values = args[0] as Readonly<Record<string, string>> | undefined;
    if (values === undefined) return this.#child("", {});
    let key = "";
    for (const name of this.definition.labels) key += `${values[name]}\0`;
    const known = this.#children.get(key);
    if (known !== undefined) return known.child;
    if (this.#children.size < MAX_CHILDREN) return this.#child(key, pick(values, this.definition.labels));
    const overflow = Object.fromEntries(this.definition.labels.map((name) => [name, OVERFLOW]));
    return this.#child(OVERFLOW, overflow);
  }

  /** Called by prom-client's merge of metrics. */
  toJson(): MetricJson {
    const { name, help, kind } = this.definition;
    const aggregator = this.definition.kind === "gauge" ? this.definition.across : "sum";
    const values = [...this.#children.values()].flatMap(({ labels, child }) => valuesOf(name, labels, child));
    return { name, help, type: kind, aggregator, values };
  }

  #child(key: string, labels: Readonly<Record<string, string>>): C {
    let entry = this.#children.get(key);
    if (entry === undefined) {
      entry = { labels, child: this.#make() };
      this.#children.set(key, entry);
    }
    return entry.child;
  }
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? ""]));
}

function valuesOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  child: Counter | Gauge | Histogram,
): MetricValue[] {
  if (!(child instanceof Histogram)) return [{ value: child.value, labels, metricName: name }];
  const values: MetricValue[] = [];
  let cumulative = 0;
  for (const [index, count] of child.counts.entries()) {
    cumulative += count;
    const bound = child.bounds[index];
    const le = bound === undefined ? "+Inf" : String(bound);
    values.push({ value: cumulative, labels: { ...labels, le }, metricName: `${name}_bucket` });
  }
  values.push({ value: child.sum, labels, metricName: `${name}_sum` });
  values.push({ value: cumulative, labels, metricName: `${name}_count` });
  return values;
}
