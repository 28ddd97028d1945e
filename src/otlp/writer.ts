import assert from 'node:assert';
import type { Buffer } from 'node:buffer';
import { ValueType, type AttributeTable, type Key, type LogBatch, type Origin, type SharedAttributes } from '#model';
import { freshBuffers, type BodyBuffers } from './body-pool.ts';
import { Copier, COPY_SLACK } from './copy.ts';
import { writeEncoded } from './encoded-writer.ts';
import { enclose, envelopeRoom, type Run } from './envelope.ts';
import { integerLength, varintLength, writeInteger, writeVarint } from './varint.ts';
import * as Tag from './tags.ts';
import { hasTime } from './time.ts';

/**
 * Writes ExportLogsServiceRequest (opentelemetry.proto.collector.logs.v1) in protobuf, straight from the columns.
 *
 * Rows keep their order: a new ResourceLogs or ScopeLogs begins wherever resource or scope change from one row to the
 * next. The lengths of what encloses the records are known only when those are written: for one resource and scope the
 * head is then put in front of them, otherwise a body is put together in a buffer of its own.
 */
export interface Request {
  readonly body: Buffer;
  /** The first row that is not in the body. */
  readonly next: number;
  /** Live rows in the body. 0 only when no live row was left. */
  readonly rows: number;
}

// Tags of KeyValue and AnyValue.
const VALUE = 0x12;
const STRING_VALUE = 0x0a;
const VALUE_TAGS: readonly number[] = [0, STRING_VALUE, 0x3a, 0x10, 0x18, 0x21, 0, 0];

const LOG_RECORDS = 0x12;

// Tags, lengths, times and numbers of a record; trace id, span id and rare fields are counted apart.
const RECORD_OVERHEAD = 40;
const IDS_BYTES = 28;
const RARE_OVERHEAD = 24;
// The most bytes of key and text for which all lengths of an attribute are below 128.
const SHORT_ATTRIBUTE = 120;
// Tags and lengths of an attribute and a value that is a number.
const ATTRIBUTE_OVERHEAD = 22;

const copier = new Copier();
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/**
 * The live rows from `from` on, as many as surely fit into `bytesMax`, but at least one. The body lies in a buffer of
 * `buffers`; records are written where they stay, behind room for what encloses them.
 */
export function writeRequest(batch: LogBatch, from: number, bytesMax: number, buffers: BodyBuffers = freshBuffers): Request {
  const copied = batch.encoded && writeEncoded(batch, from, bytesMax, buffers);
  if (copied) return copied;
  batch.open();
  const { next, rows, bytes } = (from === 0 && wholeBatch(batch, bytesMax)) || rowsThatFit(batch, from, bytesMax);
  const runs: Run[] = [];
  const room = envelopeRoom(batch, from, next);
  const out = buffers.take(room.before + bytes + Math.max(room.after, COPY_SLACK));
  copier.begin(out, batch.space);
  let run: Run | undefined;
  let resource = -1;
  let scope = -1;
  let at = room.before;
  for (let row = from; row < next; row++) {
    if (batch.isDropped[row] === 1) continue;
    const end = writeRecord(out, at, batch, row);
    if (!run || batch.resourceOf[row] !== resource || batch.scopeOf[row] !== scope) {
      resource = batch.resourceOf[row] as number;
      scope = batch.scopeOf[row] as number;
      run = { resource: batch.resources[resource] as Origin, scope: batch.scopes[scope] as Origin, start: at, end };
      runs.push(run);
    }
    run.end = end;
    at = end;
  }
  // A typed array ignores what is written behind its end, so an upper bound that is none must not go unnoticed.
  assert(at <= room.before + bytes, 'records fit into the room counted for them');
  return { body: enclose(runs, out), next, rows };
}

interface Fitting {
  readonly next: number;
  readonly rows: number;
  /** An upper bound of what they take. */
  readonly bytes: number;
}

/** All rows, if they surely fit. Column by column that is known in a quarter of the time. */
function wholeBatch(batch: LogBatch, bytesMax: number): Fitting | undefined {
  const { length, rare, bodySize, severityTextSize, sharedOf, shared } = batch;
  if (rare) return undefined;
  let bytes = length * (RECORD_OVERHEAD + (batch.traceIds || batch.spanIds ? IDS_BYTES : 0));
  for (let row = 0; row < length; row++) bytes += (bodySize[row] as number) + (severityTextSize[row] as number);
  for (let row = 0; row < length; row++) bytes += (shared[sharedOf[row] as number] as SharedAttributes).encoded.length;
  const { count, size, key } = batch.attributes;
  for (let slot = 0; slot < count; slot++) bytes += ATTRIBUTE_OVERHEAD + (size[slot] as number) + (key[slot] as Key).encodedSize;
  return bytes <= bytesMax ? { next: length, rows: batch.liveRows, bytes } : undefined;
}

