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
  asInt64,
  asObject,
  asText,
  asUint32,
  member,
  Mismatch,
  mismatch,
  resourceBytes,
  Rounded,
  scopeBytes,
  type Json,
  type JsonObject,
} from './json-bytes.ts';
import { appendText, setId, setTime } from './json-columns.ts';
import { NAMES, type LevelNames } from './json-names.ts';
import { parseJson, quoteLongIntegers, textOf } from './json-parse.ts';
import { spanBytes } from './json-span-bytes.ts';
import { originOf } from './reader-origin.ts';
import { REQUEST_ATTRIBUTES_MAX, SlotFinder } from './reader-slots.ts';
import { REQUEST_ROWS_MAX } from './reader.ts';

/**
 * Reads ExportLogsServiceRequest in OTLP/JSON into a batch that owns its bytes; one that is given is used again. Unknown names are passed over, as the
 * specification asks; the protocol's own may also come in snake_case, 64-bit integers as strings or as numbers, and
 * severities by name, since senders do all of that. What is malformed is a RangeError saying where: what V8 says when it is
 * not JSON, else the path of the record.
 */
export function readJsonRequest(body: Uint8Array, signal: Signal = 'logs', batch: LogBatch = new LogBatch()): LogBatch {
  if (!isLongExpected) {
    try {
      return readText(textOf(body), signal, batch);
    } catch (error) {
      if (!(error instanceof RangeError && error.cause instanceof Rounded)) throw error;
    }
  }
  const text = textOf(body);
  const quoted = quoteLongIntegers(text);
  isLongExpected = quoted !== text;
  return readText(quoted, signal, batch);
}

// Few senders write integers beyond 2^53 without quotes, but who does it once does it again: then the first reading is for nothing.
let isLongExpected = false;

