import assert from 'node:assert';
import { copyColumn } from './columns.ts';
import { EncodedRows, encodedRunBytes, endOfEncodedRun } from './encoded-rows.ts';
import type { LogBatch } from './log-batch.ts';
import { RowMover } from './row-mover.ts';
import { TABLE_MAX } from './table.ts';

/**
 * Copies the live rows `[from, to)` of `source` to the end of `target`, with everything they refer to: bytes go to the
 * target's side space, tables grow by what these rows need, and the Deliveries answer for the copies from now on. The
 * source may be used again at once. Its own marks stay as they are: whoever copies rows takes over their settling.
 */
export function appendRows(target: LogBatch, source: LogBatch, from: number = 0, to: number = source.length): void {
  assert(hasTableRoom(target, source), 'the tables of the target have room for those of the source');
  assert(target.length === 0 || target.signal === source.signal, 'a batch holds log records or spans, never both');
  matchEncoding(target, source);
  const tables = new TableMaps(target, source);
  for (let row = from; row < to;) {
    if (source.isDropped[row] === 1) {
      row++;
      continue;
    }
    let end = row + 1;
    while (end < to && source.isDropped[end] === 0) end++;
    appendRun(target, source, row, end, tables);
    row = end;
  }
}

/** False when a table of `target` might overflow: rows refer to tables by 16 bits. An empty batch has always room. */
export function hasTableRoom(target: LogBatch, source: LogBatch): boolean {
  // The first entry of every table but that of Deliveries is the same in all batches.
  return (
    target.resources.length - 1 + source.resources.length <= TABLE_MAX &&
    target.scopes.length - 1 + source.scopes.length <= TABLE_MAX &&
    target.shared.length - 1 + source.shared.length <= TABLE_MAX &&
    target.deliveries.length + source.deliveries.length <= TABLE_MAX
  );
}

function appendRun(target: LogBatch, source: LogBatch, from: number, to: number, tables: TableMaps): void {
  const at = target.extend(to - from);
  target.isDropped.fill(0, at, at + to - from);
  tables.resource.fill(target.resourceOf, at, source.resourceOf, from, to);
  tables.scope.fill(target.scopeOf, at, source.scopeOf, from, to);
  tables.shared.fill(target.sharedOf, at, source.sharedOf, from, to);
  tables.delivery.fill(target.deliveryOf, at, source.deliveryOf, from, to);
  for (let row = from; row < to && row < source.templateOf.length; row++) target.templateOf[at + row - from] = source.templateOf[row];
  if (source.isSealed) appendSealed(target, source, { at, from, to });
  else appendRecords(target, source, { at, from, to });
}

