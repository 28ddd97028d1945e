import assert from 'node:assert';
import type { Window } from './window.ts';

const ROWS_FIRST = 1024;
const NONE = -1;

/**
 * The windows that are open, found by the 64-bit hash of their key, in the order in which they were opened.
 *
 * A window that has seen one record takes 68 bytes here and nothing elsewhere: most records are never repeated. The index
 * is an open hash table at most half full, so that every key within `max_keys` is found; a table that gives each key one
 * of a few places would forget some while others stand empty.
 */
export class WindowTable {
  readonly #max: number;
  /** Pairs of row + 1 and half a hash, at the place the hash says or behind it; 0 is free. A search reads nothing else. */
  #index: Int32Array = new Int32Array(4 * ROWS_FIRST);
  #lo: Int32Array = new Int32Array(ROWS_FIRST);
  #hi: Int32Array = new Int32Array(ROWS_FIRST);
  #next: Int32Array = new Int32Array(ROWS_FIRST);
  #previous: Int32Array = new Int32Array(ROWS_FIRST);
  #head = NONE;
  #tail = NONE;
  #free = NONE;
  #used = 0;
  size = 0;
  /** Event times of the first and the last record, and the host's time of opening. */
  firstMs: Float64Array = new Float64Array(ROWS_FIRST);
  lastMs: Float64Array = new Float64Array(ROWS_FIRST);
  openedAt: Float64Array = new Float64Array(ROWS_FIRST);
  /** Whose record opened it. */
  source: Float64Array = new Float64Array(ROWS_FIRST);
  /** What repeated windows hold. */
  readonly window: (Window | undefined)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.size === this.#max;
  }

  /** The window that was opened first, or -1. */
  get oldest(): number {
    return this.#head;
  }

  /** The row of this key, or -1. */
  find(lo: number, hi: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = (2 * lo) & mask; ; at = (at + 2) & mask) {
      const row = (index[at] as number) - 1;
      if (row < 0) return NONE;
      if (index[at + 1] === lo && this.#hi[row] === hi) return row;
    }
  }

  /** Opens the window of a key that has none. */
  add(lo: number, hi: number, openedAt: number): number {
    assert(this.size < this.#max, 'there is room for one more window');
    if (this.size === this.#lo.length) this.#grow();
    let row = this.#free;
    if (row >= 0) this.#free = this.#next[row] as number;
    else row = this.#used++;
    this.#lo[row] = lo;
    this.#hi[row] = hi;
    this.openedAt[row] = openedAt;
    this.window[row] = undefined;
    this.#enter(row);
    this.#append(row);
    this.size++;
    return row;
  }

  /** Begins the next window of a key: it is the youngest now. */
  renew(row: number, openedAt: number): void {
    this.#unlink(row);
    this.#append(row);
    this.openedAt[row] = openedAt;
    this.window[row] = undefined;
  }

  remove(row: number): void {
    this.#unlink(row);
    this.#leave(row);
    this.window[row] = undefined;
    this.#next[row] = this.#free;
    this.#free = row;
    this.size--;
  }

  #append(row: number): void {
    this.#previous[row] = this.#tail;
    this.#next[row] = NONE;
    if (this.#tail >= 0) this.#next[this.#tail] = row;
    else this.#head = row;
    this.#tail = row;
  }

  #unlink(row: number): void {
    const previous = this.#previous[row] as number;
    const next = this.#next[row] as number;
    if (previous >= 0) this.#next[previous] = next;
    else this.#head = next;
    if (next >= 0) this.#previous[next] = previous;
    else this.#tail = previous;
  }

  #enter(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    const lo = this.#lo[row] as number;
    let at = (2 * lo) & mask;
    while (index[at] !== 0) at = (at + 2) & mask;
    index[at] = row + 1;
    index[at + 1] = lo;
  }

  /** Takes a row out of the index and moves those behind it up, so that no search ends too early. */
  #leave(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = (2 * (this.#lo[row] as number)) & mask;
    while (index[hole] !== row + 1) hole = (hole + 2) & mask;
    for (let at = (hole + 2) & mask; index[at] !== 0; at = (at + 2) & mask) {
      const home = (2 * (index[at + 1] as number)) & mask;
      // It may move if its home is not between the hole and where it is.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = index[at] as number;
      index[hole + 1] = index[at + 1] as number;
      hole = at;
    }
    index[hole] = 0;
  }

  #grow(): void {
    const rows = this.#lo.length * 2;
    const copy = <Of extends Int32Array | Float64Array>(from: Of, to: Of): Of => {
      to.set(from);
      return to;
    };
    this.#lo = copy(this.#lo, new Int32Array(rows));
    this.#hi = copy(this.#hi, new Int32Array(rows));
    this.#next = copy(this.#next, new Int32Array(rows));
    this.#previous = copy(this.#previous, new Int32Array(rows));
    this.firstMs = copy(this.firstMs, new Float64Array(rows));
    this.lastMs = copy(this.lastMs, new Float64Array(rows));
    this.openedAt = copy(this.openedAt, new Float64Array(rows));
    this.source = copy(this.source, new Float64Array(rows));
    this.#index = new Int32Array(4 * rows);
    // Only a full table grows, so that every row is in use.
    for (let row = 0; row < this.#used; row++) this.#enter(row);
  }
}
