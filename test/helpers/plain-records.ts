/**
 * Log records as plain objects, whole: for models that say what a processor makes of them. What goes in is made of them in
 * one of the ways batches come about, and what comes out is read by a decoder that is not ours.
 */
import * as fc from 'fast-check';
import { createSharedAttributes, keyOf, reorderRows, withEntry, type LogBatch } from '#model';
import { Delivery, RefusedError, prepare, type Consumer, type Processor, type SettledListener } from '#component';
import { readRequest, readSealedRequest, writeRequest } from '#otlp';
import { decodeRequestFully, encodeRequest, type ProtoAnyValue, type ProtoKeyValue, type ProtoLogRecord } from './otlp-proto.ts';

export type PlainMap = Record<string, ProtoAnyValue>;

export interface PlainRecord {
  readonly resource: { readonly attributes: PlainMap; readonly schemaUrl: string };
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: PlainMap };
  readonly attributes: PlainMap;
  readonly body: ProtoAnyValue;
  readonly severity: number;
  readonly severityText: string;
  /** Nanoseconds. */
  readonly time: string;
  readonly observed: string;
  /** Hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly eventName: string;
  readonly droppedAttributes: number;
}

/** How a batch of these records came about. */
export interface Making {
  /** Read from a request and decoded when somebody asks, or at once. */
  readonly isSealed: boolean;
  /** The rows came in another order and were put into this one; any number, 0 for not at all. */
  readonly shuffle: number;
  /** So many rows, spread over the batch, had been dropped before. */
  readonly dropped: number;
  /** Attributes of these names lie in what rows share, and one that was there was removed. */
  readonly shared: readonly string[];
  readonly hasRemoved: boolean;
  /** Texts of bodies were written anew by somebody before. */
  readonly isBodyEdited: boolean;
}

export const making: fc.Arbitrary<Making> = fc.record({
  isSealed: fc.boolean(),
  shuffle: fc.oneof(fc.constant(0), fc.nat({ max: 1000 })),
  dropped: fc.nat({ max: 3 }),
  shared: fc.subarray(['a', 'b', 'c', 'd.e']),
  hasRemoved: fc.boolean(),
  isBodyEdited: fc.boolean(),
});

const NAMES = ['a', 'b', 'c', 'd.e', 'schlüssel', 'service.name'];

const plainValue: fc.Arbitrary<ProtoAnyValue> = fc.constantFrom<ProtoAnyValue>(
  { stringValue: 'x' },
  { stringValue: 'y' },
  { stringValue: '' },
  { stringValue: 'über 10 €' },
  { stringValue: '1' },
  { intValue: '1' },
  { doubleValue: 1 },
  { doubleValue: 0.5 },
  { intValue: '-9223372036854775808' },
  { intValue: '9007199254740993' },
  { boolValue: true },
  { boolValue: false },
  { bytesValue: [0, 255, 97] as unknown as Uint8Array },
  {},
  { arrayValue: { values: [{ stringValue: 'x' }, { doubleValue: 2 }] } },
  { arrayValue: { values: [] } },
  { kvlistValue: { values: [keyValue('k', { doubleValue: 3 }), keyValue('n', { arrayValue: { values: [{ boolValue: true }] } })] } },
  { kvlistValue: { values: [keyValue('k', { intValue: '3' }), keyValue('n', { arrayValue: { values: [{ boolValue: true }] } })] } },
);

function keyValue(key: string, value: ProtoAnyValue): ProtoKeyValue {
  return { key, value };
}

const plainMap = (names: readonly string[], maxKeys: number): fc.Arbitrary<PlainMap> =>
  fc.dictionary(fc.constantFrom(...names), plainValue, { maxKeys, noNullPrototype: true });

const BASE = 1_769_774_400_000_000_000n;

export const plainRecord: fc.Arbitrary<PlainRecord> = fc.record({
  resource: fc.record({ attributes: plainMap(['a', 'service.name', 'r'], 2), schemaUrl: fc.constantFrom('', 'https://r.example') }),
  scope: fc.record({
    name: fc.constantFrom('', 'lib', 'lib.sub'),
    version: fc.constantFrom('', '1'),
    attributes: plainMap(['a'], 1),
  }),
  attributes: plainMap(NAMES, 5),
  body: fc.oneof(
    plainValue,
    fc.constantFrom('user 1 logged in', 'no 12 ERROR', '', '{"a":"json","z":{"y":[1]}}').map((stringValue) => ({ stringValue })),
  ),
  severity: fc.constantFrom(0, 1, 5, 9, 9, 10, 13, 17, 21),
  severityText: fc.constantFrom('', 'INFO', 'schlimm'),
  time: fc.constantFrom('0', String(BASE), String(BASE + 1n), String(BASE + 1_500_000_001n)),
  observed: fc.constantFrom('0', String(BASE + 7n)),
  traceId: fc.constantFrom('', '0123456789abcdef0123456789abcdef', 'ffffffffffffffffffffffffffffffff'),
  spanId: fc.constantFrom('', '0123456789abcdef'),
  flags: fc.constantFrom(0, 1),
  eventName: fc.constantFrom('', 'started'),
  droppedAttributes: fc.constantFrom(0, 0, 2),
});

