import { ValueType, type AttributeTable, type Key, type LogBatch, type Origin, type SharedAttributes } from '#model';

/**
 * Writes ExportLogsServiceRequest (opentelemetry.proto.collector.logs.v1) in protobuf, straight from the columns.
 *
 * Rows keep their order: a new ResourceLogs or ScopeLogs begins wherever resource or scope change from one row to the
 * next. Records are written once, into a scratch buffer; the lengths of what encloses them are known only then, so the
 * body is put together in an exact buffer of its own at the end.
 */
export interface Request {
  readonly body: Buffer;
  /** The first row that is not in the body. */
  readonly next: number;
  /** Live rows in the body. 0 only when no live row was left. */
  readonly rows: number;
}

/** Rows of equal resource and scope; `start` and `end` are their place in the scratch buffer. */
interface Run {
  readonly resource: Origin;
  readonly scope: Origin;
  readonly start: number;
  end: number;
}

// Tags of LogRecord and AnyValue, in the order of their fields.
const TIME = 0x09;
const SEVERITY_NUMBER = 0x10;
const SEVERITY_TEXT = 0x1a;
const BODY = 0x2a;
const ATTRIBUTE = 0x32;
const DROPPED_ATTRIBUTES = 0x38;
const FLAGS = 0x45;
const TRACE_ID = 0x4a;
const SPAN_ID = 0x52;
const OBSERVED_TIME = 0x59;
const EVENT_NAME = 0x62;
const VALUE = 0x12;
const VALUE_TAGS: readonly number[] = [0, 0x0a, 0x3a, 0x10, 0x18, 0x21, 0, 0];

const LOG_RECORDS = 0x12;
const FIRST_FIELD = 0x0a;
const SECOND_FIELD = 0x12;
const SCHEMA_URL = 0x1a;

// Everything in a record that is not text or attributes, lengths and tags included, is shorter than this.
const RECORD_OVERHEAD = 128;
const ATTRIBUTE_OVERHEAD = 32;
// Below this a loop is quicker than a call into the runtime's memcpy.
const SHORT_COPY = 40;
const SCRATCH_KEPT_BYTES = 2 * 1024 * 1024;

let scratch: Buffer = Buffer.allocUnsafeSlow(256 * 1024);
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** The live rows from `from` on, until the body would be longer than `bytesMax`, but at least one. */
export function writeRequest(batch: LogBatch, from: number, bytesMax: number): Request {
  const runs: Run[] = [];
  let run: Run | undefined;
  let resource = -1;
  let scope = -1;
  let at = 0;
  let rows = 0;
  let row = from;
  for (; row < batch.length; row++) {
    if (batch.isDropped[row] === 1) continue;
    const room = at + recordBytesMax(batch, row);
    if (room > scratch.length) growScratch(room, at);
    const end = writeRecord(scratch, at, batch, row);
    if (end > bytesMax && rows > 0) break;
    if (!run || batch.resourceOf[row] !== resource || batch.scopeOf[row] !== scope) {
      resource = batch.resourceOf[row] as number;
      scope = batch.scopeOf[row] as number;
      run = { resource: batch.resources[resource] as Origin, scope: batch.scopes[scope] as Origin, start: at, end };
      runs.push(run);
    }
    run.end = end;
    at = end;
    rows++;
  }
  const body = enclose(runs);
  if (scratch.length > SCRATCH_KEPT_BYTES) scratch = Buffer.allocUnsafeSlow(256 * 1024);
  return { body, next: row, rows };
}

function growScratch(needed: number, used: number): void {
  const grown = Buffer.allocUnsafeSlow(Math.max(needed, scratch.length * 2));
  scratch.copy(grown, 0, 0, used);
  scratch = grown;
}

