import { HalfSpaceTrees, seededRandom, type HalfSpaceTreesState } from './half-space-trees.ts';

const FEATURES = 5;
const MINUTES_MIN = 1440;
// A vote is for a minute that is more unusual than all but this share of those before.
const UNUSUAL = 0.002;
const BINS = 1000;
const FADE_AT = 20_000;

/**
 * The online model's vote: half-space trees over how far a minute of a source is off in several ways at once. It knows no
 * threshold; what counts as unusual is what the trees seldom said before.
 */
export class MixVote {
  readonly #trees: HalfSpaceTrees;
  /** How often each score came. */
  readonly #scores = new Uint32Array(BINS);
  #minutes = 0;

  constructor(seed: number) {
    this.#trees = new HalfSpaceTrees({ features: FEATURES, random: seededRandom(seed) });
  }

  /** True when the minute is unusual. `deviations` are in standard deviations, five of them. */
  observe(deviations: readonly number[]): boolean {
    const score = this.#trees.observe(deviations.map(squash));
    const bin = Math.min(Math.floor(score * BINS), BINS - 1);
    let above = 0;
    for (let i = bin; i < BINS; i++) above += this.#scores[i] ?? 0;
    const isUnusual = this.#minutes >= MINUTES_MIN && above < this.#minutes * UNUSUAL;
    this.#scores[bin] = (this.#scores[bin] ?? 0) + 1;
    if (++this.#minutes >= FADE_AT) this.#fade();
    return isUnusual;
  }

  #fade(): void {
    this.#minutes = 0;
    for (let i = 0; i < BINS; i++) {
      this.#scores[i] = (this.#scores[i] ?? 0) >> 1;
      this.#minutes += this.#scores[i] ?? 0;
    }
  }

  save(): MixVoteState {
    return { trees: this.#trees.save(), scores: Array.from(this.#scores), minutes: this.#minutes };
  }

  load({ trees, scores, minutes }: MixVoteState): void {
    this.#trees.load(trees);
    this.#scores.set(scores);
    this.#minutes = minutes;
  }
}

export interface MixVoteState {
  readonly trees: HalfSpaceTreesState;
  readonly scores: readonly number[];
  readonly minutes: number;
}

function squash(deviation: number): number {
  return 1 / (1 + Math.exp(-deviation / 2));
}
