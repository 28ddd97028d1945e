import { Buffer } from 'node:buffer';
import {
  EMPTY_ORIGIN,
  field,
  keyOf,
  LogBatch,
  TABLE_MAX,
  ValueType,
  type EncodedRows,
  type Origin,
  type Signal,
  type ValueTypeNumber,
} from '#model';
import { decodeSpans } from './decode-spans.ts';
import {
  anyValueBytes,
  asArray,
  asBoolean,
  asBytes,
  asDouble,
  asId,
  asInt64,
  asObject,
  asText,
  asUint32,
  member,
  Mismatch,
  mismatch,
  resourceBytes,
  scopeBytes,
  type Json,
  type JsonObject,
} from './json-bytes.ts';
import { NAMES, type LevelNames } from './json-names.ts';
import { parseJson } from './json-parse.ts';
import { spanBytes } from './json-span-bytes.ts';
import { originOf } from './reader-origin.ts';
import { REQUEST_ATTRIBUTES_MAX, SlotFinder } from './reader-slots.ts';
import { REQUEST_ROWS_MAX } from './reader.ts';

/**
 * Reads ExportLogsServiceRequest in OTLP/JSON into a batch that owns its bytes. Unknown names are passed over, as the
 * specification asks; the protocol's own may also come in snake_case, 64-bit integers as strings or as numbers, and
 * severities by name, since senders do all of that. What is malformed is a RangeError saying where: what V8 says when it is
 * not JSON, else the path of the record.
 */
export function readJsonRequest(body: Uint8Array, signal: Signal = 'logs'): LogBatch {
  const root = parseJson(body);
  const reader = new JsonReader(signal);
  try {
    reader.read(root);
  } catch (error) {
    if (error instanceof Mismatch) throw new RangeError(`malformed OTLP/JSON at ${reader.where}: ${error.message}`, { cause: error });
    throw error;
  }
  return reader.batch;
}

// Severity numbers go to 24. The protobuf writer has one byte for them.
const SEVERITY_MAX = 127;
const SPAN = 0x12;
const SEVERITY_NAME = /^SEVERITY_NUMBER_(UNSPECIFIED|(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?))$/;
const SEVERITY_GROUPS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

class JsonReader {
  readonly batch = new LogBatch();
  readonly #names: LevelNames;
  /** Spans are not read into columns: they become the bytes that senders of protobuf send. */
  readonly #encoded: EncodedRows | undefined;
  readonly #resources = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);
  readonly #scopes = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);
  readonly #slots = new SlotFinder(this.batch.attributes);
  readonly #indexes: number[] = [];
  #member = '';

  constructor(signal: Signal) {
    this.#names = NAMES[signal];
    this.#encoded = signal === 'traces' ? this.batch.seal(signal, decodeSpans) : undefined;
  }

  /** Where reading is now, e.g. `resourceLogs[0].scopeLogs[0].logRecords[7].traceId`. */
  get where(): string {
    const levels = [this.#names.resources, this.#names.scopes, this.#names.records];
    return [...this.#indexes.map((index, level) => `${levels[level]}[${index}]`), this.#member].filter(Boolean).join('.') || 'the top';
  }

  read(root: Json): void {
    const names = this.#names;
    const resources = this.#array(asObject(root), names.resources);
    this.#each(resources, (resourceLogs) => {
      const scopes = this.#array(resourceLogs, names.scopes);
      const resource = originOf(resourceBytes(this.#take(resourceLogs, 'resource')), asText(this.#take(resourceLogs, 'schemaUrl')));
      this.#each(scopes, (scopeLogs) => {
        const records = this.#array(scopeLogs, names.records);
        if (records.length === 0) return;
        const scope = originOf(scopeBytes(this.#take(scopeLogs, 'scope')), asText(this.#take(scopeLogs, 'schemaUrl')));
        const resourceIndex = indexOf(this.#resources, this.batch.resources, resource);
        const scopeIndex = indexOf(this.#scopes, this.batch.scopes, scope);
        this.#each(records, (record) => {
          const row = this.#addRow();
          this.batch.resourceOf[row] = resourceIndex;
          this.batch.scopeOf[row] = scopeIndex;
          if (this.#encoded) this.#readSpan(row, record, this.#encoded);
          else this.#readRecord(row, record);
        });
      });
    });
  }

  #each(values: readonly Json[], read: (value: JsonObject) => void): void {
    const level = this.#indexes.length;
    for (const [index, value] of values.entries()) {
      this.#indexes[level] = index;
      this.#member = '';
      read(asObject(value));
    }
    this.#indexes.length = level;
  }

  #take(object: JsonObject, name: string): Json | undefined {
    this.#member = name;
    return member(object, name);
  }

  #array(object: JsonObject, name: string): readonly Json[] {
    return asArray(this.#take(object, name));
  }

  #readSpan(row: number, span: JsonObject, { start, size }: EncodedRows): void {
    const bytes = field(SPAN, spanBytes(span));
    start[row] = this.batch.space.appendBytes(bytes);
    size[row] = bytes.length;
  }

