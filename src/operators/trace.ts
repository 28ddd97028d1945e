import type { LogBatch } from '#model';
import type { TraceConfig } from './config.ts';
import { parseField } from './field.ts';
import type { RowStep } from './operator.ts';
import { Found, TextSource } from './text-source.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

const DIGITS = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

/** Sets trace id, span id and flags from fields that hold them in hexadecimal. Missing fields are passed over. */
export class Trace implements RowStep {
  readonly #traceId: TextSource;
  readonly #spanId: TextSource;
  readonly #flags: TextSource;
  #problem = '';

  constructor(config: TraceConfig) {
    this.#traceId = new TextSource(parseField(config.trace_id?.parse_from ?? 'body.trace_id'));
    this.#spanId = new TextSource(parseField(config.span_id?.parse_from ?? 'body.span_id'));
    this.#flags = new TextSource(parseField(config.trace_flags?.parse_from ?? 'body.trace_flags'));
  }

  apply(batch: LogBatch, row: number): boolean {
    let isGood = true;
    if (this.#find(this.#traceId, batch, row)) isGood = this.#id(this.#traceId, batch.traceIdColumn(), row, TRACE_ID_BYTES);
    if (this.#find(this.#spanId, batch, row)) isGood = this.#id(this.#spanId, batch.spanIdColumn(), row, SPAN_ID_BYTES) && isGood;
    if (this.#find(this.#flags, batch, row)) isGood = this.#setFlags(batch, row) && isGood;
    return isGood;
  }

  describe(): string {
    return this.#problem;
  }

  /** An empty text is no id. */
  #find(source: TextSource, batch: LogBatch, row: number): boolean {
    return source.find(batch, row) === Found.text && source.to > source.from;
  }

  #id(source: TextSource, column: Uint8Array, row: number, width: number): boolean {
    const { bytes, from, to } = source;
    const isId = to - from === width * 2 && readId(bytes, from, to, column, row * width, width);
    return isId || this.#fail(source, `${width * 2} hexadecimal digits`);
  }

  #setFlags(batch: LogBatch, row: number): boolean {
    const { bytes, from, to } = this.#flags;
    const high = DIGITS[bytes[from] as number] as number;
    const low = to - from >= 2 ? (DIGITS[bytes[from + 1] as number] as number) : -1;
    if (high < 0 || low < 0) return this.#fail(this.#flags, 'two hexadecimal digits');
    batch.rareColumns().flags[row] = (high << 4) | low;
    return true;
  }

  #fail(source: TextSource, expected: string): false {
    this.#problem = `${source.field.text}: expected ${expected}, got "${source.text().slice(0, 64)}"`;
    return false;
  }
}

const MINUS = 0x2d;
const UUID_BYTES = 36;

/**
 * Reads `2 * width` hexadecimal digits into `column` at `at`; 16 bytes may also be written as a UUID. Returns false and
 * leaves zeros when the text is something else.
 */
export function readId(bytes: Uint8Array, from: number, to: number, column: Uint8Array, at: number, width: number): boolean {
  const isUuid = width === TRACE_ID_BYTES && to - from === UUID_BYTES;
  if (to - from !== width * 2 && !isUuid) return false;
  let bad = 0;
  let source = from;
  for (let i = 0; i < width; i++) {
    if (isUuid && (i === 4 || i === 6 || i === 8 || i === 10) && bytes[source++] !== MINUS) bad = -1;
    const value = ((DIGITS[bytes[source] as number] as number) << 4) | (DIGITS[bytes[source + 1] as number] as number);
    bad |= value;
    column[at + i] = value;
    source += 2;
  }
  if (bad >= 0) return true;
  column.fill(0, at, at + width);
  return false;
}
