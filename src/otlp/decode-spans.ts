import { decodeKeyValue, fields, keyOf, ValueType, type LogBatch } from '#model';

const SPAN = 0x12;
const TRACE_ID = 0x0a;
const SPAN_ID = 0x12;
const NAME = 0x2a;
const START = 0x39;
const ATTRIBUTE = 0x4a;

/**
 * Shows spans as if they were log records, for people who look at what passes: the name is the body, the start is the time.
 * Nobody else looks into them, and they go out as the bytes they came in.
 */
export function decodeSpans(batch: LogBatch, from: number, to: number): void {
  batch.clearRecords(from, to);
  for (let row = from; row < to; row++) showSpan(batch, row);
}

function showSpan(batch: LogBatch, row: number): void {
  const bytes = batch.space.view(batch.encoded?.start[row] ?? 0, batch.encoded?.size[row] ?? 0);
  for (const outer of fields(bytes, 0, bytes.length)) {
    if (outer.tag !== SPAN) continue;
    for (const { tag, from, to } of fields(bytes, outer.from, outer.to)) {
      if (tag === NAME) {
        batch.bodyStart[row] = batch.space.appendBytes(bytes, from, to);
        batch.bodySize[row] = to - from;
        batch.bodyType[row] = ValueType.string;
      } else if (tag === START) {
        const nanoseconds = bytes.readBigUInt64LE(from);
        batch.timeMs[row] = Number(nanoseconds / 1_000_000n);
        batch.timeNs[row] = Number(nanoseconds % 1_000_000n);
      } else if (tag === TRACE_ID && to - from === 16) batch.traceIdColumn().set(bytes.subarray(from, to), row * 16);
      else if (tag === SPAN_ID && to - from === 8) batch.spanIdColumn().set(bytes.subarray(from, to), row * 8);
      else if (tag === ATTRIBUTE) {
        const [key, value] = decodeKeyValue(bytes, from, to);
        const slot = batch.attributes.add(row, keyOf(key), ValueType.empty, 0, 0, 0);
        batch.attributes.set(slot, value);
      }
    }
  }
}