/** How far the rows go whose upper bounds sum up to `bytesMax`. */
function rowsThatFit(batch: LogBatch, from: number, bytesMax: number): Fitting {
  let bytes = 0;
  let rows = 0;
  let row = from;
  for (; row < batch.length; row++) {
    if (batch.isDropped[row] === 1) continue;
    const more = recordBytesMax(batch, row);
    if (rows > 0 && bytes + more > bytesMax) break;
    bytes += more;
    rows++;
  }
  return { next: row, rows, bytes };
}

/** An upper bound of what `writeRecord` writes. */
function recordBytesMax(batch: LogBatch, row: number): number {
  let bytes = RECORD_OVERHEAD + (batch.bodySize[row] as number) + (batch.severityTextSize[row] as number);
  bytes += (batch.shared[batch.sharedOf[row] as number] as SharedAttributes).encoded.length;
  if (batch.traceIds || batch.spanIds) bytes += IDS_BYTES;
  if (batch.rare) bytes += RARE_OVERHEAD + (batch.rare.eventNameSize[row] as number) + (batch.rare.unknownSize[row] as number);
  const { head, next, size, key } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    bytes += ATTRIBUTE_OVERHEAD + (size[slot] as number) + (key[slot] as Key).encodedSize;
  }
  return bytes;
}

/** Writes `log_records` with its tag and length at `at`; returns the end. */
function writeRecord(out: Buffer, at: number, batch: LogBatch, row: number): number {
  out[at] = LOG_RECORDS;
  // Most records take two bytes for their length: leave room for those, and move the few that are shorter or longer.
  const start = at + 3;
  const end = writeFields(out, start, batch, row);
  const length = end - start;
  if (length >= 128 && length < 16_384) {
    out[at + 1] = (length & 127) | 128;
    out[at + 2] = length >>> 7;
    return end;
  }
  const lengthBytes = varintLength(length);
  out.copyWithin(at + 1 + lengthBytes, start, end);
  writeVarint(out, at + 1, length);
  return at + 1 + lengthBytes + length;
}

function writeFields(out: Buffer, start: number, batch: LogBatch, row: number): number {
  let at = start;
  const timeMs = batch.timeMs[row] as number;
  const timeNs = batch.timeNs[row] as number;
  if (hasTime(timeMs, timeNs)) {
    if (timeMs !== lastTime.ms || timeNs !== lastTime.ns) lastTime.set(timeMs, timeNs);
    at = writeTime(out, at, Tag.TIME, lastTime);
  }
  const severity = batch.severity[row] as number;
  if (severity !== 0) {
    out[at] = Tag.SEVERITY_NUMBER;
    out[at + 1] = severity;
    at += 2;
  }
  const severityTextSize = batch.severityTextSize[row] as number;
  if (severityTextSize > 0) at = writeRange(out, at, Tag.SEVERITY_TEXT, batch.severityTextStart[row] as number, severityTextSize);
  at = writeBody(out, at, batch, row);
  const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
  at = copier.words(at, shared.words, shared.encoded.length);
  const { head, next, type } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (type[slot] !== ValueType.none) at = writeAttribute(out, at, batch.attributes, slot);
  }
  const observedMs = batch.observedMs[row] as number;
  const observedNs = batch.observedNs[row] as number;
  if (hasTime(observedMs, observedNs)) {
    if (observedMs !== lastObserved.ms || observedNs !== lastObserved.ns) lastObserved.set(observedMs, observedNs);
    at = writeTime(out, at, Tag.OBSERVED_TIME, lastObserved);
  }
  if (batch.traceIds) at = writeId(out, at, Tag.TRACE_ID, batch.traceIds, row, 16);
  if (batch.spanIds) at = writeId(out, at, Tag.SPAN_ID, batch.spanIds, row, 8);
  return batch.rare ? writeRare(out, at, batch, row) : at;
}

function writeBody(out: Buffer, start: number, batch: LogBatch, row: number): number {
  const type = batch.bodyType[row] as number;
  if (type === ValueType.none) return start;
  const size = batch.bodySize[row] as number;
  if (type === ValueType.encoded) return writeRange(out, start, Tag.BODY, batch.bodyStart[row] as number, size);
  let at = start;
  out[at++] = Tag.BODY;
  at = writeVarint(out, at, 1 + varintLength(size) + size);
  return writeRange(out, at, VALUE_TAGS[type] as number, batch.bodyStart[row] as number, size);
}

function writeAttribute(out: Buffer, at: number, table: AttributeTable, slot: number): number {
  const type = table.type[slot] as number;
  const size = table.size[slot] as number;
  const key = table.key[slot] as Key;
  const keyBytes = key.encodedSize;
  if (type !== ValueType.string || keyBytes + size > SHORT_ATTRIBUTE) return writeLongAttribute(out, at, table, slot);
  // Nearly every attribute is a short text: each length is then one byte.
  out[at] = Tag.ATTRIBUTE;
  out[at + 1] = keyBytes + size + 4;
  const value = copier.words(at + 2, key.words, keyBytes);
  copier.four(value, VALUE | ((size + 2) << 8) | (STRING_VALUE << 16) | (size << 24));
  return copier.range(value + 4, table.start[slot] as number, size);
}

