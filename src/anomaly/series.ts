/**
 * One number at a time (a metric, a value in records): how unusual is it, between 0 and 1.
 *
 * Three looks vote: how far the value is from what the last hours and the same time of day had (in robust standard
 * deviations), how far the mean of the last values has moved, and half-space trees over value, step and recent spread. Errors
 * are judged by how large errors lately are, as in the anomaly likelihood of HTM.
 */
import { HalfSpaceTrees, seededRandom } from './half-space-trees.ts';

const RECENT = 12;

export interface SeriesOptions {
  /** Values of the first part, on which nothing is said. */
  readonly probation: number;
  /** Values kept to compare with. */
  readonly memory: number;
  /** After an alarm, how many values get no second one. */
  readonly pause: number;
}

export class SeriesDetector {
  readonly #options: SeriesOptions;
  readonly #values: number[] = [];
  readonly #errors: number[] = [];
  readonly #trees = new HalfSpaceTrees({ features: 3, window: 200, depth: 7, random: seededRandom(7) });
  #seen = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #quietUntil = 0;

  constructor(options: SeriesOptions) {
    this.#options = options;
  }

  observe(value: number): number {
    this.#seen++;
    const { memory, probation } = this.#options;
    const score = this.#score(value);
    this.#values.push(value);
    if (this.#values.length > memory) this.#values.shift();
    if (this.#seen <= probation) return 0;
    return this.#paused(score);
  }

  #score(value: number): number {
    const values = this.#values;
    const span = this.#high - this.#low;
    const isBeyond = values.length > 20 && (value > this.#high + 0.05 * span || value < this.#low - 0.05 * span);
    this.#low = Math.min(this.#low, value);
    this.#high = Math.max(this.#high, value);
    if (values.length < RECENT * 2) return 0;
    const sorted = Float64Array.from(values).sort();
    const median = sorted[sorted.length >> 1] as number;
    const spread = Math.max(
      ((sorted[Math.floor(sorted.length * 0.84)] as number) - (sorted[Math.floor(sorted.length * 0.16)] as number)) / 2,
      span * 0.01,
      1e-9,
    );
    const far = Math.abs(value - median) / spread;
    const before = values.slice(-RECENT);
    const mean = before.reduce((sum, one) => sum + one, 0) / RECENT;
    const error = Math.abs(value - mean) / spread;
    this.#errors.push(error);
    if (this.#errors.length > this.#options.memory) this.#errors.shift();
    const likelihood = this.#likelihood();
    const trees = this.#trees.observe([squash(value, median, spread), squash(error, 1, 1), squash(far, 1, 2)]);
    return combine({ far, error, likelihood, trees, isBeyond });
  }

  /** How much larger errors are lately than they were, in standard deviations of their mean. */
  #likelihood(): number {
    const errors = this.#errors;
    if (errors.length < 50) return 0;
    let sum = 0;
    let squares = 0;
    for (const error of errors) {
      sum += error;
      squares += error * error;
    }
    const mean = sum / errors.length;
    const deviation = Math.sqrt(Math.max(squares / errors.length - mean * mean, 1e-6));
    let recent = 0;
    for (const error of errors.slice(-RECENT)) recent += error;
    return (recent / RECENT - mean) / deviation;
  }

  #paused(score: number): number {
    if (this.#seen < this.#quietUntil) return score * 0.5;
    if (score > PAUSE_ABOVE) this.#quietUntil = this.#seen + this.#options.pause;
    return score;
  }
}

const PAUSE_ABOVE = 0.5;

interface Looks {
  readonly far: number;
  readonly error: number;
  readonly likelihood: number;
  readonly trees: number;
  readonly isBeyond: boolean;
}

function combine({ far, error, likelihood, trees, isBeyond }: Looks): number {
  const evidence =
    0.5 * Math.max(0, likelihood) +
    0.25 * Math.min(far, 12) +
    0.15 * Math.min(error, 12) +
    2 * Math.max(0, trees - 0.4) +
    (isBeyond ? 2 : 0);
  return 1 - Math.exp(-evidence / 6);
}

function squash(value: number, centre: number, scale: number): number {
  return 1 / (1 + Math.exp(-(value - centre) / (2 * scale)));
}
