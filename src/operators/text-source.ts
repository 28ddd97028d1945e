import { Double, ValueType, type LogBatch } from '#model';
import { isAttribute, isBody, type Field } from './field.ts';
import { readField } from './values.ts';

/** What `TextSource.find` found. */
export const Found = { missing: 0, text: 1, other: 2 } as const;
export type FoundKind = (typeof Found)[keyof typeof Found];

/**
 * Finds the text that a parser reads, as a range of bytes without copying it. One object is used for all rows: after
 * `find` its fields tell of the row.
 */
export class TextSource {
  readonly field: Field;
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  /** True when `bytes` is the side area of the batch: positions are then the complement of offsets. */
  isSide = false;
  /** The value when `find` returned `other`. */
  number: number | undefined = undefined;
  readonly #isBody: boolean;

  constructor(field: Field) {
    this.field = field;
    this.#isBody = isBody(field);
  }

  find(batch: LogBatch, row: number): FoundKind {
    if (this.#isBody) {
      const type = batch.bodyType[row] as number;
      if (type !== ValueType.string) return this.#general(batch, row);
      return this.#at(batch, batch.bodyStart[row] as number, batch.bodySize[row] as number);
    }
    if (!isAttribute(this.field)) return this.#general(batch, row);
    const table = batch.attributes;
    const key = this.field.key;
    let slot = table.head[row] as number;
    // Keys are nearly always the same object; comparing texts is left to the general way.
    while (slot >= 0 && (table.key[slot] !== key || table.type[slot] === ValueType.none)) slot = table.next[slot] as number;
    if (slot < 0) return this.#general(batch, row);
    const type = table.type[slot] as number;
    if (type === ValueType.string || type === ValueType.bytes)
      return this.#at(batch, table.start[slot] as number, table.size[slot] as number);
    if (type !== ValueType.int && type !== ValueType.double) return this.#general(batch, row);
    this.number = table.number[slot] as number;
    return Found.other;
  }

  /** Position in the batch's byte space of an offset into `bytes`. */
  position(offset: number): number {
    return this.isSide ? ~offset : offset;
  }

  text(): string {
    return this.bytes.toString('utf8', this.from, this.to);
  }

  #at(batch: LogBatch, position: number, size: number): FoundKind {
    this.isSide = position < 0;
    this.bytes = this.isSide ? batch.space.side : batch.space.bytes;
    this.from = this.isSide ? ~position : position;
    this.to = this.from + size;
    return Found.text;
  }

  #general(batch: LogBatch, row: number): FoundKind {
    const value = readField(batch, row, this.field);
    if (value === undefined || value === null) return Found.missing;
    if (typeof value === 'string' || value instanceof Uint8Array) {
      // Bytes are decoded, since what is cut out of them must be valid text: invalid ones become replacement characters.
      const position = batch.space.appendText(typeof value === 'string' ? value : Buffer.from(value).toString('utf8'));
      return this.#at(batch, position, batch.space.sideLength - ~position);
    }
    const number = value instanceof Double ? value.value : value;
    this.number = typeof number === 'number' || typeof number === 'bigint' ? Number(number) : undefined;
    return Found.other;
  }
}
