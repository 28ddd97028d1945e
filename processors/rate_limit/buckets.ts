// A clock that goes back further than this was set; a little disorder among records is normal and gives nothing.
const CLOCK_SET_BACK_MS = 60_000;

/** Token buckets, one for each slot, in arrays. All begin full. */
export class Buckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #tokens: Float64Array;
  readonly #filledMs: Float64Array;
  /** Up to when a bucket had been filled before its time went back. */
  readonly #latestMs: Float64Array;

  constructor(slots: number, perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = new Float64Array(slots);
    this.#filledMs = new Float64Array(slots);
    this.#latestMs = new Float64Array(slots);
  }

  reset(slot: number, nowMs: number): void {
    this.#tokens[slot] = this.#burst;
    this.#filledMs[slot] = nowMs;
    this.#latestMs[slot] = 0;
  }

  /** Fills up the bucket for the time that has passed; returns what is in it. */
  fill(slot: number, nowMs: number): number {
    const filledMs = this.#filledMs[slot] as number;
    const latestMs = this.#latestMs[slot] as number;
    const tokens = this.#tokens[slot] as number;
    let passedMs = nowMs - filledMs;
    if (passedMs <= 0) {
      if (passedMs >= -CLOCK_SET_BACK_MS) return tokens;
      this.#latestMs[slot] = Math.max(latestMs, filledMs);
      this.#filledMs[slot] = nowMs;
      return tokens;
    }
    // Records of today and those of a backlog come in turns: the time between them is none that has passed.
    if (passedMs > CLOCK_SET_BACK_MS && nowMs >= latestMs - CLOCK_SET_BACK_MS) passedMs = Math.min(passedMs, Math.max(0, nowMs - latestMs));
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
