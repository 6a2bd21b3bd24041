import { type KeyOf, type LabelOf, METRICS, type MetricDefinition, type MetricKey } from "./definitions.ts";
import { Counter, Family, Gauge, Histogram, type MetricJson } from "./families.ts";

/** Every thread counts for itself: its metrics are counted there and merged when somebody asks. */
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

  /** Runs before each scrape: sets gauges that nobody wants to keep up to date in between. It must be quick. */
  onCollect(update: () => void): void {
    this.#beforeCollect.push(update);
  }

  collect(): MetricJson[] {
    for (const update of this.#beforeCollect) update();
    return [...this.#families.values()].map((family) => family.toJson());
  }

  /** Only metrics that somebody uses exist: a thread shows what it counts and nothing else. */
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