/** An upper bound of what `writeRecord` writes. */
function recordBytesMax(batch: LogBatch, row: number): number {
  let bytes = RECORD_OVERHEAD + (batch.bodySize[row] as number) + (batch.severityTextSize[row] as number);
  bytes += (batch.shared[batch.sharedOf[row] as number] as SharedAttributes).encoded.length;
  if (batch.rare) bytes += batch.rare.eventNameSize[row] as number;
  const { head, next, size, key } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    bytes += ATTRIBUTE_OVERHEAD + (size[slot] as number) + (key[slot] as Key).encoded.length;
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
  if (timeMs !== 0) at = writeTime(out, at, TIME, timeMs, batch.timeNs[row] as number);
  const severity = batch.severity[row] as number;
  if (severity !== 0) {
    out[at] = SEVERITY_NUMBER;
    out[at + 1] = severity;
    at += 2;
  }
  const severityTextSize = batch.severityTextSize[row] as number;
  if (severityTextSize > 0) at = writeRange(out, at, SEVERITY_TEXT, batch, batch.severityTextStart[row] as number, severityTextSize);
  at = writeBody(out, at, batch, row);
  const shared = (batch.shared[batch.sharedOf[row] as number] as SharedAttributes).encoded;
  if (shared.length > 0) at = copyTo(out, at, shared, 0, shared.length);
  const { head, next, type } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    if (type[slot] !== ValueType.none) at = writeAttribute(out, at, batch, batch.attributes, slot);
  }
  const observedMs = batch.observedMs[row] as number;
  if (observedMs !== 0) at = writeTime(out, at, OBSERVED_TIME, observedMs, batch.observedNs[row] as number);
  if (batch.traceIds) at = writeId(out, at, TRACE_ID, batch.traceIds, row, 16);
  if (batch.spanIds) at = writeId(out, at, SPAN_ID, batch.spanIds, row, 8);
  return batch.rare ? writeRare(out, at, batch, row) : at;
}

function writeBody(out: Buffer, start: number, batch: LogBatch, row: number): number {
  const type = batch.bodyType[row] as number;
  if (type === ValueType.none) return start;
  const size = batch.bodySize[row] as number;
  if (type === ValueType.encoded) return writeRange(out, start, BODY, batch, batch.bodyStart[row] as number, size);
  let at = start;
  out[at++] = BODY;
  at = writeVarint(out, at, 1 + varintLength(size) + size);
  return writeRange(out, at, VALUE_TAGS[type] as number, batch, batch.bodyStart[row] as number, size);
}

function writeAttribute(out: Buffer, start: number, batch: LogBatch, table: AttributeTable, slot: number): number {
  const type = table.type[slot] as number;
  const size = table.size[slot] as number;
  const number = table.number[slot] as number;
  const key = (table.key[slot] as Key).encoded;
  const valueBytes = anyValueBytes(type, size, number);
  let at = start;
  out[at++] = ATTRIBUTE;
  at = writeVarint(out, at, key.length + 1 + varintLength(valueBytes) + valueBytes);
  for (let i = 0; i < key.length; i++) out[at++] = key[i] as number;
  out[at++] = VALUE;
  at = writeVarint(out, at, valueBytes);
  switch (type) {
    case ValueType.string:
    case ValueType.bytes:
      return writeRange(out, at, VALUE_TAGS[type] as number, batch, table.start[slot] as number, size);
    case ValueType.encoded:
      return copyRange(out, at, batch, table.start[slot] as number, size);
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
    out[at] = DROPPED_ATTRIBUTES;
    at = writeVarint(out, at + 1, droppedAttributes);
  }
  const flags = rare.flags[row] as number;
  if (flags !== 0) {
    out[at] = FLAGS;
    out.writeUInt32LE(flags, at + 1);
    at += 5;
  }
  const size = rare.eventNameSize[row] as number;
  return size > 0 ? writeRange(out, at, EVENT_NAME, batch, rare.eventNameStart[row] as number, size) : at;
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
function writeRange(out: Buffer, start: number, tag: number, batch: LogBatch, position: number, size: number): number {
  out[start] = tag;
  return copyRange(out, writeVarint(out, start + 1, size), batch, position, size);
}

function copyRange(out: Buffer, at: number, batch: LogBatch, position: number, size: number): number {
  return position >= 0
    ? copyTo(out, at, batch.space.bytes, position, position + size)
    : copyTo(out, at, batch.space.side, ~position, ~position + size);
}

function copyTo(out: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= SHORT_COPY) {
    let to = at;
    for (let i = start; i < end; i++) out[to++] = bytes[i] as number;
    return to;
  }
  if (bytes instanceof Buffer) bytes.copy(out, at, start, end);
  else out.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
  return at + end - start;
}

// ---- numbers ----

