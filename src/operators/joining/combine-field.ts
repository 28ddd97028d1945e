import { ValueType, type LogBatch } from '#model';
import { isAttribute, isBody, parseField, type Field } from '../field.ts';
import { Found, TextSource } from '../text-source.ts';
import { writeField } from '../values.ts';

const NEWLINE = 0x0a;

/** The text that is joined: a field. After `find` the other fields of this tell of the row. */
export class CombineField {
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  readonly #field: Field;
  /** For a field inside a map. */
  readonly #nested: TextSource | undefined;

  /** Throws RangeError. */
  constructor(text: string) {
    const field = parseField(text);
    if (field.root !== 'body' && field.path.length === 0)
      throw new RangeError(`expected body or an attribute such as attributes.log, got "${text}"`);
    this.#field = field;
    this.#nested = isBody(field) || isAttribute(field) ? undefined : new TextSource(field);
  }

  /** False when there is no text. */
  find(batch: LogBatch, row: number): boolean {
    if (this.#nested) return this.#findNested(this.#nested, batch, row);
    const { key } = this.#field;
    if (!key) {
      if (batch.bodyType[row] !== ValueType.string) return false;
      this.#at(batch, batch.bodyStart[row] as number, batch.bodySize[row] as number);
      return true;
    }
    const table = batch.attributes;
    const slot = table.find(row, key);
    if (slot < 0 || table.type[slot] !== ValueType.string) return false;
    this.#at(batch, table.start[slot] as number, table.size[slot] as number);
    return true;
  }

  /** Gives row `target` the texts of all `rows` with the separator between. */
  joinRows(batch: LogBatch, target: number, rows: readonly number[], separator: Buffer): void {
    const { space } = batch;
    if (this.#nested) {
      // Looking into a map writes to the side area, so that the parts are not put together there.
      const texts = rows.map((row) => (this.find(batch, row) ? this.bytes.toString('utf8', this.from, this.to) : ''));
      writeField(batch, target, this.#field, texts.join(separator.toString()));
      return;
    }
    if (separator.length === 1 && separator[0] === NEWLINE && this.#areNeighbours(batch, rows)) {
      // Lines of a file lie side by side with a newline between: that is the joined text already.
      this.find(batch, rows[0] as number);
      const start = this.from;
      this.find(batch, rows.at(-1) as number);
      this.#set(batch, target, start, this.to - start);
      return;
    }
    const start = space.sideLength;
    for (const [i, row] of rows.entries()) {
      if (i > 0) space.appendBytes(separator);
      this.find(batch, row);
      space.appendBytes(this.bytes, this.from, this.to);
    }
    this.#set(batch, target, ~start, space.sideLength - start);
  }

  setText(batch: LogBatch, row: number, text: Uint8Array, size: number): void {
    this.#set(batch, row, batch.space.appendBytes(text, 0, size), size);
  }

  #findNested(source: TextSource, batch: LogBatch, row: number): boolean {
    if (source.find(batch, row) !== Found.text) return false;
    this.bytes = source.bytes;
    this.from = source.from;
    this.to = source.to;
    return true;
  }

  #at(batch: LogBatch, position: number, size: number): void {
    this.bytes = position >= 0 ? batch.space.bytes : batch.space.side;
    this.from = position >= 0 ? position : ~position;
    this.to = this.from + size;
  }

  #areNeighbours(batch: LogBatch, rows: readonly number[]): boolean {
    const { bytes } = batch.space;
    let end = -1;
    for (const row of rows) {
      this.find(batch, row);
      if (this.bytes !== bytes) return false;
      if (end >= 0 && (this.from !== end + 1 || bytes[end] !== NEWLINE)) return false;
      end = this.to;
    }
    return true;
  }

  #set(batch: LogBatch, row: number, position: number, size: number): void {
    const { key } = this.#field;
    if (this.#nested) {
      this.#at(batch, position, size);
      writeField(batch, row, this.#field, this.bytes.toString('utf8', this.from, this.to));
      return;
    }
    if (!key) {
      batch.bodyStart[row] = position;
      batch.bodySize[row] = size;
      return;
    }
    const slot = batch.attributes.find(row, key);
    batch.attributes.start[slot] = position;
    batch.attributes.size[slot] = size;
  }
}
