import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { AttributeTable, ByteSpace, keyOf, toJson, type LogBatch } from '#model';
import { readJsonRequest, readRequest, writeJsonRequest, writeRequest } from '#otlp';
import { encodeRequest, type ProtoRequest } from '../../test/helpers/otlp-proto.ts';
import { SlotFinder } from './reader-slots.ts';
import { requests, saidBy } from '../../test/helpers/otlp-arbitrary.ts';

const EVERYTHING: ProtoRequest = {
  resourceLogs: [
    {
      resource: {
        attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }],
        droppedAttributesCount: 3,
        entityRefs: [{ schemaUrl: 'https://schema.example/1', type: 'service', idKeys: ['service.name'], descriptionKeys: ['x'] }],
      },
      schemaUrl: 'https://schema.example/2',
      scopeLogs: [
        {
          scope: { name: 'scope', version: '1.2', attributes: [{ key: 'a', value: { boolValue: true } }], droppedAttributesCount: 1 },
          schemaUrl: 'https://schema.example/3',
          logRecords: [
            {
              timeUnixNano: '1774000000123456789',
              observedTimeUnixNano: '18446744073709551615',
              severityNumber: 9,
              severityText: 'INFO',
              body: { stringValue: 'hello, Wörld' },
              attributes: [
                { key: 'text', value: { stringValue: 'é' } },
                { key: 'yes', value: { boolValue: true } },
                { key: 'no', value: { boolValue: false } },
                { key: 'int', value: { intValue: '-42' } },
                { key: 'big', value: { intValue: '9223372036854775807' } },
                { key: 'small', value: { intValue: '-9223372036854775808' } },
                { key: 'whole double', value: { doubleValue: 3 } },
                { key: 'infinite', value: { doubleValue: Number.NEGATIVE_INFINITY } },
                { key: 'bytes', value: { bytesValue: Buffer.from([0, 255]) } },
                { key: 'empty', value: {} },
                { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { doubleValue: 1 }, {}] } } },
                { key: 'map', value: { kvlistValue: { values: [{ key: '__proto__', value: { stringValue: 'x' } }] } } },
              ],
              droppedAttributesCount: 7,
              flags: 0x8000_0101,
              traceId: Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'),
              spanId: Buffer.from('0102030405060708', 'hex'),
              eventName: 'user.login',
            },
            {},
            { body: { intValue: '5' }, timeUnixNano: '1' },
            { body: {} },
            { body: { bytesValue: Buffer.from([1, 2]) } },
          ],
        },
      ],
    },
  ],
};

