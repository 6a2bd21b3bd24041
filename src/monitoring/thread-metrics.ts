import { type KeyOf, type LabelOf, METRICS, type MetricDefinition, type MetricKey } from "./definitions.ts";
import { Counter, Family, Gauge, Histogram, type MetricJson } from "./families.ts";

/** Metrics of one thread. Every thread counts separately, and a scrape merges the metrics. */
export class ThreadMetrics {
  readonly thread: string;
  readonly #families = new Map<MetricKey, Family<string, Counter | Gauge | Histogram>>();
  readonly #beforeCollect: (() => void)[] = [];

  /** @param thread `front`, `consensus`, `log`, `store`, `hash-0` ... */
  constructor(thread: string) {
    this.thread = thread;
  }

  counter<K extends KeyOf<"counter">>(key: K): Family<LabelOf<K>, Counter> {
    return this.#family(key, () => new Counter()) as unknown as Family<LabelOf<K>, Counter>;
  }

  gauge<K extends KeyOf<"gauge">>(key: K): Family<LabelOf<K>, Gauge> {
    return this.#family(key, () => new Gauge()) as unknown as Family<LabelOf<K>, Gauge>;
  }

  histogram<K extends KeyOf<"histogram">>(key: K): Family<LabelOf<K>, Histogram> {
    const { buckets } = METRICS[key];
    return this.#family(key, () => new Histogram(buckets)) as unknown as Family<LabelOf<K>, Histogram>;
  }

  /** Runs `update` before each scrape, for gauges that are not updated in between. `update` must be quick. */
  onCollect(update: () => void): void {
    this.#beforeCollect.push(update);
  }

  collect(): MetricJson[] {
    for (const update of this.#beforeCollect) update();
    return [...this.#families.values()].map((family) => family.toJson());
  }

  /** A metric exists only after its first use, so a thread shows only its own metrics. */
  #family(
    key: MetricKey,
    make: () => Counter | Gauge | Histogram,
  ): Family<string, Counter | Gauge | Histogram> {
    let family = this.#families.get(key);
    if (family === undefined) {
      family = new Family(METRICS[key] as MetricDefinition, make);
      this.#families.set(key, family);
    }
    return family;
  }
}
