import { HalfSpaceTrees, seededRandom } from './half-space-trees.ts';
import { SortedWindow } from './sorted-window.ts';

const RECENT = 12;
const ERRORS_MIN = 50;
const RANGE_MIN = 20;
const ERROR_MAX = 1e3;
// Share of the range seen so far by which a value must leave it to count as beyond.
const BEYOND = 0.05;
const PAUSE_ABOVE = 0.5;

export interface SeriesOptions {
  /** Values at the start on which nothing is said. */
  readonly probation: number;
  /** Values kept to compare with. */
  readonly memory?: number;
  /** After a high score, how many values have theirs halved: one anomaly, one alarm. */
  readonly pause?: number;
}

/**
 * One number after the other (a metric, a value in records): how unusual is it, between 0 and 1.
 *
 * Four looks vote: how far the value is from the median of the values kept, in standard deviations estimated from the median absolute deviation; how much larger than
 * usual the errors of a simple forecast lately are, as the anomaly likelihood of HTM asks it; half-space trees; and whether the
 * value leaves the range ever seen.
 */
export class SeriesDetector {
  readonly #probation: number;
  readonly #pause: number;
  readonly #memory: number;
  readonly #values: SortedWindow;
  readonly #recent: number[] = [];
  readonly #errors: number[] = [];
  #errorSum = 0;
  #errorSquares = 0;
  readonly #trees = new HalfSpaceTrees({ features: 3, window: 200, depth: 7, random: seededRandom(7) });
  #seen = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #quietUntil = 0;

  constructor({ probation, memory = 2000, pause = 120 }: SeriesOptions) {
    this.#probation = probation;
    this.#pause = pause;
    this.#memory = memory;
    this.#values = new SortedWindow(memory);
  }

  observe(value: number): number {
    this.#seen++;
    const score = this.#score(value);
    this.#values.add(value);
    this.#recent.push(value);
    if (this.#recent.length > RECENT) this.#recent.shift();
    if (this.#seen <= this.#probation) return 0;
    if (this.#seen < this.#quietUntil) return score / 2;
    if (score > PAUSE_ABOVE) this.#quietUntil = this.#seen + this.#pause;
    return score;
  }

  #score(value: number): number {
    const values = this.#values;
    const range = this.#high - this.#low;
    const isBeyond = values.length > RANGE_MIN && (value > this.#high + BEYOND * range || value < this.#low - BEYOND * range);
    this.#low = Math.min(this.#low, value);
    this.#high = Math.max(this.#high, value);
    if (values.length < RECENT * 2) return 0;
    const median = values.quantile(0.5);
    const spread = Math.max((values.quantile(0.84) - values.quantile(0.16)) / 2, range * 0.01, 1e-9);
    const far = Math.abs(value - median) / spread;
    // In a series that never moved, the first step would be infinitely far.
    const error = Math.min(Math.abs(value - meanOf(this.#recent)) / spread, ERROR_MAX);
    this.#learnError(error);
    const trees = this.#trees.observe([squash(value, median, spread), squash(error, 1, 1), squash(far, 1, 2)]);
    // Weights by hand; the sum is only ranked, so one of them is free.
    const evidence =
      0.5 * Math.max(0, this.#likelihood()) +
      0.25 * Math.min(far, 12) +
      0.15 * Math.min(error, 12) +
      2 * Math.max(0, trees - 0.4) +
      (isBeyond ? 2 : 0);
    return 1 - Math.exp(-evidence / 6);
  }

  #learnError(error: number): void {
    this.#errors.push(error);
    this.#errorSum += error;
    this.#errorSquares += error * error;
    if (this.#errors.length <= this.#memory) return;
    const oldest = this.#errors.shift() ?? 0;
    this.#errorSum -= oldest;
    this.#errorSquares -= oldest * oldest;
  }

  /** How much larger errors are lately than they were, in standard deviations. */
  #likelihood(): number {
    const { length } = this.#errors;
    if (length < ERRORS_MIN) return 0;
    const mean = this.#errorSum / length;
    const deviation = Math.sqrt(Math.max(this.#errorSquares / length - mean * mean, 1e-6));
    return (meanOf(this.#errors.slice(-RECENT)) - mean) / deviation;
  }
}

function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function squash(value: number, centre: number, scale: number): number {
  return 1 / (1 + Math.exp(-(value - centre) / (2 * scale)));
}
