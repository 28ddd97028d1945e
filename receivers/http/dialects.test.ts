import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { field, resourceAttributes, SeverityNumber, type LogBatch } from '#model';
import { decompressSnappy } from '#net';
import { start, stopAll, type Rig } from '../../test/helpers/http-receiver-rig.ts';
import { parseLabels } from './loki-labels.ts';

afterEach(stopAll);

const JSON_TYPE = { 'content-type': 'application/json' };
const BULK_TYPE = { 'content-type': 'application/vnd.elasticsearch+x-ndjson; compatible-with=8' };

const lines = (...values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** The resource of each row, which the sink does not keep. */
function watchResources({ sink }: Rig): Record<string, unknown>[] {
  const seen: Record<string, unknown>[] = [];
  const consume = sink.consume.bind(sink);
  sink.consume = (batch: LogBatch) => {
    for (let row = 0; row < batch.length; row++) {
      const resource = batch.resources[batch.resourceOf[row] as number];
      seen.push(resource ? resourceAttributes(resource) : {});
    }
    return consume(batch);
  };
  return seen;
}

describe('Elasticsearch', () => {
  test('documents become records, with an item for each in the answer', async () => {
    const { post, sink } = await start();
    const body = lines(
      { create: { _index: 'app' } },
      { '@timestamp': '2026-01-30T12:00:00Z', message: 'one', 'log.level': 'ERROR', user: 'x' },
      { index: { _id: '7' } },
      { message: 'two' },
    );

    const response = await post('/other/_bulk?pipeline=none', body, BULK_TYPE);

    expect([response.status, response.headers.get('x-elastic-product')]).toEqual([200, 'Elasticsearch']);
    const answer = await response.json();
    expect(answer).toMatchObject({
      errors: false,
      items: [{ create: { _index: 'app', status: 201 } }, { index: { _index: 'other', _id: '7', status: 201 } }],
    });
    expect(sink.records).toMatchObject([
      { body: 'one', severity: SeverityNumber.error, attributes: { 'elasticsearch.index': 'app', user: 'x' } },
      { body: 'two', attributes: { 'elasticsearch.index': 'other' } },
    ]);
  });

  test('the severity and the ids of ECS are found inside of objects too, which stay as they are', async () => {
    const { post, sink } = await start();
    const ids = { trace: { id: '0af7651916cd43dd8448eb211c80319c' }, span: { id: 'b7ad6b7169203331' } };
    const documents = [
      { message: 'one', log: { level: 'error', offset: 7, file: { path: '/x' } }, ...ids },
      { message: 'two', log: { level: 'loud' }, trace: { id: 'short' } },
      { message: 'three', log: 'level', trace: ['id'], level: 'warn' },
      { message: 'four', log: { level: 'debug' }, 'log.level': 'fatal' },
    ];

    await post('/app/_bulk', lines(...documents.flatMap((document) => [{ create: {} }, document])), BULK_TYPE);

    const index = { 'elasticsearch.index': 'app' };
    expect(sink.records).toMatchObject([
      { severity: SeverityNumber.error, severityText: 'error', traceId: ids.trace.id, spanId: ids.span.id },
      { severity: 0, traceId: '' },
      { severity: SeverityNumber.warn },
      { severity: SeverityNumber.fatal },
    ]);
    expect(sink.records.map(({ attributes }) => attributes)).toEqual([
      { ...index, log: documents[0]?.log, ...ids },
      { ...index, log: { level: 'loud' }, trace: { id: 'short' } },
      { ...index, log: 'level', trace: ['id'] },
      { ...index, log: { level: 'debug' } },
    ]);
  });

  test('a document that is none and an action that cannot be are errors of their items; the others are taken', async () => {
    const { post, sink } = await start();
    const body = `${lines({ create: {} })}{"message":\n${lines({ delete: { _id: '1' } }, { create: {} }, { message: 'good' })}`;

    const answer: unknown = await (await post('/_bulk', body, BULK_TYPE)).json();

    expect(answer).toMatchObject({
      errors: true,
      items: [
        { create: { status: 400, error: { type: 'document_parsing_exception', reason: 'expected a value' } } },
        { delete: { status: 400 } },
        { create: { status: 201 } },
      ],
    });
    expect(sink.bodies).toEqual(['good']);
  });

  test.each(['{"create":{}}\n{}\nnonsense\n{}\n', '{"create":{}}', '{"explode":{}}\n{}\n'])(
    'a malformed action refuses the request as a whole: %j',
    async (body) => {
      const { post, sink } = await start();

      const response = await post('/_bulk', body, BULK_TYPE);

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ status: 400, error: { type: 'illegal_argument_exception' } });
      expect(sink.batches).toBe(0);
    },
  );

  test('a pipeline that refuses is 429 in the words of Elasticsearch', async () => {
    const { post, sink } = await start();
    sink.isRefusing = true;

    const response = await post('/_bulk', lines({ create: {} }, { message: 'a' }), BULK_TYPE);

    expect([response.status, response.headers.get('retry-after'), response.headers.get('x-elastic-product')]).toEqual([
      429,
      '1',
      'Elasticsearch',
    ]);
    expect(await response.json()).toMatchObject({ error: { type: 'es_rejected_execution_exception' }, status: 429 });
  });

  test('what clients and shippers ask first is answered', async () => {
    const { url } = await start();
    const ask = async (method: string, path: string): Promise<[number, string | null, unknown]> => {
      const response = await fetch(url + path, { method, ...(method === 'PUT' && { body: '{}', headers: JSON_TYPE }) });
      const text = await response.text();
      return [response.status, response.headers.get('x-elastic-product'), text === '' ? undefined : JSON.parse(text)];
    };

    expect(await ask('GET', '/')).toMatchObject([
      200,
      'Elasticsearch',
      { version: { number: expect.stringMatching(/^8\./) }, tagline: 'You Know, for Search' },
    ]);
    expect(await ask('HEAD', '/')).toEqual([200, 'Elasticsearch', undefined]);
    expect(await ask('GET', '/_license')).toMatchObject([200, 'Elasticsearch', { license: { status: 'active' } }]);
    expect(await ask('GET', '/_xpack')).toMatchObject([200, 'Elasticsearch', { features: { ilm: { enabled: true } } }]);
    expect(await ask('HEAD', '/_index_template/filebeat-8.19.0')).toEqual([200, 'Elasticsearch', undefined]);
    expect(await ask('PUT', '/_index_template/ecs-logstash')).toEqual([200, 'Elasticsearch', { acknowledged: true }]);
    expect(await ask('GET', '/_ilm/policy/filebeat')).toEqual([200, 'Elasticsearch', {}]);
  });

  test('a path of our own at the root leaves the handshake alone', async () => {
    const { post, url, sink } = await start({ paths: [{ path: '/' }] });

    expect((await post('/', 'a line')).status).toBe(200);
    expect(await (await fetch(url)).json()).toMatchObject({ tagline: 'You Know, for Search' });
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
    expect(sink.bodies).toEqual(['a line']);
  });
});

