/**
 * The right to have a request on its way; there are so many. Who comes back for one and who comes anew take turns, so that
 * neither keeps the other waiting for good.
 */
export class Places {
  readonly #returned: (() => void)[] = [];
  #free: number;
  #isTurnOfReturned = false;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Gives out what is free. `begin` begins a request with a place; false when there is none to begin. So many that have come
   * back get one at most.
   */
  fill(begin: () => boolean, returnedMax: number): void {
    let left = returnedMax;
    const resume = (): boolean => left > 0 && this.#resume() && left-- > 0;
    while (this.#free > 0) {
      this.#free--;
      const isUsed = this.#isTurnOfReturned ? resume() || begin() : begin() || resume();
      this.#isTurnOfReturned = !this.#isTurnOfReturned;
      if (isUsed) continue;
      this.#free++;
      return;
    }
  }

  giveBack(): void {
    this.#free++;
  }

  /** Resolves when `fill` has given a place out. */
  comeBack(): Promise<void> {
    return new Promise((resolve) => this.#returned.push(resolve));
  }

  #resume(): boolean {
    const resume = this.#returned.shift();
    resume?.();
    return resume !== undefined;
  }
}
