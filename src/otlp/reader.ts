import { EMPTY_ORIGIN, LogBatch, TABLE_MAX, ValueType, type EncodedRows, type Origin, type Signal } from '#model';
import { decodeRecords } from './decode-records.ts';
import { decodeSpans } from './decode-spans.ts';
import { checkOrigin, isExpected, originOf, RESOURCE_FIELDS, SCOPE_FIELDS, type OriginFields } from './reader-origin.ts';
import { RecordReader } from './reader-record.ts';
import { REQUEST_ATTRIBUTES_MAX } from './reader-slots.ts';
import { malformed, Wire } from './reader-wire.ts';
import { checkLogRecord, checkSpan } from './record-check.ts';

/**
 * Reads ExportLogsServiceRequest (opentelemetry.proto.collector.logs.v1) in protobuf into columns over the very bytes
 * it came in: text and nested values stay where they are, and the batch lives as long as the body.
 *
 * Nothing is lost on the way through: fields of a record that we do not know are kept with it, so are those of Resource
 * and Scope. Only an unknown field beside these (of ResourceLogs, ScopeLogs, KeyValue or the request itself) is passed
 * over. Of an attribute key that comes twice the last value counts; the specification forbids such records.
 *
 * Malformed input is a RangeError naming the byte, never anything else. A batch that nobody reads any more may be handed
 * in to be filled anew: making one costs as much as reading some hundred records.
 */
export function readRequest(body: Uint8Array, spare: LogBatch = new LogBatch()): LogBatch {
  return new RequestReader(new Wire(body), spare).read();
}

/**
 * The same without reading what is inside the records: it is checked, and they are decoded when somebody wants to see it.
 * Spans come in messages of the same shape and are never decoded at all.
 */
export function readSealedRequest(body: Uint8Array, spare: LogBatch = new LogBatch(), signal: Signal = 'logs'): LogBatch {
  return new RequestReader(new Wire(body), spare, signal).read();
}

/**
 * A record takes two bytes on the wire at least and a hundred here: without a bound, 20 MiB of empty records would
 * become 1 GiB. So many records fit in 20 MiB if they have 80 bytes each, which is less than any real one has.
 */
export const REQUEST_ROWS_MAX = 262_144;

// The one field of the request, and the second one of both ResourceLogs and ScopeLogs, hold the next level.
const RESOURCE_LOGS = 0x0a;
const ORIGIN = 0x0a;
const CHILD = 0x12;
const SCHEMA_URL = 0x1a;

interface Level {
  readonly origin: Origin;
  readonly hasChildren: boolean;
}

class RequestReader {
  readonly #wire: Wire;
  readonly #batch: LogBatch;
  readonly #records: RecordReader;
  readonly #check: typeof checkLogRecord;
  /** Where sealed rows go; undefined when records are read at once. */
  readonly #encoded: EncodedRows | undefined;
  #attributes = 0;
  readonly #resources = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);
  readonly #scopes = new Map<Origin, number>([[EMPTY_ORIGIN, 0]]);

  constructor(wire: Wire, batch: LogBatch, sealedAs?: Signal) {
    this.#wire = wire;
    this.#batch = batch;
    batch.reset(wire.bytes);
    this.#records = new RecordReader(wire, batch);
    this.#check = sealedAs === 'traces' ? checkSpan : checkLogRecord;
    this.#encoded = sealedAs && batch.seal(sealedAs, sealedAs === 'traces' ? decodeSpans : decodeRecords);
  }

