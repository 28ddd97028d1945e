import { expect, it } from 'vitest';
import { LogBatch, appendRows } from '#model';
import { readJsonRequest, readSealedRequest, writeJsonRequest, writeRequest } from '#otlp';

const WHOLE = Number.POSITIVE_INFINITY;

const SPAN = {
  traceId: '0102030405060708090a0b0c0d0e0f10',
  spanId: '0102030405060708',
  traceState: 'a=b',
  parentSpanId: '1112131415161718',
  name: 'GET /orders',
  kind: 2,
  startTimeUnixNano: '1774000000123456789',
  endTimeUnixNano: '18446744073709551615',
  attributes: [
    { key: 'big', value: { intValue: '9223372036854775807' } },
    { key: 'list', value: { arrayValue: { values: [{ doubleValue: 1.5 }, {}, { bytesValue: 'AP8=' }] } } },
  ],
  droppedAttributesCount: 1,
  events: [
    { timeUnixNano: '1774000000123456790', name: 'é', attributes: [{ key: 'a', value: { boolValue: true } }], droppedAttributesCount: 2 },
  ],
  droppedEventsCount: 3,
  links: [
    {
      traceId: 'ffffffffffffffffffffffffffffffff',
      spanId: 'ffffffffffffffff',
      traceState: 'x=y',
      attributes: [{ key: 'b', value: { stringValue: '' } }],
      droppedAttributesCount: 4,
      flags: 257,
    },
  ],
  droppedLinksCount: 5,
  status: { message: 'no', code: 2 },
  flags: 769,
};

const REQUEST = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [{ scope: { name: 'scope' }, spans: [SPAN, { name: 'other' }], schemaUrl: 'https://schema.example' }],
    },
    { resource: {}, scopeSpans: [{ scope: {}, spans: [{}] }] },
  ],
};
const JSON_BODY = Buffer.from(JSON.stringify(REQUEST));

const said = (batch: LogBatch): unknown => JSON.parse(writeJsonRequest(batch, 0, WHOLE).body.toString());
const protobuf = (): Buffer => Buffer.from(writeRequest(readJsonRequest(JSON_BODY, 'traces'), 0, WHOLE).body);

it('loses nothing of a span on the way from JSON to protobuf and back', () => {
  expect(said(readJsonRequest(JSON_BODY, 'traces'))).toEqual(REQUEST);
  expect(said(readSealedRequest(protobuf(), undefined, 'traces'))).toEqual(REQUEST);
});

it('writes spans byte for byte as they came, also those that were copied or looked at', () => {
  const bytes = protobuf();
  const batch = new LogBatch();
  appendRows(batch, readSealedRequest(bytes, undefined, 'traces'));
  batch.open();

  expect(batch.signal).toBe('traces');
  expect(Buffer.from(writeRequest(batch, 0, WHOLE).body)).toEqual(bytes);
});

it('shows a span as a record to who looks', () => {
  const batch = readSealedRequest(protobuf(), undefined, 'traces');
  batch.open();

  expect(batch.body(0)).toBe('GET /orders');
  expect([batch.timeMs[0], batch.timeNs[0]]).toEqual([1_774_000_000_123, 456_789]);
  expect([batch.traceId(0), batch.spanId(0)]).toEqual([SPAN.traceId, SPAN.spanId]);
  expect(batch.attribute(0, 'big')).toBe(9_223_372_036_854_775_807n);
});

it('takes names of kinds and codes, and refuses what is none, naming the span', () => {
  const of = (span: unknown): Buffer => Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{}, span] }] }] }));
  const named = readJsonRequest(of({ kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR' } }), 'traces');

  expect(said(named)).toMatchObject({ resourceSpans: [{ scopeSpans: [{ spans: [{}, { kind: 3, status: { code: 2 } }] }] }] });
  expect(() => readJsonRequest(of({ traceId: '01' }), 'traces')).toThrow(/resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\].*32 hexadecimal/);
});

it('refuses spans that are malformed, down to the attributes of an event', () => {
  const bytes = protobuf();
  const at = bytes.indexOf('é') + 2;
  // The length of the attribute behind the name of the event.
  bytes[at + 1] = 120;

  expect(() => readSealedRequest(bytes, undefined, 'traces')).toThrow(RangeError);
});
