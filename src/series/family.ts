import { Exemplars } from './exemplars.ts';
import { LabelKey } from './label-key.ts';
import { LabelSets, OVERFLOW } from './label-sets.ts';

export type FamilyType = 'counter' | 'gauge' | 'histogram';

export interface FamilySettings {
  /** Without `_total`, with the unit. */
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  readonly unit: string;
  readonly labels: readonly string[];
  /** Upper bounds, rising, without +Inf. */
  readonly buckets: readonly number[];
  readonly seriesMax: number;
  readonly expirationMs: number;
  readonly labelBytesMax: number;
  /** False for a gauge that only moves up and down: forgetting one that is not 0 would make it wrong for good. */
  readonly canForgetValues: boolean;
}

/** Hears of a series that is about to be forgotten. */
export type Leaves = (family: Family, index: number) => void;

const SERIES_FIRST = 16;

/**
 * One metric with all its series, as columns: a series is an index, its values are `stride` numbers from there on. A
 * histogram has one for each bucket, not cumulative, one for +Inf, and the sum.
 */
export class Family {
  readonly settings: FamilySettings;
  readonly key: LabelKey;
  readonly sets: LabelSets;
  readonly exemplars: Exemplars;
  readonly #stride: number;
  #values: Float64Array;
  /** When the series was last touched; 0 means never. */
  #touchedMs: Float64Array;
  #labelTexts: (string | undefined)[] = [];
  #nowMs = 0;
  /** Updates that went to the overflow. */
  overflowed = 0;

  constructor(settings: FamilySettings) {
    const { labels, labelBytesMax, seriesMax, type, buckets } = settings;
    this.settings = settings;
    this.key = new LabelKey(labels.length, labelBytesMax);
    this.sets = new LabelSets(seriesMax);
    this.#stride = type === 'histogram' ? buckets.length + 2 : 1;
    this.#values = new Float64Array(SERIES_FIRST * this.#stride);
    this.#touchedMs = new Float64Array(SERIES_FIRST);
    this.exemplars = new Exemplars(type === 'histogram' ? buckets.length + 1 : 1);
  }

  /** To be called before each batch: touching a series is then a store and not a question to the clock. */
  begin(nowMs: number): void {
    this.#nowMs = Math.max(1, nowMs);
    this.exemplars.begin(this.#nowMs);
  }

  /** The series of the values in `key`, touched now. Good until the batch ends. */
  series(): number {
    const index = this.sets.find(this.key);
    if (index >= this.#touchedMs.length) this.#grow();
    this.#touchedMs[index] = this.#nowMs;
    return index;
  }

  add(index: number, amount: number): void {
    if (index === OVERFLOW) this.overflowed++;
    this.#values[index] = (this.#values[index] as number) + amount;
  }

  set(index: number, value: number): void {
    if (index === OVERFLOW) this.overflowed++;
    this.#values[index] = value;
  }

  /** Returns the bucket. */
  observe(index: number, value: number): number {
    const { buckets } = this.settings;
    const at = index * this.#stride;
    if (index === OVERFLOW) this.overflowed++;
    let bucket = 0;
    while (bucket < buckets.length && !(value <= (buckets[bucket] as number))) bucket++;
    this.#values[at + bucket] = (this.#values[at + bucket] as number) + 1;
    this.#values[at + this.#stride - 1] = (this.#values[at + this.#stride - 1] as number) + value;
    return bucket;
  }

  /** The indexes of all series there are, the overflow last. */
  *live(): Generator<number> {
    for (let index = 1; index < this.sets.end; index++) if (this.sets.keyOf(index)) yield index;
    if (this.#touchedMs[OVERFLOW] !== 0) yield OVERFLOW;
  }

  value(index: number): number {
    return this.#values[index * this.#stride] as number;
  }

  /** Counts by bucket, +Inf, and the sum. */
  histogram(index: number): Float64Array {
    return this.#values.subarray(index * this.#stride, (index + 1) * this.#stride);
  }

  /** The labels as they are exposed, without braces; `make` is asked once for each series. */
  labelText(index: number, make: (key: Buffer | undefined) => string): string {
    return (this.#labelTexts[index] ??= make(this.sets.keyOf(index)));
  }

  /** Forgets series that nothing has touched for too long, each after `leaves` has looked at it. The overflow stays. */
  expire(nowMs: number, leaves?: Leaves): void {
    const { expirationMs, canForgetValues } = this.settings;
    const before = nowMs - expirationMs;
    if (expirationMs === 0) return;
    const old: number[] = [];
    for (let index = 1; index < this.sets.end; index++) {
      const isOld = this.sets.keyOf(index) !== undefined && (this.#touchedMs[index] as number) <= before;
      if (isOld && (canForgetValues || this.value(index) === 0)) old.push(index);
    }
    for (const index of old) {
      leaves?.(this, index);
      this.#values.fill(0, index * this.#stride, (index + 1) * this.#stride);
      this.#touchedMs[index] = 0;
      this.#labelTexts[index] = undefined;
      this.exemplars.forget(index);
    }
    this.sets.remove(old);
  }

  #grow(): void {
    const series = this.#touchedMs.length * 2;
    const values = new Float64Array(series * this.#stride);
    values.set(this.#values);
    this.#values = values;
    const touched = new Float64Array(series);
    touched.set(this.#touchedMs);
    this.#touchedMs = touched;
  }
}