  read(): LogBatch {
    const wire = this.#wire;
    const end = wire.bytes.length;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === RESOURCE_LOGS) this.#readResourceLogs(wire.span(end));
      else wire.skip(tag, end);
    }
    return this.#batch;
  }

  #readResourceLogs(end: number): void {
    const start = this.#wire.at;
    const { origin, hasChildren } = this.#readLevel(end, RESOURCE_FIELDS);
    if (!hasChildren) return;
    this.#wire.at = start;
    this.#eachChild(end, (childEnd) => this.#readScopeLogs(childEnd, origin));
  }

  #readScopeLogs(end: number, resource: Origin): void {
    const start = this.#wire.at;
    const { origin, hasChildren } = this.#readLevel(end, SCOPE_FIELDS);
    if (!hasChildren) return;
    this.#wire.at = start;
    const resourceIndex = this.#indexOf(this.#resources, this.#batch.resources, resource);
    const scopeIndex = this.#indexOf(this.#scopes, this.#batch.scopes, origin);
    if (this.#encoded) return this.#readSealed(end, this.#encoded, { resourceIndex, scopeIndex });
    this.#eachChild(end, (childEnd) => {
      const row = this.#addRow();
      this.#batch.resourceOf[row] = resourceIndex;
      this.#batch.scopeOf[row] = scopeIndex;
      this.#records.read(row, childEnd);
    });
  }

  /** Adds the children as rows that keep their bytes. */
  #readSealed(end: number, encoded: EncodedRows, { resourceIndex, scopeIndex }: { resourceIndex: number; scopeIndex: number }): void {
    const wire = this.#wire;
    const batch = this.#batch;
    const first = batch.length;
    const view = new DataView(wire.bytes.buffer, wire.bytes.byteOffset, wire.bytes.length);
    while (wire.at < end) {
      const start = wire.at;
      const tag = wire.tag(end);
      if (tag !== CHILD) {
        wire.skip(tag, end);
        continue;
      }
      this.#attributes += this.#check(wire, wire.span(end), view);
      const row = batch.length;
      this.#assertRoom();
      batch.extend(1);
      encoded.start[row] = start;
      encoded.size[row] = wire.at - start;
    }
    const { length } = batch;
    for (const column of [batch.isDropped, batch.sharedOf, batch.deliveryOf]) column.fill(0, first, length);
    batch.resourceOf.fill(resourceIndex, first, length);
    batch.scopeOf.fill(scopeIndex, first, length);
  }

  /** What stands beside the children. It may stand behind them, so it is looked for first. */
  #readLevel(end: number, origins: OriginFields): Level {
    const wire = this.#wire;
    let encoded = wire.bytes.subarray(0, 0);
    let schemaUrl = '';
    let hasChildren = false;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === ORIGIN) {
        const originEnd = wire.span(end);
        encoded = wire.bytes.subarray(wire.at, originEnd);
        if (isExpected(encoded)) wire.at = originEnd;
        else checkOrigin(wire, originEnd, origins);
      } else if (tag === SCHEMA_URL) {
        const urlEnd = wire.span(end);
        schemaUrl = wire.bytes.toString('utf8', wire.at, urlEnd);
        wire.at = urlEnd;
      } else {
        hasChildren ||= tag === CHILD;
        wire.skip(tag, end);
      }
    }
    return { origin: hasChildren ? originOf(encoded, schemaUrl) : EMPTY_ORIGIN, hasChildren };
  }

  #eachChild(end: number, read: (childEnd: number) => void): void {
    const wire = this.#wire;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === CHILD) read(wire.span(end));
      else wire.skip(tag, end);
    }
  }

  #indexOf(indexes: Map<Origin, number>, table: Origin[], origin: Origin): number {
    const known = indexes.get(origin);
    if (known !== undefined) return known;
    if (table.length === TABLE_MAX) throw malformed(this.#wire.at, `a request has more than ${TABLE_MAX} resources or scopes`);
    const index = table.push(origin) - 1;
    indexes.set(origin, index);
    return index;
  }

  #addRow(): number {
    this.#assertRoom();
    return this.#batch.addRow(ValueType.none, 0, 0);
  }

  #assertRoom(): void {
    if (this.#batch.length === REQUEST_ROWS_MAX) {
      throw malformed(this.#wire.at, `a request has more than ${REQUEST_ROWS_MAX} records; send smaller ones`);
    }
    if (this.#attributes > REQUEST_ATTRIBUTES_MAX) {
      throw malformed(this.#wire.at, `a request has more than ${REQUEST_ATTRIBUTES_MAX} attributes; send smaller ones`);
    }
  }
}