/** The varint of a small number. */
const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);
const literal = (bytes: Uint8Array): Uint8Array => Uint8Array.of(61 << 2, (bytes.length - 1) & 255, (bytes.length - 1) >> 8, ...bytes);
const snappy = (bytes: Uint8Array): Uint8Array => Uint8Array.of(...varint(bytes.length), ...literal(bytes));
const text = (value: string): Buffer => Buffer.from(value);
const label = (name: string, value: string): Uint8Array => Buffer.concat([field(0x0a, text(name)), field(0x12, text(value))]);

describe('Loki', () => {
  const PROTOBUF = { 'content-type': 'application/x-protobuf' };

  test('JSON streams become records with their labels', async () => {
    const { post, sink } = await start();
    const streams = [
      {
        values: [
          ['1769774400123456789', 'plain'],
          ['1769774400000000000', 'with "escapes"\n', { trace: 'x' }],
        ],
        stream: { app: 'web', level: 'warn' },
      },
      { stream: { app: 'db' }, values: [['0', '']] },
    ];

    const response = await post('/loki/api/v1/push', JSON.stringify({ streams }), JSON_TYPE);

    expect(response.status).toBe(204);
    expect(sink.records).toMatchObject([
      {
        body: 'plain',
        timeMs: 1_769_774_400_123,
        timeNs: 456_789,
        severity: SeverityNumber.warn,
        severityText: 'warn',
        attributes: { app: 'web' },
      },
      { body: 'with "escapes"\n', attributes: { app: 'web', level: 'warn', trace: 'x' } },
      { body: '', timeMs: 0, severity: 0, attributes: { app: 'db' } },
    ]);
  });

  test.each([{}, { 'content-encoding': 'snappy' }])('protobuf in Snappy becomes the same records (%j)', async (encoding) => {
    const { post, sink } = await start();
    const time = Buffer.from([0x08, ...varint(1_769_774_400), 0x10, ...varint(123_456_789)]);
    const entry = Buffer.concat([field(0x0a, time), field(0x12, text('a line')), field(0x1a, label('trace', 'x'))]);
    const stream = Buffer.concat([field(0x0a, text('{app="web", level="error"}')), field(0x12, entry), field(0x12, entry)]);

    const response = await post('/loki/api/v1/push', snappy(field(0x0a, stream)), { ...PROTOBUF, ...encoding });

    expect(response.status).toBe(204);
    expect(sink.records).toHaveLength(2);
    expect(sink.records[1]).toMatchObject({
      body: 'a line',
      timeMs: 1_769_774_400_123,
      timeNs: 456_789,
      severity: SeverityNumber.error,
      attributes: { app: 'web', level: 'error', trace: 'x' },
    });
  });

  test.each([
    ['{"streams":[{"stream":{"a":"b"},"values":[["now","x"]]}]}', 400],
    ['{"streams":[{"stream":{"a":1},"values":[["1","x"]]}]}', 400],
    ['{"streams":[{"stream":{"a":"b"},"values":[["1","x"],["2"]]}]}', 400],
    ['{"streams":[', 400],
  ])('nothing is taken of %s', async (body, status) => {
    const { post, sink } = await start();

    expect((await post('/loki/api/v1/push', body, JSON_TYPE)).status).toBe(status);
    expect(sink.batches).toBe(0);
  });

  test('a body that is neither is 415, one that is no Snappy 400, and one that would be too long 413', async () => {
    const { post } = await start({ max_decompressed_body_size: 1000 });

    expect((await post('/loki/api/v1/push', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('/loki/api/v1/push', 'xyz', PROTOBUF)).status).toBe(400);
    expect((await post('/loki/api/v1/push', Uint8Array.of(...varint(2000), 0), PROTOBUF)).status).toBe(413);
  });

  test('labels are read as Loki writes them', () => {
    expect(parseLabels('{a="1", b_c="x\\"y\\\\z\\n\\u00e9", __name__="n",}')).toEqual({ a: '1', b_c: 'x"y\\z\né', ['__name__']: 'n' });
    expect(parseLabels('{}')).toEqual({});
    expect(() => parseLabels('{a="1"')).toThrow('expected labels');
    expect(() => parseLabels('{a="1"} x')).toThrow('expected labels');
  });
});

describe('Snappy', () => {
  // Goal: every way of writing a block is undone. Method: elements of all kinds are drawn, and what they mean is written
  // down beside them.
  test('undoes literals and copies of all kinds, overlapping ones too', () => {
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.record({ kind: fc.constantFrom(1, 2, 3), size: fc.integer({ min: 4, max: 11 }), back: fc.integer({ min: 1, max: 2000 }) }),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 40 }), (elements) => {
        const block: number[] = [];
        const meant: number[] = [];
        for (const one of elements) {
          if (one instanceof Uint8Array) {
            block.push(...(one.length <= 60 ? [(one.length - 1) << 2, ...one] : literal(one)));
            meant.push(...one);
          } else if (meant.length > 0) {
            const offset = Math.min(one.back, meant.length);
            if (one.kind === 1) block.push(1 | ((one.size - 4) << 2) | ((offset >> 8) << 5), offset & 255);
            else block.push(one.kind | ((one.size - 1) << 2), offset & 255, offset >> 8, ...(one.kind === 3 ? [0, 0] : []));
            for (let i = 0; i < one.size; i++) meant.push(meant[meant.length - offset] as number);
          }
        }

        expect(Array.from(decompressSnappy(Buffer.from([...varint(meant.length), ...block]), 1e6))).toEqual(meant);
      }),
    );
  });

  test('refuses anything else without reading or writing out of bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let said = 'no block of Snappy';
        let length = 0;
        try {
          ({ length } = decompressSnappy(Buffer.from(bytes), 10_000));
        } catch (problem) {
          said = String(problem);
        }

        expect(length).toBeLessThanOrEqual(10_000);
        expect(said).toMatch(/no block of Snappy|longer than/);
      }),
    );
  });
});

