import { ValueType, type ValueTypeNumber } from './attribute-table.ts';
import type { Key } from './key.ts';
import type { LogBatch } from './log-batch.ts';

/**
 * Copies the bytes of rows from one batch to the side space of another and points the copied rows at them.
 *
 * The lines of a file lie next to each other, and what was parsed out of a line lies inside it. So the bytes of many
 * rows are copied in one go, from the first byte any of them refers to until the last, unless too much between is
 * nobody's; a row that alone refers to bytes far apart has each of its ranges copied by itself.
 */
export class RowMover {
  readonly #target: LogBatch;
  readonly #source: LogBatch;
  readonly #bytes = new Extent();
  readonly #side = new Extent();

  constructor(target: LogBatch, source: LogBatch) {
    this.#target = target;
    this.#source = source;
  }

  /** The target has rows from `at` on for those of `[from, to)`; positions and attributes are filled in here. */
  moveRows(at: number, from: number, to: number): void {
    for (let row = from; row < to;) {
      const end = this.#openExtents(row, to);
      for (; row < end; row++) this.#moveRow(at + row - from, row);
    }
  }

  /** Copies what as many rows as possible refer to; returns the first row that did not fit in. */
  #openExtents(from: number, to: number): number {
    const bytes = this.#bytes;
    const side = this.#side;
    bytes.clear();
    side.clear();
    let row = from;
    for (; row < to; row++) {
      this.#addRow(row);
      if (!bytes.isDense() || !side.isDense()) break;
      bytes.keep();
      side.keep();
    }
    bytes.rollBack();
    side.rollBack();
    const { space } = this.#target;
    const source = this.#source.space;
    bytes.target = space.sideLength;
    if (bytes.length > 0) space.appendBytes(source.bytes, bytes.low, bytes.high);
    side.target = space.sideLength;
    if (side.length > 0) space.appendBytes(source.side, side.low, side.high);
    return Math.max(row, from + 1);
  }

  #addRow(row: number): void {
    const { bodyStart, bodySize, severityTextStart, severityTextSize, rare, attributes, encoded } = this.#source;
    if (encoded) this.#add(encoded.start[row] as number, encoded.size[row] as number);
    this.#add(bodyStart[row] as number, bodySize[row] as number);
    const textSize = severityTextSize[row] as number;
    if (textSize > 0) this.#add(severityTextStart[row] as number, textSize);
    if (rare) {
      this.#add(rare.eventNameStart[row] as number, rare.eventNameSize[row] as number);
      this.#add(rare.unknownStart[row] as number, rare.unknownSize[row] as number);
    }
    const { head, next, type, start, size } = attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      if (hasBytes(type[slot] as number)) this.#add(start[slot] as number, size[slot] as number);
    }
  }

  #add(position: number, size: number): void {
    if (position >= 0) this.#bytes.add(position, size);
    else this.#side.add(~position, size);
  }

  #moveRow(at: number, row: number): void {
    const source = this.#source;
    const target = this.#target;
    if (source.encoded && target.encoded) {
      target.encoded.start[at] = this.#moved(source.encoded.start[row] as number, source.encoded.size[row] as number);
    }
    target.bodyStart[at] = this.#moved(source.bodyStart[row] as number, source.bodySize[row] as number);
    const textSize = source.severityTextSize[row] as number;
    if (textSize > 0) target.severityTextStart[at] = this.#moved(source.severityTextStart[row] as number, textSize);
    if (source.rare && target.rare) {
      target.rare.unknownStart[at] = this.#moved(source.rare.unknownStart[row] as number, source.rare.unknownSize[row] as number);
      target.rare.eventNameStart[at] = this.#moved(source.rare.eventNameStart[row] as number, source.rare.eventNameSize[row] as number);
    }
    const { head, next, type, key, start, size, number } = source.attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      const valueType = type[slot] as ValueTypeNumber;
      if (valueType === ValueType.none) continue;
      const bytes = hasBytes(valueType) ? (size[slot] as number) : 0;
      target.attributes.add(at, key[slot] as Key, valueType, this.#moved(start[slot] as number, bytes), bytes, number[slot] as number);
    }
  }

  /** Where the bytes at `position` lie in the target; copied now if that has not happened yet. */
  #moved(position: number, size: number): number {
    if (size === 0) return 0;
    const isSide = position < 0;
    const offset = isSide ? ~position : position;
    const extent = isSide ? this.#side : this.#bytes;
    if (offset >= extent.low && offset + size <= extent.high) return ~(offset - extent.low + extent.target);
    const { space } = this.#source;
    return this.#target.space.appendBytes(isSide ? space.side : space.bytes, offset, offset + size);
  }
}

function hasBytes(type: number): boolean {
  return type === ValueType.string || type === ValueType.bytes || type === ValueType.encoded;
}

// Bytes that nobody refers to may be copied along as long as they are no more than those that are needed, or few.
const WASTE_FREE_BYTES = 256;

/** A range of bytes from the first that some rows refer to until the last. */
class Extent {
  low = 0;
  high = 0;
  /** Where `low` has been copied to. */
  target = 0;
  #used = 0;
  #keptLow = 0;
  #keptHigh = 0;

  clear(): void {
    this.low = 0;
    this.high = 0;
    this.#used = 0;
    this.keep();
  }

  keep(): void {
    this.#keptLow = this.low;
    this.#keptHigh = this.high;
  }

  rollBack(): void {
    this.low = this.#keptLow;
    this.high = this.#keptHigh;
  }

  get length(): number {
    return this.high - this.low;
  }

  add(offset: number, size: number): void {
    if (size === 0) return;
    if (this.#used === 0) {
      this.low = offset;
      this.high = offset + size;
    } else {
      if (offset < this.low) this.low = offset;
      if (offset + size > this.high) this.high = offset + size;
    }
    this.#used += size;
  }

  isDense(): boolean {
    return this.high - this.low <= 2 * this.#used + WASTE_FREE_BYTES;
  }
}
