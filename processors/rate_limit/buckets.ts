// A clock that goes back further than this was set; a little disorder among records is normal and gives nothing.
const CLOCK_SET_BACK_MS = 60_000;

/** Token buckets, one for each slot, in arrays. All begin full. */
export class Buckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #tokens: Float64Array;
  readonly #filledMs: Float64Array;

  constructor(slots: number, perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = new Float64Array(slots);
    this.#filledMs = new Float64Array(slots);
  }

  reset(slot: number, nowMs: number): void {
    this.#tokens[slot] = this.#burst;
    this.#filledMs[slot] = nowMs;
  }

  /** Fills up the bucket for the time that has passed; returns what is in it. */
  fill(slot: number, nowMs: number): number {
    const passedMs = nowMs - (this.#filledMs[slot] as number);
    const tokens = this.#tokens[slot] as number;
    if (passedMs <= 0) {
      if (passedMs < -CLOCK_SET_BACK_MS) this.#filledMs[slot] = nowMs;
      return tokens;
    }
    this.#filledMs[slot] = nowMs;
    return (this.#tokens[slot] = Math.min(this.#burst, tokens + passedMs * this.#perMs));
  }

  /** May leave a debt, which is how something larger than a whole burst gets its turn and is paid for. */
  take(slot: number, amount: number): void {
    this.#tokens[slot] = (this.#tokens[slot] as number) - amount;
  }

  /** True when `amount` may be taken from a bucket that was just filled. */
  has(tokens: number, amount: number): boolean {
    return tokens >= Math.min(amount, this.#burst);
  }
}