/** What an encoded request says, record by record. */
function plainOf(encoded: Uint8Array): PlainRecord[] {
  const records: PlainRecord[] = [];
  for (const { resource, schemaUrl = '', scopeLogs = [] } of decodeRequestFully(encoded).resourceLogs ?? []) {
    for (const { scope, logRecords = [] } of scopeLogs) {
      for (const record of logRecords) {
        records.push({
          resource: { attributes: mapOf(resource?.attributes), schemaUrl },
          scope: { name: scope?.name ?? '', version: scope?.version ?? '', attributes: mapOf(scope?.attributes) },
          attributes: mapOf(record.attributes),
          body: record.body ?? {},
          severity: record.severityNumber ?? 0,
          severityText: record.severityText ?? '',
          time: record.timeUnixNano ?? '0',
          observed: record.observedTimeUnixNano ?? '0',
          traceId: hexOf(record.traceId),
          spanId: hexOf(record.spanId),
          flags: record.flags ?? 0,
          eventName: record.eventName ?? '',
          droppedAttributes: record.droppedAttributesCount ?? 0,
        });
      }
    }
  }
  return records;
}

/** A name that comes twice stays visible. */
function mapOf(attributes: readonly ProtoKeyValue[] = []): PlainMap {
  const map: PlainMap = {};
  for (const { key, value } of attributes) map[key in map ? `${key} (again)` : key] = value ?? {};
  return map;
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString('hex')
    .replace(/^0+$/, '');
}

function encodedOf(records: readonly PlainRecord[]): Buffer {
  const listOf = (map: PlainMap): ProtoKeyValue[] => Object.entries(map).map(([key, value]) => ({ key, value }));
  const resourceLogs = records.map(({ resource, scope, ...record }) => ({
    resource: { attributes: listOf(resource.attributes) },
    schemaUrl: resource.schemaUrl,
    scopeLogs: [
      {
        scope: { name: scope.name, version: scope.version, attributes: listOf(scope.attributes) },
        logRecords: [
          {
            attributes: listOf(record.attributes),
            body: record.body,
            severityNumber: record.severity,
            severityText: record.severityText,
            timeUnixNano: record.time,
            observedTimeUnixNano: record.observed,
            traceId: Buffer.from(record.traceId, 'hex'),
            spanId: Buffer.from(record.spanId, 'hex'),
            flags: record.flags,
            eventName: record.eventName,
            droppedAttributesCount: record.droppedAttributes,
          } satisfies ProtoLogRecord,
        ],
      },
    ],
  }));
  return Buffer.from(encodeRequest({ resourceLogs }));
}

const DROPPED_BEFORE = 'dropped before';

/** A batch whose live rows are these records, in this order. */
export function batchOf(records: readonly PlainRecord[], how: Making, listener: SettledListener, source: number = 1): LogBatch {
  const [first] = records;
  const rows: { readonly record: PlainRecord; readonly isDropped: boolean }[] = records.map((record) => ({ record, isDropped: false }));
  const dropped = first ? how.dropped : 0;
  for (let i = 0; i < dropped; i++) {
    const record = { ...(first as PlainRecord), body: { stringValue: DROPPED_BEFORE } };
    rows.splice((i * 7 + how.shuffle) % (rows.length + 1), 0, { record, isDropped: true });
  }
  const places = rows.map((_, row) => row);
  const came = how.shuffle === 0 ? places : places.toSorted((a, b) => scatter(a, how.shuffle) - scatter(b, how.shuffle));
  const encoded = encodedOf(came.map((row) => (rows[row] as { record: PlainRecord }).record));
  const batch = how.isSealed ? readSealedRequest(encoded) : readRequest(encoded);
  if (!how.isSealed) editAsBefore(batch, how);
  if (how.shuffle !== 0)
    reorderRows(
      batch,
      Int32Array.from(places, (row) => came.indexOf(row)),
    );
  batch.setDelivery(new Delivery(rows.length, source, listener));
  for (const [row, { isDropped }] of rows.entries()) if (isDropped) batch.drop(row, DROPPED_BEFORE);
  return batch;
}