describe('readRequest', () => {
  it('gives every field of a record its column', () => {
    const batch = readRequest(encodeRequest(EVERYTHING));

    expect(batch.length).toBe(5);
    expect([batch.timeMs[0], batch.timeNs[0]]).toEqual([1_774_000_000_123, 456_789]);
    expect([batch.observedMs[0], batch.observedNs[0]]).toEqual([18_446_744_073_709, 551_615]);
    expect([batch.severity[0], batch.severityText(0)]).toEqual([9, 'INFO']);
    expect(batch.body(0)).toBe('hello, Wörld');
    expect(batch.traceId(0)).toBe('0102030405060708090a0b0c0d0e0f10');
    expect(batch.spanId(0)).toBe('0102030405060708');
    expect(batch.eventName(0)).toBe('user.login');
    expect([batch.rare?.flags[0], batch.rare?.droppedAttributes[0]]).toEqual([0x8000_0101, 7]);
    expect(Object.fromEntries(batch.attributesOf(0))).toEqual({
      text: 'é',
      yes: true,
      no: false,
      int: -42,
      big: 9_223_372_036_854_775_807n,
      small: -9_223_372_036_854_775_808n,
      'whole double': 3,
      infinite: Number.NEGATIVE_INFINITY,
      bytes: new Uint8Array([0, 255]),
      empty: null,
      list: [1, 1, null],
      map: Object.defineProperty({}, '__proto__', { value: 'x', enumerable: true }),
    });
    expect([batch.body(1), batch.body(2), batch.body(3)]).toEqual([null, 5, null]);
  });

  it('copies no text: rows point into the body', () => {
    const body = Buffer.from(encodeRequest(EVERYTHING));

    const batch = readRequest(body);

    expect(batch.space.bytes).toBe(body);
    expect(batch.space.sideLength).toBe(0);
    expect(body.toString('utf8', batch.bodyStart[0], (batch.bodyStart[0] ?? 0) + (batch.bodySize[0] ?? 0))).toBe('hello, Wörld');
  });

  it('takes a plain Uint8Array that is a part of a larger buffer', () => {
    const bytes = encodeRequest(EVERYTHING);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 10);

    const batch = readRequest(larger.subarray(10, 10 + bytes.length));

    expect(batch.body(0)).toBe('hello, Wörld');
  });

  it('reads what protobufjs wrote and writes what protobufjs reads as the same', () => {
    const batch = readRequest(encodeRequest(EVERYTHING));

    const { body, rows, next } = writeRequest(batch, 0, Number.POSITIVE_INFINITY);

    expect([rows, next]).toEqual([5, 5]);
    expect(saidBy(body)).toEqual(saidBy(encodeRequest(EVERYTHING)));
  });

  it('writes rows of one resource behind a dropped one of a smaller resource', () => {
    const resource = { attributes: [{ key: 'host.name', value: { stringValue: 'a-long-host-name.eu-west-1.example.com' } }] };
    const kept = { resource, schemaUrl: `https://schema.example/${'x'.repeat(200)}`, scopeLogs: [{ logRecords: [{ eventName: 'kept' }] }] };
    const batch = readRequest(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }, kept] }));
    batch.drop(0, 'test');

    const { body, rows } = writeRequest(batch, 0, Number.POSITIVE_INFINITY);

    expect(rows).toBe(1);
    expect(saidBy(body)).toEqual(saidBy(encodeRequest({ resourceLogs: [kept] })));
  });

  it('loses nothing of any request', () => {
    // Goal: protobuf in → protobuf out is the same to a decoder that is not ours. Method: arbitrary requests, encoded by
    // protobufjs, read and written by us, decoded by protobufjs and compared record by record.
    fc.assert(
      fc.property(requests, (request) => {
        const encoded = encodeRequest(request);

        const { body } = writeRequest(readRequest(encoded), 0, Number.POSITIVE_INFINITY);

        expect(saidBy(body)).toEqual(saidBy(encoded));
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it('keeps fields of a record that it does not know, wherever they stand', () => {
    const unknown = [
      [0xf8, 0x06, 0x2a], // field 111, a number
      [0x4a, 0x02, 0x01, 0x02], // a trace id of two bytes
      [0xfa, 0x06, 0x03, 0x61, 0x62, 0x63], // field 111, bytes
      [0x10, 0x80, 0x02], // a severity of 256
    ];
    const text = [0x1a, 0x01, 0x41];
    const name = [0x62, 0x01, 0x42];

    for (const fields of [
      unknown.flat(),
      [...text, ...unknown.flat(), ...name],
      unknown.flatMap((field) => [...text, ...field, ...name]),
      [...(unknown[0] ?? []), ...text, ...unknown.slice(1).flat()],
    ]) {
      const batch = readRequest(requestOf(fields));
      const { body } = writeRequest(batch, 0, Number.POSITIVE_INFINITY);

      expect(body.includes(Buffer.from(unknown.flat()))).toBe(true);
      expect(readRequest(body).severity[0]).toBe(0);
    }
  });

  it('passes over fields that it does not know beside records', () => {
    const known = encodeRequest(EVERYTHING);
    const body = Buffer.concat([Buffer.from([0x7a, 1, 0, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0, 0, 0, 0, 0x78, 1]), known]);

    expect(readRequest(body).length).toBe(5);
  });

  it('keeps the last value of a key that a record has twice, also among many', () => {
    const attributes = Array.from({ length: 100 }, (_, i) => ({ key: `k${i % 50}`, value: { intValue: String(i) } }));

    const batch = readRequest(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }] }));

    expect([...batch.attributesOf(0)]).toEqual(Array.from({ length: 50 }, (_, i) => [`k${i}`, i + 50]));
  });

  it('makes equal resources one object, within a request and from one to the next', () => {
    const resource = { attributes: [{ key: 'host', value: { stringValue: 'a' } }] };
    const other = { attributes: [{ key: 'host', value: { stringValue: 'b' } }] };
    const scopeLogs = [{ logRecords: [{}] }];
    const bytes = encodeRequest({
      resourceLogs: [
        { resource, scopeLogs },
        { resource: other, scopeLogs },
        { resource, scopeLogs },
      ],
    });

    const [first, second] = [readRequest(bytes), readRequest(bytes)];

    expect(first.resources.length).toBe(3);
    expect([...first.resourceOf.subarray(0, 3)]).toEqual([1, 2, 1]);
    expect(second.resources[1]).toBe(first.resources[1]);
  });

  it('does not mind a resource and a schema that come after the records', () => {
    const logs = [0x12, 0x02, 0x12, 0x00];
    const resource = [0x0a, 0x02, 0x10, 0x07];
    const schema = [0x1a, 0x01, 0x78];
    const body = Uint8Array.from([0x0a, 11, ...logs, ...schema, ...resource]);

    const batch = readRequest(body);

    expect(batch.resources[batch.resourceOf[0] ?? 0]).toEqual({ encoded: new Uint8Array([0x10, 0x07]), schemaUrl: 'x' });
  });
});