function writeLongAttribute(out: Buffer, start: number, table: AttributeTable, slot: number): number {
  const type = table.type[slot] as number;
  const size = table.size[slot] as number;
  const number = table.number[slot] as number;
  const key = table.key[slot] as Key;
  const keyBytes = key.encodedSize;
  const valueBytes = anyValueBytes(type, size, number);
  let at = start;
  out[at++] = Tag.ATTRIBUTE;
  at = writeVarint(out, at, keyBytes + 1 + varintLength(valueBytes) + valueBytes);
  at = copier.words(at, key.words, keyBytes);
  out[at++] = VALUE;
  at = writeVarint(out, at, valueBytes);
  switch (type) {
    case ValueType.string:
    case ValueType.bytes:
      return writeRange(out, at, VALUE_TAGS[type] as number, table.start[slot] as number, size);
    case ValueType.encoded:
      return copier.range(at, table.start[slot] as number, size);
    case ValueType.bool:
      out[at] = VALUE_TAGS[type] as number;
      out[at + 1] = number;
      return at + 2;
    case ValueType.int:
      out[at] = VALUE_TAGS[type] as number;
      return writeInteger(out, at + 1, number);
    case ValueType.double:
      out[at] = VALUE_TAGS[type] as number;
      float[0] = number;
      for (let i = 0; i < 8; i++) out[at + 1 + i] = floatBytes[i] as number;
      return at + 9;
    default:
      return at;
  }
}

/** Length of the AnyValue message of an attribute. */
function anyValueBytes(type: number, size: number, number: number): number {
  switch (type) {
    case ValueType.string:
    case ValueType.bytes:
      return 1 + varintLength(size) + size;
    case ValueType.encoded:
      return size;
    case ValueType.bool:
      return 2;
    case ValueType.int:
      return 1 + integerLength(number);
    case ValueType.double:
      return 9;
    default:
      return 0;
  }
}

function writeRare(out: Buffer, start: number, batch: LogBatch, row: number): number {
  const rare = batch.rare;
  let at = start;
  if (!rare) return at;
  const droppedAttributes = rare.droppedAttributes[row] as number;
  if (droppedAttributes > 0) {
    out[at] = Tag.DROPPED_ATTRIBUTES;
    at = writeVarint(out, at + 1, droppedAttributes);
  }
  const flags = rare.flags[row] as number;
  if (flags !== 0) {
    out[at] = Tag.FLAGS;
    out.writeUInt32LE(flags, at + 1);
    at += 5;
  }
  const size = rare.eventNameSize[row] as number;
  if (size > 0) at = writeRange(out, at, Tag.EVENT_NAME, rare.eventNameStart[row] as number, size);
  return copier.range(at, rare.unknownStart[row] as number, rare.unknownSize[row] as number);
}

function writeId(out: Buffer, start: number, tag: number, column: Uint8Array, row: number, width: number): number {
  const from = row * width;
  let any = 0;
  for (let i = 0; i < width; i++) any |= out[start + 2 + i] = column[from + i] as number;
  if (any === 0) return start;
  out[start] = tag;
  out[start + 1] = width;
  return start + 2 + width;
}

/** `tag`, length, and the bytes at that position of the batch. */
function writeRange(out: Buffer, start: number, tag: number, position: number, size: number): number {
  out[start] = tag;
  return copier.range(writeVarint(out, start + 1, size), position, size);
}

// ---- numbers ----

/** The last time written in a column: neighbours share theirs, or at least often do. */
class Moment {
  ms = 0;
  ns = 0;
  low = 0;
  high = 0;

  /**
   * Nanoseconds since 1970 as two halves. They exceed 2^53, so milliseconds are split at bit 16: with both parts below
   * 2^38 every product and sum here is exact in a double.
   */
  set(ms: number, ns: number): void {
    // Remainders by multiplication: `%` of doubles is a call into the runtime.
    const whole = Math.floor(ms / 65_536);
    const upper = whole * 1e6;
    const high = Math.floor(upper / 65_536);
    const carried = (upper - high * 65_536) * 65_536 + (ms - whole * 65_536) * 1e6 + ns;
    this.ms = ms;
    this.ns = ns;
    this.low = carried | 0;
    this.high = high + Math.floor(carried / 4_294_967_296);
  }
}

const lastTime = new Moment();
const lastObserved = new Moment();

function writeTime(out: Buffer, at: number, tag: number, moment: Moment): number {
  const { low, high } = moment;
  out[at] = tag;
  copier.four(at + 1, low);
  copier.four(at + 5, high);
  return at + 9;
}
