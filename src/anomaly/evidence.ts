// How far evidence may pile up above its limit, and fall below it until a change is over. Natural logarithms of likelihood ratios.
const PILE = 1.5;
const SLACK = 3;

/**
 * Evidence for a change, as sums of log-likelihood ratios that never fall below zero (Page's test). If nothing has changed, a
 * sum passes `h` once in `e^h` steps or more seldom, whatever the distribution: that makes a threshold out of a rate of
 * false alarms.
 */
export class EvidenceBank {
  readonly values: Float64Array;
  /** When each sum last left zero: where the change may have begun. */
  readonly since: Float64Array;

  #isAlarmed = false;

  constructor(alternatives: number) {
    this.values = new Float64Array(alternatives);
    this.since = new Float64Array(alternatives);
  }

  /** Adds to one sum. Not far above `limit` nothing more is gained, so that a change that ends is seen to end. */
  add(index: number, gain: number, at: number, limit: number): void {
    const before = this.values[index] as number;
    const after = before + gain;
    const cap = limit + PILE;
    if (after <= 0) {
      this.values[index] = 0;
      return;
    }
    if (before === 0) this.since[index] = at;
    this.values[index] = after > cap ? cap : after;
  }

  /** Index of the largest sum. */
  get top(): number {
    let best = 0;
    for (let i = 1; i < this.values.length; i++) if ((this.values[i] as number) > (this.values[best] as number)) best = i;
    return best;
  }

  get max(): number {
    return this.values[this.top] as number;
  }

  /**
   * True while a sum is at its limit, or not far below it after it was: then the change goes on. When it has fallen further
   * all begin at zero again, or what is left would make an alarm out of the next small thing.
   */
  isAbove(limit: number): boolean {
    const { max } = this;
    if (max >= limit) this.#isAlarmed = true;
    else if (this.#isAlarmed && max < limit - SLACK) {
      this.#isAlarmed = false;
      this.clear();
    }
    return this.#isAlarmed;
  }

  clear(): void {
    this.values.fill(0);
  }

  save(): EvidenceState {
    return [Array.from(this.values), Array.from(this.since), this.#isAlarmed];
  }

  load([values, since, isAlarmed]: EvidenceState): void {
    this.values.set(values.slice(0, this.values.length));
    this.since.set(since.slice(0, this.since.length));
    this.#isAlarmed = isAlarmed;
  }
}

export type EvidenceState = readonly [values: readonly number[], since: readonly number[], isAlarmed: boolean];

/** The evidence that is passed by chance no oftener than `falseAlarmsPerDay`, looking so often a day. */
export function thresholdFor(looksPerDay: number, falseAlarmsPerDay: number): number {
  return Math.log(Math.max(looksPerDay, 1) / falseAlarmsPerDay);
}

/**
 * Gain of a count when `changed` instead of `expected` explains it. Counts vary more than chance alone: their variance is
 * m + m²·`spread` (negative binomial; Poisson when it is 0).
 */
export function countGain(count: number, expected: number, changed: number, spread: number): number {
  if (spread < 1e-4) return count * Math.log(changed / expected) - (changed - expected);
  const shape = 1 / spread;
  const ratio = (shape + expected) / (shape + changed);
  return count * Math.log((changed / expected) * ratio) + shape * Math.log(ratio);
}

/** Gain of one event that may be a hit, when its probability is `changed` instead of `expected`. */
export function hitGain(isHit: boolean, expected: number, changed: number): number {
  return isHit ? Math.log(changed / expected) : Math.log((1 - changed) / (1 - expected));
}
