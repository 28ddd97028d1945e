import type { LogBatch } from './log-batch.ts';

type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * Puts the rows of a batch into another order, in place: row `i` becomes what row `order[i]` was. Bytes, tables and
 * Deliveries stay where they are; marks and claims go with their rows.
 */
export function reorderRows(batch: LogBatch, order: Int32Array): void {
  const { attributes, encoded, rare, traceIds, spanIds } = batch;
  const lines: readonly (readonly Column[])[] = [
    [batch.timeMs, batch.timeNs, batch.observedMs, batch.observedNs],
    [batch.severity, batch.severityTextStart, batch.severityTextSize],
    [batch.bodyType, batch.bodyStart, batch.bodySize, batch.isDropped],
    [batch.resourceOf, batch.scopeOf, batch.sharedOf, batch.deliveryOf],
    [attributes.head, attributes.tail],
    encoded ? [encoded.start, encoded.size] : [],
    rare ? [rare.flags, rare.droppedAttributes, rare.eventNameStart, rare.eventNameSize, rare.unknownStart, rare.unknownSize] : [],
  ];
  for (const columns of lines) for (const column of columns) reorderColumn(column, order);
  if (traceIds) reorderIds(traceIds, TRACE_ID_BYTES, order);
  if (spanIds) reorderIds(spanIds, SPAN_ID_BYTES, order);
  batch.divideAt = undefined;
  const { templateOf } = batch;
  if (templateOf.length > 0) batch.templateOf = Array.from(order, (row) => templateOf[row]);
}

function reorderColumn(column: Column, order: Int32Array): void {
  const old = column.slice(0, order.length);
  for (let i = 0; i < order.length; i++) column[i] = old[order[i] as number] as number;
}

function reorderIds(ids: Uint8Array, size: number, order: Int32Array): void {
  const old = ids.slice(0, order.length * size);
  for (let i = 0; i < order.length; i++) {
    const from = (order[i] as number) * size;
    ids.set(old.subarray(from, from + size), i * size);
  }
}