describe('readRequest of malformed bytes', () => {
  it.each([
    ['a length beyond the end', [0x0a, 0x05, 0x00], 1],
    ['a length beyond 2^32', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 1],
    ['a number without its end', [0x08, 0x80], 1],
    ['a number of eleven bytes', [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], 1],
    ['field number 0', [0x02, 0x00], 0],
    ['a field number beyond 32 bits', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00], 0],
    ['a group', [0x0b, 0x0c], 1],
    ['eight bytes that are three', [0x09, 1, 2, 3], 1],
    ['four bytes that are three', [0x0d, 1, 2, 3], 1],
    ['a time that is cut off', [...requestOf([0x09, 1, 2, 3])], 7],
    ['flags that are cut off', [...requestOf([0x45, 1])], 7],
    ['a double that is cut off', [...requestOf([0x32, 0x04, 0x12, 0x02, 0x21, 1])], 11],
    ['a nested value that is cut off', [...requestOf([0x2a, 0x02, 0x2a, 0x05])], 9],
  ])('names the byte of %s', (_what, bytes, at) => {
    expect(() => readRequest(Uint8Array.from(bytes))).toThrow(RangeError);
    expect(() => readRequest(Uint8Array.from(bytes))).toThrow(`malformed OTLP at byte ${at}: `);
  });

  it('refuses values nested too deeply, wherever they are', () => {
    let value: Uint8Array = Uint8Array.of(0x18, 1);
    for (let depth = 0; depth < 100; depth++) value = prefixed(0x2a, prefixed(0x0a, value));
    const attribute = Buffer.concat([Buffer.from([0x0a, 1, 0x61]), prefixed(0x12, value)]);

    expect(() => readRequest(requestOf(prefixed(0x2a, value)))).toThrow('nested deeper than 64');
    expect(() => readRequest(requestOf(prefixed(0x32, attribute)))).toThrow('nested deeper than 64');
    expect(() => readRequest(prefixed(0x0a, Buffer.concat([prefixed(0x0a, prefixed(0x0a, attribute)), Buffer.from([0x12, 0])])))).toThrow(
      'deeper',
    );
  });

  it('has a bound for records, attributes and resources', () => {
    const records = Buffer.alloc(2 * 262_145);
    for (let i = 0; i < records.length; i += 2) records[i] = 0x12;
    const slots = new AttributeTable(new ByteSpace(), 1);
    slots.count = 2_097_152;
    const finder = new SlotFinder(slots);
    finder.beginRow(0);

    expect(() => readRequest(prefixed(0x0a, prefixed(0x12, records)))).toThrow('more than 262144 records');
    expect(finder.slotOf(keyOf('one more'))).toBe(-1);
    const resources = Buffer.concat(
      Array.from({ length: 65_536 }, (_, i) => {
        const resource = Buffer.from([0x10, 0x80 | (i & 127), 0x80 | ((i >> 7) & 127), 0x04 | (i >> 14)]);
        return prefixed(0x0a, Buffer.concat([prefixed(0x0a, resource), Buffer.from([0x12, 2, 0x12, 0])]));
      }),
    );
    expect(() => readRequest(resources)).toThrow('more than 65536 resources');
  });

  it('throws RangeError or nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(whatIsWrongWith(bytes)).toBeUndefined();
      }),
      { numRuns: 3000, endOnFailure: true },
    );
  });

  it('a text with something unknown behind it is that text', () => {
    const body = prefixed(0x2a, Buffer.concat([prefixed(0x0a, Buffer.from('text')), prefixed(0x7a, Buffer.from('?'))]));

    expect(readRequest(requestOf(body)).bodyText(0)).toBe('text');
    expect(whatIsWrongWith(requestOf(body))).toBeUndefined();
  });

  it('throws RangeError or nothing for valid requests with a few bytes changed, and what passes can be used', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(requests, changes, fc.nat(), (request, edits, cut) => {
        const bytes = Uint8Array.from(encodeRequest(request));
        if (bytes.length === 0) return;
        for (const { at, to } of edits) bytes[at % bytes.length] = to;
        expect(whatIsWrongWith(bytes)).toBeUndefined();
        expect(whatIsWrongWith(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });
});

/**
 * Reads and, when that goes well, touches everything that was read and writes it in both formats. Says what is wrong: an
 * error that is no RangeError with a byte, or a record that is another one afterwards.
 */
function whatIsWrongWith(bytes: Uint8Array): string | undefined {
  let batch: LogBatch;
  try {
    batch = readRequest(bytes);
  } catch (error) {
    const isExpected = error instanceof RangeError && /^malformed OTLP at byte [0-9]+: /.test(error.message);
    return isExpected ? undefined : String(error);
  }
  const again = readRequest(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body);
  const json = readJsonRequest(writeJsonRequest(batch, 0, Number.POSITIVE_INFINITY).body);
  if (again.length !== batch.length || json.length !== batch.length) return 'rows were lost';
  for (let row = 0; row < batch.length; row++) {
    const told = toldBy(batch, row);
    if (toldBy(again, row) !== told) return `row ${row} is another one after protobuf`;
    // JSON has no invalid UTF-8, so bytes that are not text come back as U+FFFD; as text they are the same.
    if (toldBy(json, row) !== told) return `row ${row} is another one after JSON`;
  }
  return undefined;
}

function toldBy(batch: LogBatch, row: number): string {
  const attributes = Array.from(batch.attributesOf(row), ([key, value]) => [key, toJson(value)]);
  return JSON.stringify([batch.bodyText(row), attributes, batch.severityText(row), batch.eventName(row), batch.traceId(row)]);
}

/** A request of one record with these fields. */
function requestOf(record: Uint8Array | readonly number[]): Buffer {
  return prefixed(0x0a, prefixed(0x12, prefixed(0x12, Buffer.from(record))));
}

function prefixed(tag: number, payload: Uint8Array): Buffer {
  const head = [tag];
  let length = payload.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), payload]);
}