function scatter(row: number, shuffle: number): number {
  return Math.imul(row + 1, 2_654_435_761 + 2 * shuffle) >>> 0;
}

function editAsBefore(batch: LogBatch, { shared, hasRemoved, isBodyEdited }: Making): void {
  for (let row = 0; row < batch.length; row++) {
    let entries = createSharedAttributes({});
    for (const name of shared) {
      const slot = batch.attributes.find(row, keyOf(name));
      const value = batch.attribute(row, name);
      // A double that is whole, also inside of something, would become an int on the way.
      if (slot < 0 || value === undefined || typeof value === 'number' || (typeof value === 'object' && value !== null)) continue;
      batch.deleteAttribute(row, name);
      entries = withEntry(entries, keyOf(name), value);
    }
    batch.sharedOf[row] = batch.addShared(entries);
    if (hasRemoved) {
      const name = ['a', 'gone'].find((one) => batch.attribute(row, one) === undefined) ?? 'gone';
      batch.setAttribute(row, name, 'removed');
      batch.deleteAttribute(row, name);
    }
    const body = batch.body(row);
    if (isBodyEdited && typeof body === 'string') batch.setBody(row, body);
  }
}

/** What comes next: keeps what it is told as a backend would hear it. */
export class PlainSink implements Consumer {
  readonly mutates = false;
  readonly touches = 'rows';
  readonly records: PlainRecord[] = [];
  refusals = 0;

  async consume(batch: LogBatch): Promise<void> {
    if (this.refusals > 0) {
      this.refusals--;
      throw new RefusedError('the test says no');
    }
    const first = batch.isDropped.subarray(0, batch.length).indexOf(0);
    if (first >= 0) this.records.push(...plainOf(writeRequest(batch, first, Number.POSITIVE_INFINITY).body));
    batch.settleDurable();
  }
}

/** Gives a batch until it is taken. */
export async function give(processor: Processor, batch: LogBatch): Promise<void> {
  prepare(batch, processor);
  try {
    await processor.consume(batch);
  } catch (problem) {
    if (!(problem instanceof RefusedError)) throw problem;
    await processor.consume(batch);
  }
}

/** Records in batches of random sizes, each made in its own way, some refused once. */
export interface Feed {
  readonly records: readonly PlainRecord[];
  readonly batches: readonly { readonly size: number; readonly how: Making; readonly isRefused: boolean }[];
}

export function feedOf(record: fc.Arbitrary<PlainRecord>): fc.Arbitrary<Feed> {
  const batch = fc.record({ size: fc.integer({ min: 1, max: 12 }), how: making, isRefused: fc.boolean() });
  return fc.record({
    records: fc.array(record, { minLength: 1, maxLength: 30 }),
    batches: fc.array(batch, { minLength: 1, maxLength: 4 }),
  });
}

/** Gives all of it; returns how many rows were settled, by outcome. */
export async function play(processor: Processor, sink: PlainSink, { records, batches }: Feed): Promise<Map<string, number>> {
  const settled = new Map<string, number>();
  const listener: SettledListener = ({ durable, dropped, abandoned }) => {
    for (const [outcome, rows] of [['durable', durable], ['abandoned', abandoned], ...dropped] as const)
      settled.set(outcome, (settled.get(outcome) ?? 0) + rows);
  };
  for (const { part, how, isRefused } of partsOf({ records, batches })) {
    if (isRefused) sink.refusals = 1;
    await give(processor, batchOf(part, how, listener));
    sink.refusals = 0;
  }
  return settled;
}

/** The records of each batch. */
export function partsOf({ records, batches }: Feed): { part: readonly PlainRecord[]; how: Making; isRefused: boolean }[] {
  const parts: { part: readonly PlainRecord[]; how: Making; isRefused: boolean }[] = [];
  for (let from = 0, i = 0; from < records.length; i++) {
    const { size, how, isRefused } = batches[i % batches.length] as Feed['batches'][number];
    parts.push({ part: records.slice(from, from + size), how, isRefused });
    from += size;
  }
  return parts;
}

/** Inside lists and maps a whole double becomes an int. */
export function plainDoubles(value: ProtoAnyValue): ProtoAnyValue {
  const inner = (one: ProtoAnyValue): ProtoAnyValue =>
    one.doubleValue !== undefined && Number.isSafeInteger(one.doubleValue) ? { intValue: String(one.doubleValue) } : plainDoubles(one);
  if (value.arrayValue) return { arrayValue: { values: value.arrayValue.values.map(inner) } };
  if (!value.kvlistValue) return value;
  return { kvlistValue: { values: value.kvlistValue.values.map(({ key, value: one }) => ({ key, value: inner(one ?? {}) })) } };
}
