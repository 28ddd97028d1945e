/** The last numbers, in order of size, so that a quantile costs nothing and a new number little. */
export class SortedWindow {
  readonly #max: number;
  readonly #sorted: number[] = [];
  /** In order of arrival; a ring once it is full. */
  readonly #arrived: number[] = [];
  #oldest = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#sorted.length;
  }

  add(value: number): void {
    if (this.#arrived.length < this.#max) this.#arrived.push(value);
    else {
      this.#sorted.splice(this.#placeOf(this.#arrived[this.#oldest] ?? 0), 1);
      this.#arrived[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % this.#max;
    }
    this.#sorted.splice(this.#placeOf(value), 0, value);
  }

  quantile(share: number): number {
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.floor(this.#sorted.length * share))] ?? 0;
  }

  /** Where the first number that is not smaller stands. */
  #placeOf(value: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
