import type { LogBatch, ValueType } from '#model';
import type { NewlineScanner } from './newline-scanner.ts';

/** How records are cut and trimmed. */
export interface RecordRules {
  readonly recordBytesMax: number;
  /** An over-long record is cut to its first bytes instead of becoming several. */
  readonly isTruncating: boolean;
  readonly trimsLeading: boolean;
  readonly trimsTrailing: boolean;
  /** Bytes of a code unit: 2 for UTF-16. */
  readonly unit: 1 | 2;
  /** UTF-16 with the high byte first. */
  readonly isBigEndian: boolean;
  /** UTF-8: an over-long record is not cut inside a character. */
  readonly isUtf8: boolean;
  readonly rowsMax: number;
}

/** Cuts bytes into records. */
export interface Splitter {
  /**
   * Writes a row for each whole record of `bytes[from, to)` and returns where the rest begins. With `isFinal` the rest is
   * a record, too.
   */
  split(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number;
}

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Takes records from a splitter and makes rows of them: trims, passes over what is empty, counts. Bodies stay where they
 * are in the read buffer.
 */
export class RecordWriter {
  readonly rules: RecordRules;
  readonly batch: LogBatch;
  /** Rows the batch may have. */
  rowsMax: number;
  /** Finds line feeds in the buffer that is being split, if that is memory to read into. */
  scanner: NewlineScanner | undefined;
  /** True when the splitter has met no byte above 0x7f; false when it has, or has not looked. */
  isAscii = false;
  /** Rows written; the batch hears of them at the end. */
  rows = 0;
  /** Records of the file so far, empty ones included. */
  count = 0;
  /** Inside an over-long record whose end is passed over. */
  isSkipping = false;
  /** Number and first byte of each row's record, when somebody wants them as attributes. */
  readonly numbers: number[] | undefined;
  readonly starts: number[] | undefined;
  #room = 0;

  constructor(rules: RecordRules, batch: LogBatch, keepsPlaces: boolean) {
    this.rules = rules;
    this.batch = batch;
    this.rowsMax = rules.rowsMax;
    this.numbers = keepsPlaces ? [] : undefined;
    this.starts = keepsPlaces ? [] : undefined;
  }

  get isFull(): boolean {
    return this.rows >= this.rowsMax;
  }

  /** Before a splitter runs. */
  begin(count: number, isSkipping: boolean): void {
    this.rows = this.batch.length;
    this.#room = this.batch.timeMs.length;
    this.count = count;
    this.isSkipping = isSkipping;
    this.isAscii = false;
  }

  /** After it: makes rows of what was written. */
  end(type: typeof ValueType.string | typeof ValueType.bytes): void {
    this.batch.addBodies(type, this.rows - this.batch.length);
  }

  /** One record of at most `recordBytesMax` bytes. */
  write(bytes: Buffer, start: number, end: number): void {
    this.count++;
    let first = start;
    let last = end;
    if (this.rules.unit === 1) {
      // Most lines begin and end with something to keep: two comparisons and nothing to trim.
      if (last > first && (bytes[last - 1] as number) <= SPACE) last = this.#trimEnd(bytes, first, last);
      if (first < last && (bytes[first] as number) <= SPACE) first = this.#trimStart(bytes, first, last);
    } else {
      last = this.#trimEndWide(bytes, first, last);
      if (this.rules.trimsLeading) while (first < last && isSpace(this.#unitAt(bytes, first))) first += 2;
    }
    if (first < last) this.writeUntrimmed(start, first, last);
  }

  /**
   * Rows for lines that need nothing done: neither trimmed nor too long nor empty. They end at `ends[from]` and the
   * following, the first begins at `start`. Returns the index of the first end that needs more than that. This is the loop
   * that most bytes of an agent's life go through.
   */
  writePlain(bytes: Buffer, start: number, to: number, ends: Int32Array, from: number, count: number): number {
    if (this.isSkipping || this.numbers) return from;
    const { recordBytesMax } = this.rules;
    const rows = Math.min(count - from, this.rowsMax - this.rows);
    if (rows <= 0) return from;
    this.batch.reserve(this.rows + rows);
    this.#room = this.batch.timeMs.length;
    const { bodyStart, bodySize } = this.batch;
    let row = this.rows;
    let first = start;
    let i = from;
    for (const limit = from + rows; i < limit; i++) {
      const end = ends[i] as number;
      const size = end - first;
      if (size <= 0 || size > recordBytesMax || end >= to) break;
      if ((bytes[first] as number) <= SPACE || (bytes[end - 1] as number) <= SPACE) break;
      bodyStart[row] = first;
      bodySize[row++] = size;
      first = end + 1;
    }
    this.count += row - this.rows;
    this.rows = row;
    return i;
  }

  /** The row itself; its record began at `start`. */
  writeUntrimmed(start: number, first: number, last: number): void {
    const row = this.rows++;
    if (row === this.#room) {
      this.batch.reserve(row + 1);
      this.#room = this.batch.timeMs.length;
    }
    this.batch.bodyStart[row] = first;
    this.batch.bodySize[row] = last - first;
    if (this.numbers && this.starts) {
      this.numbers[row] = this.count;
      this.starts[row] = start;
    }
  }

  /** Where a record that begins at `start` and is too long is cut: not inside a character if that can be helped. */
  cutAt(bytes: Buffer, start: number): number {
    const { recordBytesMax, unit, isUtf8 } = this.rules;
    const cut = start + recordBytesMax;
    if (unit === 2) {
      const even = cut - (recordBytesMax % 2);
      const isLowSurrogate = even > start + 2 && even + 1 < bytes.length && (this.#unitAt(bytes, even) & 0xfc00) === 0xdc00;
      return Math.max(start + 2, isLowSurrogate ? even - 2 : even);
    }
    if (!isUtf8) return cut;
    let whole = cut;
    while (whole > cut - 3 && whole > start + 1 && ((bytes[whole] as number) & 0xc0) === 0x80) whole--;
    return ((bytes[whole] as number) & 0xc0) === 0x80 ? cut : whole;
  }

  #trimStart(bytes: Buffer, start: number, last: number): number {
    let first = start;
    if (this.rules.trimsLeading) while (first < last && isSpace(bytes[first] as number)) first++;
    return first;
  }

  #trimEnd(bytes: Buffer, first: number, end: number): number {
    let last = end;
    if (this.rules.trimsTrailing) {
      while (last > first && isSpace(bytes[last - 1] as number)) last--;
    } else if (bytes[last - 1] === CARRIAGE_RETURN) {
      // The end of a line in DOS manner belongs to the line break, whatever is to be preserved.
      last--;
    }
    return last;
  }

  #trimEndWide(bytes: Buffer, first: number, end: number): number {
    let last = end;
    if (this.rules.trimsTrailing) {
      while (last - 1 > first && isSpace(this.#unitAt(bytes, last - 2))) last -= 2;
    } else if (last - 1 > first && this.#unitAt(bytes, last - 2) === CARRIAGE_RETURN) {
      last -= 2;
    }
    return last;
  }

  #unitAt(bytes: Buffer, at: number): number {
    const low = bytes[at] as number;
    const high = bytes[at + 1] as number;
    return this.rules.isBigEndian ? (low << 8) | high : low | (high << 8);
  }
}

function isSpace(unit: number): boolean {
  return unit === SPACE || unit === TAB || unit === CARRIAGE_RETURN || unit === LINE_FEED;
}