  #addRow(): number {
    if (this.batch.length === REQUEST_ROWS_MAX) throw new Mismatch(`expected at most ${REQUEST_ROWS_MAX} records; send smaller requests`);
    if (!this.#encoded) return this.batch.addRow(ValueType.none, 0, 0);
    const row = this.batch.extend(1);
    for (const column of [this.batch.isDropped, this.batch.sharedOf, this.batch.deliveryOf]) column[row] = 0;
    return row;
  }

  #readRecord(row: number, record: JsonObject): void {
    const batch = this.batch;
    setTime(batch.timeMs, batch.timeNs, row, this.#take(record, 'timeUnixNano'));
    setTime(batch.observedMs, batch.observedNs, row, this.#take(record, 'observedTimeUnixNano'));
    batch.severity[row] = severityOf(this.#take(record, 'severityNumber'));
    const severityText = asText(this.#take(record, 'severityText'));
    if (severityText !== '') batch.setSeverityText(row, severityText);
    this.#readBody(row, this.#take(record, 'body'));
    this.#slots.beginRow(row);
    for (const entry of this.#array(record, 'attributes')) this.#readAttribute(asObject(entry));
    const traceId = asId(this.#take(record, 'traceId'), 16);
    if (traceId.length > 0) batch.traceIdColumn().set(traceId, row * 16);
    const spanId = asId(this.#take(record, 'spanId'), 8);
    if (spanId.length > 0) batch.spanIdColumn().set(spanId, row * 8);
    const flags = asUint32(this.#take(record, 'flags'));
    if (flags > 0) batch.rareColumns().flags[row] = flags;
    const dropped = asUint32(this.#take(record, 'droppedAttributesCount'));
    if (dropped > 0) batch.rareColumns().droppedAttributes[row] = dropped;
    const eventName = asText(this.#take(record, 'eventName'));
    if (eventName === '') return;
    const rare = batch.rareColumns();
    rare.eventNameStart[row] = batch.space.appendText(eventName);
    rare.eventNameSize[row] = Buffer.byteLength(eventName);
  }

  #readBody(row: number, value: Json | undefined): void {
    if (value === undefined) return;
    const text = member(asObject(value), 'stringValue');
    const bytes = member(asObject(value), 'bytesValue');
    if (text !== undefined) return this.batch.setBody(row, asText(text));
    if (bytes !== undefined) return this.batch.setBody(row, asBytes(bytes));
    const encoded = anyValueBytes(value, 0);
    this.batch.bodyType[row] = ValueType.encoded;
    this.batch.bodyStart[row] = this.batch.space.appendBytes(encoded);
    this.batch.bodySize[row] = encoded.length;
  }

  #readAttribute(entry: JsonObject): void {
    const { attributes, space } = this.batch;
    const key = keyOf(asText(member(entry, 'key')));
    const value = member(entry, 'value');
    const object = value === undefined ? {} : asObject(value);
    const text = member(object, 'stringValue');
    const integer = member(object, 'intValue');
    const double = member(object, 'doubleValue');
    const boolean = member(object, 'boolValue');
    const slot = this.#slots.slotOf(key);
    if (slot < 0) throw new Mismatch(`expected at most ${REQUEST_ATTRIBUTES_MAX} attributes; send smaller requests`);
    if (text !== undefined) return attributes.set(slot, asText(text));
    if (double !== undefined) return this.#putNumber(slot, ValueType.double, asDouble(double));
    if (boolean !== undefined) return attributes.set(slot, asBoolean(boolean));
    const number = integer === undefined ? undefined : asInt64(integer);
    if (typeof number === 'number') return this.#putNumber(slot, ValueType.int, number);
    const encoded = anyValueBytes(value, 0);
    attributes.type[slot] = encoded.length === 0 ? ValueType.empty : ValueType.encoded;
    attributes.start[slot] = space.appendBytes(encoded);
    attributes.size[slot] = encoded.length;
  }

  #putNumber(slot: number, type: ValueTypeNumber, number: number): void {
    this.batch.attributes.type[slot] = type;
    this.batch.attributes.number[slot] = number;
  }
}

function indexOf(indexes: Map<Origin, number>, table: Origin[], origin: Origin): number {
  const known = indexes.get(origin);
  if (known !== undefined) return known;
  if (table.length === TABLE_MAX) throw new Mismatch(`expected at most ${TABLE_MAX} resources or scopes`);
  const index = table.push(origin) - 1;
  indexes.set(origin, index);
  return index;
}

function severityOf(value: Json | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= SEVERITY_MAX) return value;
  const match = typeof value === 'string' ? SEVERITY_NAME.exec(value) : null;
  if (!match) throw mismatch('a severity number from 0 to 24', value);
  const group = SEVERITY_GROUPS.indexOf(match[2] ?? '');
  return group < 0 ? 0 : group * 4 + Number(match[3] || 1);
}

/** Nanoseconds since 1970 as milliseconds and the rest. They come as digits, or as a number that is too small to matter. */
function setTime(ms: Float64Array, ns: Int32Array, row: number, value: Json | undefined): void {
  if (value === undefined) return;
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^[0-9]{1,20}$/.test(text) || (text.length === 20 && text > '18446744073709551615')) {
    throw mismatch('nanoseconds since 1970', value);
  }
  ms[row] = Number(text.slice(0, -6));
  ns[row] = Number(text.slice(-6));
}
