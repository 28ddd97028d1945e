import assert from 'node:assert';
import type { Transaction } from '#component';

/** A place between two records of a file, and what is needed to go on reading from there. */
export interface Mark {
  /** Byte offset, in decompressed bytes for an archive. */
  readonly at: number;
  /** The bytes just before it, one character a byte: they show whether it is still the same file. */
  readonly tail: string;
  /** Records before it, counting empty lines. */
  readonly records: number;
  /** True inside a record whose end is being passed over because it was too long. */
  readonly isSkipping: boolean;
}

export const START: Mark = { at: 0, tail: '', records: 0, isSkipping: false };

/** Part of a file that has been read. `open` until its Delivery settles, `written` while a transaction carries it. */
export interface Range {
  readonly from: Mark;
  to: Mark;
  state: 'open' | 'written' | 'done';
  transaction: Transaction | undefined;
}

/** Where to read next: up to `limit` exactly, or to the end of the file when it is Infinity. */
export interface Gap {
  readonly from: Mark;
  readonly limit: number;
}

/**
 * What has been read of one file and what became of it.
 *
 *   watermark          gap (abandoned)
 *       ▼                  ▼
 *   ████▒▒▒▒▒▒▒▒░░░░░░░░░        ▒▒▒▒▒▒▒ → read next
 *   settled  open  done           open
 *
 * The watermark is the end of the longest settled prefix: the position that may be stored. A range that was abandoned
 * leaves a gap, which is read again before anything new; so nothing is skipped, and what is still under way is not
 * repeated.
 */
export class Ranges {
  #watermark: Mark;
  #ranges: Range[] = [];
  #covered = 0;
  #reach: Mark;

  constructor(watermark: Mark = START, reach: Mark = watermark) {
    this.#watermark = watermark;
    this.#reach = reach;
  }

  get watermark(): Mark {
    return this.#watermark;
  }

  get length(): number {
    return this.#ranges.length;
  }

  /** Behind the last range. */
  get end(): Mark {
    return this.#ranges.at(-1)?.to ?? this.#watermark;
  }

  /** The furthest place ever read, also when it has to be read again: what was there must still be there. */
  get reach(): Mark {
    return this.#reach;
  }

  get hasGap(): boolean {
    return this.#covered !== this.end.at - this.#watermark.at;
  }

  next(): Gap {
    if (!this.hasGap) return { from: this.end, limit: Number.POSITIVE_INFINITY };
    let before = this.#watermark;
    for (const range of this.#ranges) {
      if (range.from.at > before.at) return { from: before, limit: range.from.at };
      before = range.to;
    }
    throw new assert.AssertionError({ message: 'a file with a gap has one' });
  }

  /** Notes that `[from, to)` has been read. It must lie in a gap. */
  add(from: Mark, to: Mark): Range {
    assert(to.at > from.at && from.at >= this.#watermark.at, 'a range has bytes, past the watermark');
    const range: Range = { from, to, state: 'open', transaction: undefined };
    let index = this.#ranges.length;
    while (index > 0 && (this.#ranges[index - 1] as Range).from.at > from.at) index--;
    assert(index === 0 || (this.#ranges[index - 1] as Range).to.at <= from.at, 'a byte is read once at a time');
    this.#ranges.splice(index, 0, range);
    this.#covered += to.at - from.at;
    if (to.at > this.#reach.at) this.#reach = to;
    return range;
  }

  /** Makes two of an open range. Returns the second, which begins at `at`. */
  divide(range: Range, at: Mark): Range {
    assert(range.from.at < at.at && at.at < range.to.at, 'a range is divided between two of its records');
    const second: Range = { from: at, to: range.to, state: 'open', transaction: undefined };
    range.to = at;
    this.#ranges.splice(this.#ranges.indexOf(range) + 1, 0, second);
    return second;
  }

  /** The range is settled; true when the watermark moved. */
  finish(range: Range): boolean {
    range.state = 'done';
    range.transaction = undefined;
    let settled = 0;
    for (const first of this.#ranges) {
      if (first.state !== 'done' || first.from.at !== this.#watermark.at) break;
      this.#watermark = first.to;
      this.#covered -= first.to.at - first.from.at;
      settled++;
    }
    if (settled === 1) this.#ranges.shift();
    else if (settled > 1) this.#ranges.splice(0, settled);
    return settled > 0;
  }

  /** False for a range of an earlier content of the file. */
  has(range: Range): boolean {
    return this.#ranges.includes(range);
  }

  /** The range must be read again. */
  reopen(range: Range): void {
    const index = this.#ranges.indexOf(range);
    assert(index >= 0, 'only a range that was read can be read again');
    this.#ranges.splice(index, 1);
    this.#covered -= range.to.at - range.from.at;
  }

  /** Where the watermark will be once `transaction` is committed. */
  watermarkWith(transaction: Transaction): Mark {
    let mark = this.#watermark;
    for (const range of this.#ranges) {
      if (range.from.at !== mark.at) break;
      if (range.state !== 'done' && range.transaction !== transaction) break;
      mark = range.to;
    }
    return mark;
  }

  /** True while a transaction of somebody else carries a part. */
  get isWritten(): boolean {
    return this.#ranges.some((range) => range.state === 'written');
  }

  /** Settled ranges beyond the watermark. */
  *beyond(): Iterable<Range> {
    for (const range of this.#ranges) if (range.state === 'done') yield range;
  }

  *[Symbol.iterator](): Iterator<Range> {
    yield* this.#ranges;
  }
}
