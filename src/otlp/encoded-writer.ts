import { encodedRunBytes, endOfEncodedRun, type EncodedRows, type LogBatch, type Origin } from '#model';
import type { BodyBuffers } from './body-pool.ts';
import { encloseRuns, type Run } from './envelope.ts';
import type { Request } from './writer.ts';

/** Rows of equal resource and scope; `start` and `end` are their place among all records written. */
interface RowRun extends Run {
  readonly from: number;
  to: number;
}

/**
 * Writes a request of rows that all have their encoded form, by copying it: rows that came one behind the other go in one
 * piece. The lengths are known beforehand, so everything is written where it stays. Undefined when a row has none.
 */
export function writeEncoded(batch: LogBatch, from: number, bytesMax: number, buffers: BodyBuffers): Request | undefined {
  const { encoded, isDropped, resourceOf, scopeOf } = batch;
  if (!encoded) return undefined;
  const { size } = encoded;
  const runs: RowRun[] = [];
  let run: RowRun | undefined;
  let bytes = 0;
  let rows = 0;
  let row = from;
  for (; row < batch.length; row++) {
    if (isDropped[row] === 1) continue;
    const more = size[row] as number;
    if (more === 0) return undefined;
    if (rows > 0 && bytes + more > bytesMax) break;
    if (!run || resourceOf[row] !== resourceOf[run.from] || scopeOf[row] !== scopeOf[run.from]) {
      const resource = batch.resources[resourceOf[row] as number] as Origin;
      const scope = batch.scopes[scopeOf[row] as number] as Origin;
      run = { resource, scope, start: bytes, end: bytes, from: row, to: row };
      runs.push(run);
    }
    bytes += more;
    run.end = bytes;
    run.to = row + 1;
    rows++;
  }
  const body = encloseRuns(
    runs,
    (length) => buffers.take(length),
    (each, out, at) => copyRun(batch, encoded, each, { out, at }),
  );
  return { body, next: row, rows };
}

function copyRun(batch: LogBatch, encoded: EncodedRows, { from, to }: RowRun, { out, at: first }: { out: Buffer; at: number }): void {
  const { bytes, side } = batch.space;
  let at = first;
  for (let row = from; row < to;) {
    if (batch.isDropped[row] === 1) {
      row++;
      continue;
    }
    const end = endOfEncodedRun(batch, row, to);
    const length = encodedRunBytes(encoded, row, end);
    const position = encoded.start[row] as number;
    const offset = position < 0 ? ~position : position;
    (position < 0 ? side : bytes).copy(out, at, offset, offset + length);
    at += length;
    row = end;
  }
}
