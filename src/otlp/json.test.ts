import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { LogBatch, ValueType } from '#model';
import { readJsonRequest, readRequest, writeJsonRequest, writeRequest } from '#otlp';
import { requests, saidBy } from '../../test/helpers/otlp-arbitrary.ts';
import { decodeJsonRequest, encodeRequest } from '../../test/helpers/otlp-proto.ts';

const ALL = Number.POSITIVE_INFINITY;

function read(message: unknown): LogBatch {
  return readJsonRequest(Buffer.from(JSON.stringify(message)));
}

function recordsOf(...logRecords: unknown[]): unknown {
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}

describe('OTLP/JSON', () => {
  test('loses nothing on the way from protobuf through JSON to protobuf', () => {
    // Goal: JSON carries what protobuf does. Method: arbitrary requests encoded by protobufjs, read, written as JSON, read,
    // written as protobuf, all by us; and the JSON is also decoded by protobufjs. Compared record by record.
    fc.assert(
      fc.property(requests, (request) => {
        const encoded = encodeRequest(request);
        const { body: json, rows } = writeJsonRequest(readRequest(encoded), 0, ALL);
        const again = readJsonRequest(json);

        expect(again.length).toBe(rows);
        expect(saidBy(writeRequest(again, 0, ALL).body)).toEqual(saidBy(encoded));
        expect(saidBy(encodeRequest(decodeJsonRequest(json)))).toEqual(saidBy(encoded));
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('is written as the specification has it', () => {
    const encoded = encodeRequest({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          schemaUrl: 'https://r.example',
          scopeLogs: [
            {
              scope: { name: 'lib', version: '1' },
              schemaUrl: 'https://s.example',
              logRecords: [
                {
                  timeUnixNano: '1774000000123456789',
                  observedTimeUnixNano: '1774000000123456790',
                  severityNumber: 9,
                  severityText: 'INFO',
                  body: { stringValue: 'say "hi"\n' },
                  attributes: [
                    { key: 'n', value: { intValue: '-5' } },
                    { key: 'd', value: { doubleValue: Number.NaN } },
                    { key: 'z', value: { doubleValue: -0 } },
                    { key: 'b', value: { bytesValue: Buffer.from([1, 2, 3]) } },
                  ],
                  flags: 1,
                  droppedAttributesCount: 2,
                  traceId: Buffer.alloc(16, 0xab),
                  spanId: Buffer.alloc(8, 0xcd),
                  eventName: 'e',
                },
              ],
            },
          ],
        },
      ],
    });

    expect(writeJsonRequest(readRequest(encoded), 0, ALL).body.toString()).toBe(
      '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[' +
        '{"scope":{"name":"lib","version":"1"},"logRecords":[{"timeUnixNano":"1774000000123456789",' +
        '"observedTimeUnixNano":"1774000000123456790","severityNumber":9,"severityText":"INFO","body":{"stringValue":"say \\"hi\\"\\n"},' +
        '"attributes":[{"key":"n","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":"NaN"}},{"key":"z","value":{"doubleValue":-0}},' +
        '{"key":"b","value":{"bytesValue":"AQID"}}],"droppedAttributesCount":2,"flags":1,"eventName":"e","traceId":"abababababababababababababababab",' +
        '"spanId":"cdcdcdcdcdcdcdcd"}],"schemaUrl":"https://s.example"}],"schemaUrl":"https://r.example"}]}',
    );
  });

  test('is cut at the size asked for, resources and scopes repeated, and dropped rows left out', () => {
    const batch = read({
      resourceLogs: ['a', 'b'].map((name) => ({
        resource: { attributes: [{ key: 'name', value: { stringValue: name } }] },
        scopeLogs: ['x', 'y'].map((scope) => ({
          scope: { name: scope },
          logRecords: [1, 2, 3].map((n) => ({ body: { stringValue: `${name}${scope}${n}` } })),
        })),
      })),
    });
    batch.drop(4, 'test');
    const bodies: string[] = [];
    let rows = 0;
    for (let from = 0; from < batch.length;) {
      const { body, next, rows: own } = writeJsonRequest(batch, from, 300);
      bodies.push(body.toString());
      rows += own;
      from = next;
    }

    const texts = bodies.flatMap((body) => Array.from(readBodies(body)));
    expect(rows).toBe(11);
    expect(texts).toEqual(['ax1', 'ax2', 'ax3', 'ay1', 'ay3', 'bx1', 'bx2', 'bx3', 'by1', 'by2', 'by3']);
    expect(bodies.length).toBeGreaterThan(2);
    for (const body of bodies) expect(body.length).toBeLessThanOrEqual(300);
    expect(writeJsonRequest(batch, batch.length, 300)).toMatchObject({ rows: 0, body: Buffer.from('{"resourceLogs":[]}') });
  });

  test('writes a record that is larger than the size asked for', () => {
    const batch = read(recordsOf({ body: { stringValue: 'x'.repeat(1000) } }, { body: { stringValue: 'y' } }));

    expect(writeJsonRequest(batch, 0, 100)).toMatchObject({ rows: 1, next: 1 });
  });

  test('writes values set by processors, and shared attributes', () => {
    const batch = new LogBatch();
    batch.reset(Buffer.from('text'));
    batch.addRow(ValueType.string, 0, 4);
    batch.setAttribute(0, 'nested', { list: [1, 'a', null, { deep: true }], big: 2n ** 60n });
    batch.setAttribute(0, 'nothing', null);
    batch.setAttribute(0, 'gone', 1);
    batch.deleteAttribute(0, 'gone');

    const again = readJsonRequest(writeJsonRequest(batch, 0, ALL).body);

    expect(Object.fromEntries(again.attributesOf(0))).toEqual({
      nested: { list: [1, 'a', null, { deep: true }], big: 2n ** 60n },
      nothing: null,
    });
  });
});

function problemOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

function* readBodies(body: string): Generator<string> {
  const batch = readJsonRequest(Buffer.from(body));
  for (let row = 0; row < batch.length; row++) yield batch.bodyText(row);
}

describe('readJsonRequest', () => {
  test('takes 64-bit integers as numbers without rounding them', () => {
    const body = Buffer.from(
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1774000000123456789,"observedTimeUnixNano":5,' +
        '"attributes":[{"key":"big","value":{"intValue":-9223372036854775808}},{"key":"d","value":{"doubleValue":1e300}}]}]}]}]}',
    );

    const batch = readJsonRequest(body);

    expect([batch.timeMs[0], batch.timeNs[0], batch.observedMs[0], batch.observedNs[0]]).toEqual([1_774_000_000_123, 456_789, 0, 5]);
    expect(batch.attribute(0, 'big')).toBe(-9_223_372_036_854_775_808n);
    expect(batch.attribute(0, 'd')).toBe(1e300);
  });

  test('takes integers that do not fit into 64 bits as doubles, and those of the same request that do, exactly', () => {
    // What JSON.stringify makes of -(2 ** 63), the least integer there is.
    const attributes = [
      ['least', '-9223372036854776000'],
      ['quoted', '"9223372036854775808"'],
      ['large', '1e20'],
      ['exact', '9007199254740993'],
    ].map(([key, value]) => `{"key":"${key}","value":{"intValue":${value}}}`);
    const nested = '{"arrayValue":{"values":[{"intValue":-9223372036854776000},{"int_value" : 9007199254740993}]}}';
    const text = 'a\\"intValue\\":12345678901234567,"x';
    const record = (body: string): string => `{"timeUnixNano":1774000000123456789,"attributes":[${attributes.join(',')}],"body":${body}}`;
    const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record(nested)},${record(`{"stringValue":${JSON.stringify(text)}}`)}]}]}]}`;

    for (const time of ['first', 'again']) {
      const batch = readJsonRequest(Buffer.from(body));
      expect([time, [...batch.attributesOf(1)], batch.timeNs[1]]).toEqual([
        time,
        [
          ['least', -(2 ** 63)],
          ['quoted', 2 ** 63],
          ['large', 1e20],
          ['exact', 9_007_199_254_740_993n],
        ],
        456_789,
      ]);
      expect([batch.body(0), batch.body(1)]).toEqual([[-(2 ** 63), 9_007_199_254_740_993n], text]);
      expect(readRequest(writeRequest(batch, 0, ALL).body).body(0)).toEqual(batch.body(0));
    }
  });

  test('takes names in snake_case, severities by name, ids in capitals, null for nothing, and passes over what it does not know', () => {
    const batch = readJsonRequest(
      Buffer.from(
        JSON.stringify({
          unknown: 1,
          resource_logs: [
            {
              resource: null,
              scope_logs: [
                {
                  log_records: [
                    {
                      severity_number: 'SEVERITY_NUMBER_WARN3',
                      trace_id: 'AB'.repeat(16),
                      body: { string_value: 'x', other: 2 },
                      flags: null,
                    },
                    { severityNumber: 'SEVERITY_NUMBER_UNSPECIFIED', flags: '7', droppedAttributesCount: 1, spanId: '' },
                    {},
                  ],
                },
              ],
            },
          ],
        }),
      ),
    );

    expect([...batch.severity.subarray(0, 3)]).toEqual([15, 0, 0]);
    expect(batch.traceId(0)).toBe('ab'.repeat(16));
    expect(batch.body(0)).toBe('x');
    expect(batch.rare?.flags[1]).toBe(7);
    expect(batch.body(2)).toBeNull();
  });

  test('leaves nothing of a request before in a batch that is used again', () => {
    const spare = new LogBatch();
    const full = {
      body: { stringValue: 'a' },
      traceId: 'ab'.repeat(16),
      flags: 1,
      timeUnixNano: '5',
      attributes: [{ key: 'k', value: {} }],
    };
    readJsonRequest(Buffer.from(JSON.stringify(recordsOf(full, full))), 'logs', spare);

    const batch = readJsonRequest(Buffer.from(JSON.stringify(recordsOf({}))), 'logs', spare);

    expect(batch).toBe(spare);
    expect([batch.length, batch.body(0), batch.traceId(0), batch.rare, batch.timeNs[0], batch.attributesOf(0).size]).toEqual([
      1,
      null,
      '',
      undefined,
      0,
      0,
    ]);
  });

  test('keeps the last value of a key that a record has twice', () => {
    const attributes = [1, 2].map((n) => ({ key: 'k', value: { intValue: n } }));

    expect([...read(recordsOf({ attributes })).attributesOf(0)]).toEqual([['k', 2]]);
  });

  test.each([
    ['', 'malformed OTLP/JSON: '],
    ['{', 'malformed OTLP/JSON: '],
    ['[]', 'malformed OTLP/JSON at the top: expected an object, got []'],
    ['null', 'malformed OTLP/JSON at the top: expected an object, got null'],
    ['{"resourceLogs":{}}', 'at resourceLogs: expected an array, got {}'],
    ['{"resourceLogs":[1]}', 'at resourceLogs[0]: expected an object, got 1'],
    ['{"resourceLogs":[{"schemaUrl":1}]}', 'at resourceLogs[0].schemaUrl: expected a string, got 1'],
    ['{"resourceLogs":[{"resource":{"attributes":[{"key":1}]}}]}', 'at resourceLogs[0].resource: expected a string, got 1'],
  ])('says of %s where it is wrong', (text, message) => {
    expect(() => readJsonRequest(Buffer.from(text))).toThrow(RangeError);
    expect(() => readJsonRequest(Buffer.from(text))).toThrow(message);
  });

  test.each([
    [{ timeUnixNano: '18446744073709551616' }, 'timeUnixNano: expected nanoseconds since 1970, got "18446744073709551616"'],
    [{ timeUnixNano: -1 }, 'timeUnixNano: expected nanoseconds since 1970, got -1'],
    [{ severityNumber: 1.5 }, 'severityNumber: expected a severity number'],
    [{ severityNumber: 'INFO' }, 'severityNumber: expected a severity number'],
    [{ traceId: 'abc' }, 'traceId: expected 32 hexadecimal digits, got "abc"'],
    [{ spanId: 'g'.repeat(16) }, 'spanId: expected 16 hexadecimal digits'],
    [{ flags: 2 ** 32 }, 'flags: expected a whole number from 0 to 4294967295'],
    [{ body: { doubleValue: 'x' } }, 'body: expected a number, got "x"'],
    [{ body: { boolValue: 'true' } }, 'body: expected true or false, got "true"'],
    [{ body: { bytesValue: '!' } }, 'body: expected base64, got "!"'],
    [{ body: { intValue: '12a' } }, 'body: expected a 64-bit integer, got "12a"'],
    [{ body: { intValue: 1.5 } }, 'body: expected a 64-bit integer, got 1.5'],
    [{ body: 'x'.repeat(200) }, `body: expected an object, got "${'x'.repeat(79)}…`],
    [{ attributes: [{ key: 'a', value: { arrayValue: { values: 1 } } }] }, 'attributes: expected an array, got 1'],
    [{ eventName: [] }, 'eventName: expected a string, got []'],
  ])('names the member of a record that is wrong: %j', (record, message) => {
    expect(() => read(recordsOf({}, record))).toThrow(RangeError);
    expect(() => read(recordsOf({}, record))).toThrow(`malformed OTLP/JSON at resourceLogs[0].scopeLogs[0].logRecords[1].${message}`);
  });

  test('refuses values nested too deeply, and too many records or resources', () => {
    let value: unknown = { intValue: 1 };
    for (let depth = 0; depth < 70; depth++) value = { arrayValue: { values: [value] } };
    const records = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${'{},'.repeat(262_144)}{}]}]}]}`;
    const resourceLogs = Array.from({ length: 65_536 }, (_, i) => ({
      resource: { droppedAttributesCount: i + 1 },
      scopeLogs: [{ logRecords: [{}] }],
    }));

    expect(() => read(recordsOf({ body: value }))).toThrow('nested no deeper than 64');
    expect(() => readJsonRequest(Buffer.from(records))).toThrow('at most 262144 records');
    expect(() => read({ resourceLogs })).toThrow('at most 65536 resources');
  });

  test('throws RangeError or nothing, whatever the JSON', () => {
    const names = fc.constantFrom(
      'resourceLogs',
      'scopeLogs',
      'logRecords',
      'resource',
      'scope',
      'attributes',
      'key',
      'value',
      'body',
      'intValue',
    );
    const more = fc.constantFrom(
      'arrayValue',
      'kvlistValue',
      'values',
      'timeUnixNano',
      'severityNumber',
      'traceId',
      'flags',
      'entityRefs',
      'name',
    );
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 9, depthSize: 'medium' },
        fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.boolean(), fc.double()),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(names, more), tie('json'), { maxKeys: 5 }),
      ),
    }));
    const wrapped = json.map((inner) => recordsOf(inner, { attributes: [inner], body: inner }));
    fc.assert(
      fc.property(fc.oneof(json, wrapped), (message) => {
        expect(problemOf(() => read(message))).toSatisfy((problem) => problem === undefined || problem instanceof RangeError);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });
});