/**
 * A fixed64 of nanoseconds since 1970. They exceed 2^53, so milliseconds are split at bit 16: with both parts below
 * 2^38 every product and sum here is exact in a double.
 */
function writeTime(out: Buffer, at: number, tag: number, ms: number, ns: number): number {
  const upper = Math.floor(ms / 65_536) * 1e6;
  const carried = (upper % 65_536) * 65_536 + (ms % 65_536) * 1e6 + ns;
  const low = carried >>> 0;
  const high = Math.floor(upper / 65_536) + Math.floor(carried / 4_294_967_296);
  out[at] = tag;
  out[at + 1] = low;
  out[at + 2] = low >>> 8;
  out[at + 3] = low >>> 16;
  out[at + 4] = low >>> 24;
  out[at + 5] = high;
  out[at + 6] = high >>> 8;
  out[at + 7] = high >>> 16;
  out[at + 8] = high >>> 24;
  return at + 9;
}

function varintLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  if (value < 2_097_152) return 3;
  return value < 268_435_456 ? 4 : 5;
}

/** A varint below 2^32. */
function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at] = rest;
  return at + 1;
}

/** Bytes of an int64 varint. `value` is a safe integer; a negative one always takes ten. */
function integerLength(value: number): number {
  if (value < 0) return 10;
  if (value < 268_435_456) return varintLength(value);
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeInteger(out: Buffer, start: number, value: number): number {
  if (value >= 0 && value < 4_294_967_296) return writeVarint(out, start, value);
  let rest = BigInt.asUintN(64, BigInt(value));
  let at = start;
  for (; rest > 127n; rest >>= 7n) out[at++] = Number(rest & 127n) | 128;
  out[at] = Number(rest);
  return at + 1;
}

// ---- what encloses the records ----

/** Puts the runs into ResourceLogs and ScopeLogs; neighbours of one resource share a ResourceLogs. */
function enclose(runs: readonly Run[]): Buffer {
  const resources: { readonly resource: Origin; readonly runs: Run[]; bytes: number }[] = [];
  for (const run of runs) {
    let last = resources.at(-1);
    if (last?.resource !== run.resource) {
      last = { resource: run.resource, runs: [], bytes: originBytes(run.resource) };
      resources.push(last);
    }
    last.runs.push(run);
    last.bytes += fieldBytes(scopeLogsBytes(run));
  }
  let total = 0;
  for (const { bytes } of resources) total += fieldBytes(bytes);
  const body = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const { resource, runs: own, bytes } of resources) {
    at = writeHead(body, at, FIRST_FIELD, bytes);
    at = writeField(body, at, FIRST_FIELD, resource.encoded);
    for (const run of own) {
      at = writeHead(body, at, SECOND_FIELD, scopeLogsBytes(run));
      at = writeField(body, at, FIRST_FIELD, run.scope.encoded);
      scratch.copy(body, at, run.start, run.end);
      at += run.end - run.start;
      at = writeSchemaUrl(body, at, run.scope.schemaUrl);
    }
    at = writeSchemaUrl(body, at, resource.schemaUrl);
  }
  return body;
}

function scopeLogsBytes(run: Run): number {
  return originBytes(run.scope) + run.end - run.start;
}

/** Bytes of a resource or scope and its schema URL within ResourceLogs or ScopeLogs. Empty ones are left out. */
function originBytes({ encoded, schemaUrl }: Origin): number {
  const url = Buffer.byteLength(schemaUrl);
  return (encoded.length > 0 ? fieldBytes(encoded.length) : 0) + (url > 0 ? fieldBytes(url) : 0);
}

function fieldBytes(length: number): number {
  return 1 + varintLength(length) + length;
}

function writeHead(out: Buffer, at: number, tag: number, length: number): number {
  out[at] = tag;
  return writeVarint(out, at + 1, length);
}

function writeField(out: Buffer, start: number, tag: number, payload: Uint8Array): number {
  if (payload.length === 0) return start;
  const at = writeHead(out, start, tag, payload.length);
  out.set(payload, at);
  return at + payload.length;
}

function writeSchemaUrl(out: Buffer, at: number, schemaUrl: string): number {
  return writeField(out, at, SCHEMA_URL, Buffer.from(schemaUrl));
}