function readText(text: string, signal: Signal, batch: LogBatch): LogBatch {
  const root = parseJson(text);
  const reader = new JsonReader(signal, batch);
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

const NO_BYTES = Buffer.alloc(0);

class JsonReader {
  readonly batch: LogBatch;
  readonly #names: LevelNames;
  /** Spans are not read into columns: they become the bytes that senders of protobuf send. */
  readonly #encoded: EncodedRows | undefined;
  readonly #resources = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);
  readonly #scopes = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);
  readonly #slots: SlotFinder;
  readonly #indexes: number[] = [];
  #member = '';

  constructor(signal: Signal, batch: LogBatch) {
    batch.reset(NO_BYTES);
    this.batch = batch;
    this.#slots = new SlotFinder(batch.attributes);
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

  /** Name by name as they come: asking a record for each name it could have takes twice as long. */
  #readRecord(row: number, record: JsonObject): void {
    const batch = this.batch;
    for (const name in record) {
      const value = record[name];
      if (value === null || value === undefined) continue;
      this.#member = name;
      switch (name) {
        case 'timeUnixNano':
        case 'time_unix_nano':
          setTime(batch.timeMs, batch.timeNs, row, value);
          break;
        case 'observedTimeUnixNano':
        case 'observed_time_unix_nano':
          setTime(batch.observedMs, batch.observedNs, row, value);
          break;
        case 'severityNumber':
        case 'severity_number':
          batch.severity[row] = severityOf(value);
          break;
        case 'severityText':
        case 'severity_text':
          this.#readSeverityText(row, asText(value));
          break;
        case 'body':
          this.#readBody(row, asObject(value));
          break;
        case 'attributes':
          this.#slots.beginRow(row);
          for (const entry of asArray(value)) this.#readAttribute(asObject(entry));
          break;
        case 'traceId':
        case 'trace_id':
          if (value !== '') setId(batch.traceIdColumn(), row, 16, asText(value));
          break;
        case 'spanId':
        case 'span_id':
          if (value !== '') setId(batch.spanIdColumn(), row, 8, asText(value));
          break;
        default:
          this.#readRare(row, name, value);
      }
    }
  }

  #readRare(row: number, name: string, value: Json): void {
    const { space } = this.batch;
    if (name === 'flags') {
      const flags = asUint32(value);
      if (flags > 0) this.batch.rareColumns().flags[row] = flags;
    } else if (name === 'droppedAttributesCount' || name === 'dropped_attributes_count') {
      const dropped = asUint32(value);
      if (dropped > 0) this.batch.rareColumns().droppedAttributes[row] = dropped;
    } else if (name === 'eventName' || name === 'event_name') {
      const eventName = asText(value);
      if (eventName === '') return;
      const rare = this.batch.rareColumns();
      const start = appendText(space, eventName);
      rare.eventNameStart[row] = start;
      rare.eventNameSize[row] = space.sideLength - ~start;
    }
  }

  #readSeverityText(row: number, text: string): void {
    const { space, severityTextStart, severityTextSize } = this.batch;
    const start = appendText(space, text);
    severityTextStart[row] = start;
    severityTextSize[row] = space.sideLength - ~start;
  }

  #readBody(row: number, value: JsonObject): void {
    const text = member(value, 'stringValue');
    const bytes = text === undefined ? member(value, 'bytesValue') : undefined;
    if (bytes !== undefined) return this.batch.setBody(row, asBytes(bytes));
    const { space, bodyType, bodyStart, bodySize } = this.batch;
    const start = text === undefined ? space.appendBytes(anyValueBytes(value, 0)) : appendText(space, asText(text));
    bodyType[row] = text === undefined ? ValueType.encoded : ValueType.string;
    bodyStart[row] = start;
    bodySize[row] = space.sideLength - ~start;
  }

  #readAttribute({ key, value }: JsonObject): void {
    const slot = this.#slots.slotOf(keyOf(asText(key ?? undefined)));
    if (slot < 0) throw new Mismatch(`expected at most ${REQUEST_ATTRIBUTES_MAX} attributes; send smaller requests`);
    if (value === null || value === undefined) return;
    const object = asObject(value);
    for (const name in object) {
      const inner = object[name];
      if (inner !== null && inner !== undefined) this.#readValue(slot, name, inner, object);
    }
  }

  #readValue(slot: number, name: string, inner: Json, value: JsonObject): void {
    const { space, attributes } = this.batch;
    let type: ValueTypeNumber = ValueType.encoded;
    let start = 0;
    switch (name) {
      case 'stringValue':
      case 'string_value':
        type = ValueType.string;
        start = appendText(space, asText(inner));
        break;
      case 'boolValue':
      case 'bool_value':
        return this.#putNumber(slot, ValueType.bool, asBoolean(inner) ? 1 : 0);
      case 'doubleValue':
      case 'double_value':
        return this.#putNumber(slot, ValueType.double, asDouble(inner));
      case 'intValue':
      case 'int_value': {
        const number = asInt64(inner);
        if (typeof number === 'number')
          return this.#putNumber(slot, Number.isSafeInteger(number) ? ValueType.int : ValueType.double, number);
        start = space.appendBytes(anyValueBytes(value, 0));
        break;
      }
      case 'bytesValue':
      case 'bytes_value':
      case 'arrayValue':
      case 'array_value':
      case 'kvlistValue':
      case 'kvlist_value':
        start = space.appendBytes(anyValueBytes(value, 0));
        break;
      default:
        return;
    }
    attributes.type[slot] = type;
    attributes.start[slot] = start;
    attributes.size[slot] = space.sideLength - ~start;
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

function severityOf(value: Json): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= SEVERITY_MAX) return value;
  const match = typeof value === 'string' ? SEVERITY_NAME.exec(value) : null;
  if (!match) throw mismatch('a severity number from 0 to 24', value);
  const group = SEVERITY_GROUPS.indexOf(match[2] ?? '');
  return group < 0 ? 0 : group * 4 + Number(match[3] || 1);
}
