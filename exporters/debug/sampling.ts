const WINDOW_MS = 1000;

/** In each second the first `initial` are let through, and of the rest every `thereafter`-th. */
export class Sampling {
  readonly #initial: number;
  readonly #thereafter: number;
  #windowEnd = 0;
  #seen = 0;

  constructor(initial: number, thereafter: number) {
    this.#initial = initial;
    this.#thereafter = thereafter;
  }

  passes(nowMs: number): boolean {
    if (nowMs >= this.#windowEnd) {
      this.#windowEnd = nowMs + WINDOW_MS;
      this.#seen = 0;
    }
    const after = ++this.#seen - this.#initial;
    return after <= 0 || (this.#thereafter > 0 && after % this.#thereafter === 0);
  }
}