describe('Splunk', () => {
  const PATH = '/services/collector/event';

  test('events become records, with where they come from in the resource', async () => {
    const rig = await start({ resource: { r: '1' } });
    const resources = watchResources(rig);
    const body =
      '{"time":1769774400.123,"host":"h1","source":"s","sourcetype":"st","index":"main","event":"text \\"quoted\\"","fields":{"a":"b","n":[1,2]}}' +
      '{"time":"1769774400","host":"h2","event":{"message":"object","level":"info","x":1}}\n{"event":42}';

    const response = await rig.post(PATH, body);

    expect([response.status, await response.json()]).toEqual([200, { text: 'Success', code: 0 }]);
    expect(rig.sink.records).toMatchObject([
      { body: 'text "quoted"', timeMs: 1_769_774_400_123, attributes: { a: 'b', n: [1, 2] } },
      { body: 'object', timeMs: 1_769_774_400_000, severity: SeverityNumber.info, attributes: { x: 1 } },
      { body: '42', timeMs: 0 },
    ]);
    expect(resources).toEqual([
      { r: '1', 'host.name': 'h1', 'com.splunk.source': 's', 'com.splunk.sourcetype': 'st', 'com.splunk.index': 'main' },
      { r: '1', 'host.name': 'h2' },
      { r: '1' },
    ]);
  });

  test.each([
    ['', 5, undefined],
    ['{"event":"a"}{"time":1}', 12, 1],
    ['{"event":""}', 13, 0],
    ['{"event":"a"} nonsense', 6, 1],
    ['{"event":"a","fields":{"a":{}}}', 6, 0],
    ['{"event":{"a":}}', 6, 0],
  ])('%j is answered 400 with the code of Splunk', async (body, code, number) => {
    const { post, sink } = await start();

    const response = await post(PATH, body);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code, ...(number !== undefined && { 'invalid-event-number': number }) });
    expect(sink.batches).toBe(0);
  });

  test('raw lines take their source from the query', async () => {
    const rig = await start();
    const resources = watchResources(rig);

    expect((await rig.post('/services/collector/raw?host=h&sourcetype=st', 'one\ntwo\n')).status).toBe(200);

    expect(rig.sink.bodies).toEqual(['one', 'two']);
    expect(resources[0]).toEqual({ 'host.name': 'h', 'com.splunk.sourcetype': 'st' });
  });

  test('with a channel the answer has an id, and asking for it says yes', async () => {
    const { post } = await start({ acknowledge: 'accepted' });
    const channel = { 'x-splunk-request-channel': 'c' };
    const { ackId } = (await (await post(PATH, '{"event":"a"}', channel)).json()) as { ackId: number };

    expect(await (await post('/services/collector/ack?channel=c', JSON.stringify({ acks: [ackId, ackId + 1] }))).json()).toEqual({
      acks: { [ackId]: true, [ackId + 1]: false },
    });
    expect(await (await post('/services/collector/ack', '{"acks":[1]}')).json()).toMatchObject({ code: 10 });
    expect((await post('/services/collector/ack?channel=c', '{"acks":["x"]}')).status).toBe(400);
  });

  test('Docker, which asks for OPTIONS without credentials before it starts a container, is answered 200', async () => {
    const nobody = { authenticate: () => ({ isAllowed: false, challenge: 'X' }) };
    const { url } = await start({ auth: { authenticator: 'nobody' } }, { extensions: { nobody } });

    const response = await fetch(`${url}/services/collector/event/1.0`, { method: 'OPTIONS' });

    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([200, 'POST', '']);
  });

  test('a pipeline that refuses is a busy server, and health is told', async () => {
    const { post, sink, url } = await start();
    sink.isRefusing = true;

    const response = await post(PATH, '{"event":"a"}');

    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
      503,
      '1',
      { text: 'Server is busy', code: 9 },
    ]);
    expect(await (await fetch(`${url}/services/collector/health`)).json()).toEqual({ text: 'HEC is healthy', code: 17 });
  });
});

test('a dialect that is not configured is not there', async () => {
  const { post, url } = await start({ dialects: ['loki'] });

  expect((await fetch(url)).status).toBe(404);
  expect((await post('/_bulk', '{}')).status).toBe(404);
  expect((await post('/services/collector', '{}')).status).toBe(404);
  expect((await post('/loki/api/v1/push', '{"streams":[]}', JSON_TYPE)).status).toBe(204);
});

test('what is no UTF-8 stays as it came in lines, and is refused as JSON', async () => {
  const { post, sink } = await start();
  const bad = Buffer.from([0x61, 0xff]);

  await post('/logs', Buffer.concat([text('good\n'), bad]));
  const response = await post('/logs', Buffer.concat([text('{"a":"'), bad, text('"}\n{"message":"ok"}')]));

  expect(sink.records.map(({ body, attributes }) => [body, attributes])).toEqual([
    ['good', {}],
    [Uint8Array.from(bad), { 'winnow.body.encoding_error': true }],
    ['ok', {}],
  ]);
  expect(await response.json()).toMatchObject({ accepted: 1, problems: [{ line: 1, message: 'expected UTF-8' }] });
});
