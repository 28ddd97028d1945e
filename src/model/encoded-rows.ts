import { grown } from './columns.ts';
import type { LogBatch } from './log-batch.ts';

/** What the rows of a batch are: log records, or spans that only pass through. */
export type Signal = 'logs' | 'traces';

/** Fills the columns of rows in from their encoded form. It has been checked before, so this cannot fail. */
export type DecodeRows = (batch: LogBatch, from: number, to: number) => void;

/**
 * The rows of a batch as they came in OTLP: each with its tag and length, ready to be copied out again. While a batch is
 * sealed this is all there is of its rows, and the columns of what is inside them hold nothing.
 */
export class EncodedRows {
  readonly signal: Signal;
  readonly decode: DecodeRows;
  /** Positions in the byte space, and lengths; 0 for a row that has no encoded form, or was edited since. */
  start: Int32Array;
  size: Int32Array;

  constructor(signal: Signal, decode: DecodeRows, rows: number) {
    this.signal = signal;
    this.decode = decode;
    this.start = new Int32Array(rows);
    this.size = new Int32Array(rows);
  }

  grow(rows: number): void {
    this.start = grown(this.start, rows);
    this.size = grown(this.size, rows);
  }

  clone(): EncodedRows {
    const copy = new EncodedRows(this.signal, this.decode, 0);
    copy.start = this.start.slice();
    copy.size = this.size.slice();
    return copy;
  }
}

/** Where the encoded rows end that begin with this one and lie one behind the other; `row` itself when it has none. */
export function endOfEncodedRun(batch: LogBatch, row: number, to: number): number {
  const { encoded, isDropped } = batch;
  if (!encoded || encoded.size[row] === 0) return row;
  const { start, size } = encoded;
  // On the side positions go down as offsets go up.
  const step = (start[row] as number) < 0 ? -1 : 1;
  let end = row + 1;
  for (let at = (start[row] as number) + step * (size[row] as number); end < to; end++) {
    if (start[end] !== at || size[end] === 0 || isDropped[end] === 1) break;
    at += step * (size[end] as number);
  }
  return end;
}

/** Bytes of the encoded rows `[from, to)`, which lie one behind the other. */
export function encodedRunBytes({ start, size }: EncodedRows, from: number, to: number): number {
  return Math.abs((start[to - 1] as number) - (start[from] as number)) + (size[to - 1] as number);
}