interface Range {
  /** The first row in the target. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Readies the target for rows that have an encoded form, or for rows that have none. */
function matchEncoding(target: LogBatch, source: LogBatch): void {
  const { encoded } = source;
  if (target.length === 0) {
    // An empty batch becomes what its first rows are.
    target.encoded = undefined;
    target.isSealed = false;
    if (encoded) target.seal(encoded.signal, encoded.decode);
    if (!source.isSealed) target.isSealed = false;
    return;
  }
  if (!source.isSealed) target.open();
  // A target with columns keeps them: what is sealed is then opened as it comes.
  if (encoded) target.encoded ??= new EncodedRows(encoded.signal, encoded.decode, target.timeMs.length);
}

function appendSealed(target: LogBatch, source: LogBatch, { at, from, to }: Range): void {
  const { encoded, space } = source;
  const own = target.encoded;
  assert(encoded && own, 'sealed rows are encoded rows');
  for (let row = from; row < to;) {
    const end = endOfEncodedRun(source, row, to);
    const first = encoded.start[row] as number;
    const bytes = encodedRunBytes(encoded, row, end);
    const offset = first < 0 ? ~first : first;
    let position = target.space.appendBytes(first < 0 ? space.side : space.bytes, offset, offset + bytes);
    for (; row < end; row++) {
      const size = encoded.size[row] as number;
      own.start[at + row - from] = position;
      own.size[at + row - from] = size;
      position -= size;
    }
  }
  if (!target.isSealed) own.decode(target, at, at + to - from);
}

function appendRecords(target: LogBatch, source: LogBatch, { at, from, to }: Range): void {
  copyColumn(target.timeMs, at, source.timeMs, from, to);
  copyColumn(target.timeNs, at, source.timeNs, from, to);
  copyColumn(target.observedMs, at, source.observedMs, from, to);
  copyColumn(target.observedNs, at, source.observedNs, from, to);
  copyColumn(target.severity, at, source.severity, from, to);
  copyColumn(target.severityTextSize, at, source.severityTextSize, from, to);
  copyColumn(target.bodyType, at, source.bodyType, from, to);
  copyColumn(target.bodySize, at, source.bodySize, from, to);
  if (source.traceIds) copyColumn(target.traceIdColumn(), at * 16, source.traceIds, from * 16, to * 16);
  if (source.spanIds) copyColumn(target.spanIdColumn(), at * 8, source.spanIds, from * 8, to * 8);
  if (source.rare) {
    const rare = target.rareColumns();
    copyColumn(rare.flags, at, source.rare.flags, from, to);
    copyColumn(rare.droppedAttributes, at, source.rare.droppedAttributes, from, to);
    copyColumn(rare.eventNameSize, at, source.rare.eventNameSize, from, to);
    copyColumn(rare.unknownSize, at, source.rare.unknownSize, from, to);
  }
  if (target.encoded) {
    if (source.encoded) copyColumn(target.encoded.size, at, source.encoded.size, from, to);
    else target.encoded.size.fill(0, at, at + to - from);
  }
  new RowMover(target, source).moveRows(at, from, to);
}

/** Where an entry of the source's table is in the target's; entered there when the first row needs it. */
class TableMap {
  readonly #enter: (index: number) => number;
  readonly #targetOf: Int32Array;

  constructor(entries: number, enter: (index: number) => number) {
    this.#targetOf = new Int32Array(entries).fill(-1);
    this.#enter = enter;
  }

  fill(target: Uint16Array, at: number, source: Uint16Array, from: number, to: number): void {
    for (let row = from; row < to;) {
      const index = source[row] as number;
      let end = row + 1;
      while (end < to && source[end] === index) end++;
      let targetIndex = this.#targetOf[index] as number;
      if (targetIndex < 0) targetIndex = this.#targetOf[index] = this.#enter(index);
      target.fill(targetIndex, at + row - from, at + end - from);
      row = end;
    }
  }
}

class TableMaps {
  readonly resource: TableMap;
  readonly scope: TableMap;
  readonly shared: TableMap;
  readonly delivery: TableMap;

  constructor(target: LogBatch, source: LogBatch) {
    this.resource = new TableMap(source.resources.length, (index) => entered(target.resources, source.resources, index));
    this.scope = new TableMap(source.scopes.length, (index) => entered(target.scopes, source.scopes, index));
    this.shared = new TableMap(source.shared.length, (index) => entered(target.shared, source.shared, index));
    // A batch without Deliveries has rows that refer to entry 0 of an empty table; so have their copies.
    this.delivery = new TableMap(Math.max(1, source.deliveries.length), (index) =>
      source.deliveries.length === 0 ? 0 : entered(target.deliveries, source.deliveries, index),
    );
  }
}

// A batch is put together of many small ones that take turns between a few files or senders: looking a little further
// back than the last entry keeps the tables small, and a search of the whole would cost more than it saves.
const LOOK_BACK = 8;

function entered<Entry>(target: Entry[], source: readonly Entry[], index: number): number {
  const entry = source[index] as Entry;
  for (let i = target.length - 1; i >= 0 && i >= target.length - LOOK_BACK; i--) if (target[i] === entry) return i;
  if (target[0] === entry) return 0;
  return target.push(entry) - 1;
}
