import type { RowProblem } from '#component';

/** Up to here V8's usual engine is used, which has bounds of its own; see engine.ts. */
export const QUICK_LENGTH_MAX = 2048;
// The engine without backtracking takes up to 0.4 µs for each character: 25 ms for this length, and half a second for a
// megabyte, during which nothing else would move.
const LENGTH_MAX = 64 * 1024;
const SLOW_MS = 50;
/** How many long texts pass before a shorter bound is forgotten: a busy machine looks the same as a slow pattern. */
const TEXTS_UNTIL_FORGOTTEN = 1000;

export type RowProblemType = new (message: string) => RowProblem;

/** Bounds the time that a pattern takes for long texts, by their length. */
export class LengthGuard {
  readonly #Problem: RowProblemType;
  #lengthMax = LENGTH_MAX;
  #texts = 0;

  /** Its problems are of the class that its users catch. */
  constructor(Problem: RowProblemType) {
    this.#Problem = Problem;
  }

  /** Runs `look`. Throws for a text that is too long for this pattern. */
  run<Result>(length: number, look: () => Result): Result {
    if (length <= QUICK_LENGTH_MAX) return look();
    if (length > this.#lengthMax) {
      this.#remember();
      throw new this.#Problem(`a text of ${length} is longer than the ${this.#lengthMax} that this pattern can be tried on`);
    }
    const start = performance.now();
    const result = look();
    if (performance.now() - start > SLOW_MS) this.#lengthMax = Math.max(QUICK_LENGTH_MAX, Math.floor(length / 2));
    return result;
  }

  #remember(): void {
    if (this.#lengthMax === LENGTH_MAX || ++this.#texts < TEXTS_UNTIL_FORGOTTEN) return;
    this.#texts = 0;
    this.#lengthMax = LENGTH_MAX;
  }
}
