import type { Counter, Histogram, Labels, Metrics } from '#component';

export type FamilyType = 'counter' | 'gauge' | 'histogram';

/** One line of an exposition: a name (the family's, or with `_bucket`, `_sum`, `_count`), labels, a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** All series of one metric name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  samples(): Sample[];
}

interface Series {
  readonly labels: Labels;
  /** Added to a sample of the family. */
  read(name: string): Sample[];
}

/** The metrics of one component. Its gauges end with it; its counters stay, or the books would not add up. */
export interface MetricsScope extends Metrics {
  close(): void;
}

/**
 * The agent's own metrics. An instrument is a plain number that its owner adds to, a few times a batch; names and labels
 * are looked at only when the instrument is made and when somebody reads.
 */
export class MetricsRegistry {
  readonly #families = new Map<string, RegisteredFamily>();

  get families(): Iterable<Family> {
    return this.#families.values();
  }

  /** Instruments that carry `labels` beside their own. */
  scope(labels: Labels = {}): MetricsScope {
    const gauges: (() => void)[] = [];
    return {
      counter: (name, help, own) => this.#counter(name, help, { ...labels, ...own }),
      gauge: (name, help, read, own) => void gauges.push(this.#gauge(name, help, read, { ...labels, ...own })),
      histogram: (name, help, buckets, own) => this.#histogram(name, help, buckets, { ...labels, ...own }),
      close: () => {
        for (const end of gauges.splice(0)) end();
      },
    };
  }

  /** A counter that somebody else keeps, such as the kernel. */
  readCounter(name: string, help: string, read: () => number): void {
    this.#family(name, help, 'counter').series.set(keyOf({}), { labels: {}, read: (own) => [{ name: own, labels: {}, value: read() }] });
  }

  /** The current value of every series of a counter or gauge. Empty when there is none. */
  samples(name: string): Sample[] {
    return this.#families.get(name)?.samples() ?? [];
  }

  #counter(name: string, help: string, labels: Labels): Counter {
    const { series } = this.#family(name, help, 'counter');
    const key = keyOf(labels);
    const existing = series.get(key);
    // A component that is started again counts on, as the Collector does after a reload.
    if (existing instanceof PlainCounter) return existing;
    const counter = new PlainCounter(labels);
    series.set(key, counter);
    return counter;
  }

  #gauge(name: string, help: string, read: () => number, labels: Labels): () => void {
    const { series } = this.#family(name, help, 'gauge');
    const key = keyOf(labels);
    const gauge: Series = { labels, read: (own) => [{ name: own, labels, value: read() }] };
    series.set(key, gauge);
    return () => {
      // The successor of a component may have put its own gauge here already.
      if (series.get(key) === gauge) series.delete(key);
    };
  }

  #histogram(name: string, help: string, buckets: readonly number[], labels: Labels): Histogram {
    const { series } = this.#family(name, help, 'histogram');
    const key = keyOf(labels);
    const existing = series.get(key);
    if (existing instanceof PlainHistogram) return existing;
    const histogram = new PlainHistogram(labels, buckets);
    series.set(key, histogram);
    return histogram;
  }

  #family(name: string, help: string, type: FamilyType): RegisteredFamily {
    const existing = this.#families.get(name);
    if (existing) {
      if (existing.type !== type) throw new TypeError(`metric ${name} is a ${existing.type}, not a ${type}`);
      return existing;
    }
    const family = new RegisteredFamily(name, help, type);
    this.#families.set(name, family);
    return family;
  }
}

class RegisteredFamily implements Family {
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  readonly series: Map<string, Series> = new Map();

  constructor(name: string, help: string, type: FamilyType) {
    this.name = name;
    this.help = help;
    this.type = type;
  }

  samples(): Sample[] {
    return [...this.series.values()].flatMap((series) => series.read(this.name));
  }
}

class PlainCounter implements Counter, Series {
  readonly labels: Labels;
  value = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(amount: number): void {
    this.value += amount;
  }

  read(name: string): Sample[] {
    return [{ name, labels: this.labels, value: this.value }];
  }
}

class PlainHistogram implements Histogram, Series {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  read(name: string): Sample[] {
    const { labels } = this;
    const samples: Sample[] = [];
    let count = 0;
    for (const [i, bound] of [...this.#bounds, Number.POSITIVE_INFINITY].entries()) {
      count += this.#counts[i] as number;
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
      samples.push({ name: `${name}_bucket`, labels: { ...labels, le }, value: count });
    }
    samples.push({ name: `${name}_sum`, labels, value: this.#sum }, { name: `${name}_count`, labels, value: count });
    return samples;
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
