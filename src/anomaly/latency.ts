import { DDSketch } from '@datadog/sketches-js';
import { EvidenceBank, hitGain, thresholdFor, type EvidenceState } from './evidence.ts';
import type { Raise } from './signal.ts';

const VALUES_MIN = 300;
const HOURS_MIN = 6;
const SHIFTS = [0.6, 1.2, 2.5] as const;
const SCORE_MAX = 3.5;
// Values are learned up to this share of the evidence an alarm needs. Much less would leave out what is far but usual, and what is
// left out again and again becomes an alarm in the end.
const LEARNED_BELOW = 0.8;
// Tails: the usual share of values beyond the quantile, and the share that would be worth an alarm.
const TAILS = [
  { usual: 0.025, changed: 0.12 },
  { usual: 0.005, changed: 0.12 },
] as const;
/** Probabilities of the table, and the normal scores that belong to them. */
const PROBABILITIES: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975,
  0.99, 0.995, 0.999,
];
const SCORES: readonly number[] = PROBABILITIES.map(normalScore);
const TAIL_AT: readonly number[] = TAILS.map(({ usual }) => PROBABILITIES.indexOf(1 - usual));

/** Durations of one source: a shift of the whole distribution, or of its tail, towards longer. */
export class Latency {
  readonly #source: string;
  readonly #budget: number;
  #sketch = new DDSketch({ relativeAccuracy: 0.01 });
  #table: Float64Array = new Float64Array(0);
  #tableAt = 0;
  #firstAt = 0;
  #lastAt = 0;
  readonly #bank = new EvidenceBank(SHIFTS.length + TAILS.length);
  /** Variance of sums of scores over what independent ones would have. */
  #clumping = 1;
  #minute = 0;
  #minuteSum = 0;
  #minuteCount = 0;
  #recent = 0;

  constructor(source: string, budget: number) {
    this.#source = source;
    this.#budget = budget;
  }

  /** Returns how far out the value is, in standard deviations of a normal distribution; 0 while nothing is known. */
  observe(value: number, at: number, raise: Raise): number {
    if (!(value >= 0)) return 0;
    if (this.#sketch.count === 0) this.#firstAt = at;
    this.#lastAt = Math.max(this.#lastAt, at);
    if (this.#sketch.count >= VALUES_MIN && this.#sketch.count >= this.#tableAt * 1.05) this.#refresh();
    const score = this.#table.length === 0 ? 0 : this.#scoreOf(value);
    if (this.#table.length > 0 && at - this.#firstAt > HOURS_MIN * 3_600_000) this.#test(value, score, at, raise);
    if (this.#bank.max < this.#limit() * LEARNED_BELOW) this.#sketch.accept(value);
    return score;
  }

  #limit(): number {
    const days = Math.max((this.#lastAt - this.#firstAt) / 86_400_000, 0.25);
    return thresholdFor((this.#sketch.count / days) * this.#bank.values.length, this.#budget);
  }

  #refresh(): void {
    this.#tableAt = this.#sketch.count;
    this.#table = Float64Array.from(PROBABILITIES, (p) => this.#sketch.getValueAtQuantile(p));
  }

  #scoreOf(value: number): number {
    const table = this.#table;
    let low = 0;
    let high = table.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((table[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return SCORES[0] as number;
    if (low === table.length) return SCORE_MAX;
    const left = table[low - 1] as number;
    const right = table[low] as number;
    const share = right > left ? (value - left) / (right - left) : 1;
    return (SCORES[low - 1] as number) * (1 - share) + (SCORES[low] as number) * share;
  }

  #test(value: number, score: number, at: number, raise: Raise): void {
    this.#measureClumping(score, at);
    const limit = this.#limit();
    const weight = 1 / this.#clumping;
    for (const [i, shift] of SHIFTS.entries()) {
      this.#bank.add(i, (shift * score - (shift * shift) / 2) * weight, at, limit);
    }
    for (const [i, { usual, changed }] of TAILS.entries()) {
      const isBeyond = value > (this.#table[TAIL_AT[i] as number] as number);
      this.#bank.add(SHIFTS.length + i, hitGain(isBeyond, usual, changed) * weight, at, limit);
    }
    this.#recent += (value - this.#recent) / 10;
    const { top } = this.#bank;
    const evidence = this.#bank.values[top] as number;
    if (!this.#bank.isAbove(limit)) return;
    raise({
      source: this.#source,
      type: 'timing',
      kind: 'latency',
      method: 'statistical',
      subject: top < SHIFTS.length ? 'typical' : 'tail',
      at,
      start: this.#bank.since[top] as number,
      strength: Math.max(1, evidence / limit),
      expected: this.#table[PROBABILITIES.indexOf(0.5)] as number,
      actual: this.#recent,
      unit: 'ms',
      records: 1,
      isWaning: evidence < limit,
    });
  }

  #measureClumping(score: number, at: number): void {
    const minute = Math.floor(at / 60_000);
    if (minute !== this.#minute) {
      if (this.#minuteCount > 0 && this.#bank.max < this.#limit() * LEARNED_BELOW) {
        const surprise = Math.min(this.#minuteSum ** 2 / this.#minuteCount, 20);
        this.#clumping = Math.max(1, this.#clumping + (surprise - this.#clumping) / 300);
      }
      this.#minute = minute;
      this.#minuteSum = 0;
      this.#minuteCount = 0;
    }
    this.#minuteSum += score;
    this.#minuteCount++;
  }

  save(): LatencyState {
    const { store, zeroCount, min, max, sum } = this.#sketch;
    return {
      bins: Array.from(store.bins),
      keys: [store.minKey, store.maxKey, store.offset, store.count],
      sketch: [zeroCount, min, max, sum, this.#sketch.count],
      table: Array.from(this.#table),
      numbers: [this.#tableAt, this.#firstAt, this.#lastAt, this.#clumping, this.#minute, this.#minuteSum, this.#minuteCount, this.#recent],
      bank: this.#bank.save(),
    };
  }

  load({ bins, keys, sketch, table, numbers, bank }: LatencyState): void {
    this.#sketch = new DDSketch({ relativeAccuracy: 0.01 });
    if (sketch[4] > 0) {
      const { store } = this.#sketch;
      store.bins = Array.from(bins);
      [store.minKey, store.maxKey, store.offset, store.count] = keys;
      [this.#sketch.zeroCount, this.#sketch.min, this.#sketch.max, this.#sketch.sum, this.#sketch.count] = sketch;
    }
    this.#table = Float64Array.from(table);
    [this.#tableAt, this.#firstAt, this.#lastAt, this.#clumping, this.#minute, this.#minuteSum, this.#minuteCount, this.#recent] = numbers;
    this.#bank.load(bank);
  }
}

export interface LatencyState {
  readonly bins: readonly number[];
  readonly keys: readonly [number, number, number, number];
  readonly sketch: readonly [number, number, number, number, number];
  readonly table: readonly number[];
  readonly numbers: readonly [number, number, number, number, number, number, number, number];
  readonly bank: EvidenceState;
}

/** The value a standard normal variable stays below with probability `p` (Acklam's approximation, central part and tails). */
function normalScore(p: number): number {
  if (p > 0.5) return -normalScore(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  const top = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  const bottom = 1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t;
  return -(t - top / bottom);
}
