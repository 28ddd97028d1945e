import { once } from 'node:events';
import { connect } from 'node:net';
import * as zlib from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Consumer } from '#component';
import { fields } from '#model';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { encodeRequest } from '../../test/helpers/otlp-proto.ts';
import { startGateway, type Gateway } from '../../test/helpers/otlp-receiver.ts';

const open: Gateway[] = [];

afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop(200);
});

async function start(next: Consumer, http: object = {}, options: Parameters<typeof startGateway>[2] = {}): Promise<Gateway> {
  const gateway = await startGateway(next, http, options);
  open.push(gateway);
  return gateway;
}

const JSON_BODY = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}},{}]}]}]}';
const PROTO_BODY = Buffer.from(
  encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }, {}] }] }] }),
);
const AS_JSON = { 'content-type': 'application/json' };

/** Code and message of a Status, and that its format is that of the request. */
async function statusOf(response: Response, format: 'json' | 'protobuf'): Promise<{ code: number; message: string }> {
  expect(response.headers.get('content-type')).toBe(format === 'json' ? 'application/json' : 'application/x-protobuf');
  if (format === 'json') return (await response.json()) as { code: number; message: string };
  const body = Buffer.from(await response.arrayBuffer());
  const status = { code: 0, message: '' };
  for (const { tag, from, to, number } of fields(body, 0, body.length)) {
    if (tag === 0x08) status.code = Number(number);
    if (tag === 0x12) status.message = body.toString('utf8', from, to);
  }
  return status;
}

describe('a request that is taken', () => {
  test.each([
    ['protobuf', PROTO_BODY, {}],
    ['JSON', Buffer.from(JSON_BODY), AS_JSON],
    ['JSON with a charset', Buffer.from(JSON_BODY), { 'content-type': 'Application/JSON; charset=utf-8' }],
    ['gzip', zlib.gzipSync(PROTO_BODY), { 'content-encoding': 'gzip' }],
    ['zstd', zlib.zstdCompressSync(PROTO_BODY), { 'content-encoding': 'zstd' }],
    ['deflate', zlib.deflateSync(PROTO_BODY), { 'content-encoding': 'deflate' }],
    ['bare deflate', zlib.deflateRawSync(PROTO_BODY), { 'content-encoding': 'deflate' }],
    ['gzip of JSON', zlib.gzipSync(JSON_BODY), { ...AS_JSON, 'content-encoding': 'GZIP' }],
    ['identity', PROTO_BODY, { 'content-encoding': 'identity' }],
  ])('as %s has its records in the pipeline and an empty answer of its format', async (_, body, headers) => {
    const sink = new LogsSink();
    const gateway = await start(sink);

    const response = await gateway.post(body, headers);

    expect(response.status).toBe(200);
    const isJson = /json/i.test(JSON.stringify(headers));
    expect(response.headers.get('content-type')).toBe(isJson ? 'application/json' : 'application/x-protobuf');
    expect(await response.text()).toBe(isJson ? '{}' : '');
    expect(sink.bodies).toEqual(['hello', null]);
  });

  test('may be empty', async () => {
    const sink = new LogsSink();
    const gateway = await start(sink);

    expect((await gateway.post('')).status).toBe(200);
    expect((await gateway.post('{}', AS_JSON)).status).toBe(200);
    expect(sink.batches).toBe(0);
  });

  test('is answered only when its records have settled', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    let status = 0;

    const posted = gateway.post(PROTO_BODY).then((response) => (status = response.status));
    while (sink.kept.length === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(status).toBe(0);
    sink.release();

    expect(await posted).toBe(200);
  });

  test('is a partial success when a backend has refused some', async () => {
    const gateway = await start({
      mutates: false,
      consume: async (batch) => {
        for (const { delivery, rows } of batch.claims()) {
          delivery.dropped(1, 'refused_by_backend');
          delivery.durable(rows - 1);
        }
      },
    });

    const asJson: unknown = await (await gateway.post(JSON_BODY, AS_JSON)).json();
    const asProtobuf = Buffer.from(await (await gateway.post(PROTO_BODY)).arrayBuffer());

    expect(asJson).toEqual({ partialSuccess: { rejectedLogRecords: '1', errorMessage: '1 records were taken by no backend' } });
    expect(asProtobuf.subarray(0, 1).toString('hex')).toBe('0a');
    expect(asProtobuf.subarray(2, 4).toString('hex')).toBe('0801');
    expect(asProtobuf.includes('taken by no backend')).toBe(true);
  });

  test('is plainly taken when a processor has dropped it', async () => {
    const gateway = await start({
      mutates: false,
      consume: async (batch) => {
        for (let row = 0; row < batch.length; row++) batch.drop(row, 'filter');
      },
    });

    expect(await (await gateway.post(JSON_BODY, AS_JSON)).json()).toEqual({});
  });
});

describe('a request that is not taken', () => {
  test.each([
    ['malformed protobuf', 400, 3, 'malformed OTLP at byte', Buffer.from([0x0a, 0xff]), {}],
    ['malformed JSON', 400, 3, 'malformed OTLP/JSON', Buffer.from('{"resourceLogs":['), AS_JSON],
    ['JSON of another form', 400, 3, 'resourceLogs', Buffer.from('{"resourceLogs":7}'), AS_JSON],
    ['an empty body as JSON', 400, 3, 'malformed OTLP/JSON', Buffer.alloc(0), AS_JSON],
    ['broken gzip', 400, 3, 'cannot be decompressed', Buffer.from('no gzip'), { 'content-encoding': 'gzip' }],
    ['cut gzip', 400, 3, 'cannot be decompressed', zlib.gzipSync(PROTO_BODY).subarray(0, 20), { 'content-encoding': 'gzip' }],
    ['an unknown compression', 415, 3, 'not known; send gzip, zstd, deflate', PROTO_BODY, { 'content-encoding': 'br' }],
    ['an unknown content type', 415, 3, 'got "text/plain"', PROTO_BODY, { 'content-type': 'text/plain' }],
    ['a long body', 413, 8, 'longer than 1000 bytes', Buffer.alloc(1001), {}],
    ['a bomb', 413, 8, 'longer than 2000 bytes after decompression', zlib.gzipSync(Buffer.alloc(200_000)), { 'content-encoding': 'gzip' }],
    ['a bomb of zstd', 413, 8, 'after decompression', zlib.zstdCompressSync(Buffer.alloc(9_000_000)), { 'content-encoding': 'zstd' }],
    ['a page', 403, 7, 'see the option "cors"', PROTO_BODY, { origin: 'https://evil.example' }],
  ])('for %s is %i', async (_, status, code, text, body, headers: Record<string, string>) => {
    const sink = new LogsSink();
    const gateway = await start(sink, { max_request_body_size: 1000, max_decompressed_body_size: 2000 });

    const response = await gateway.post(body, headers);

    expect(response.status).toBe(status);
    const isProtobuf = (headers['content-type'] ?? 'application/x-protobuf') === 'application/x-protobuf';
    const said = await statusOf(response, isProtobuf ? 'protobuf' : 'json');
    expect(said.code).toBe(code);
    expect(said.message).toContain(text);
    expect(sink.batches).toBe(0);
    expect(gateway.host.metric('winnow_receiver_requests', { code: String(status) })).toBe(1);
    expect(gateway.host.metric('winnow_receiver_pending_bytes')).toBe(0);
  });

  test.each([
    ['/v1/traces', 'takes logs only, no traces'],
    ['/v1/metrics', 'takes logs only, no metrics'],
    ['/', 'logs are taken at /v1/logs'],
    ['/v1/logs/', 'logs are taken at /v1/logs'],
    ['/x/../v1/logs%2f', 'logs are taken at /v1/logs'],
  ])('at %s is 404', async (path, text) => {
    const gateway = await start(new LogsSink());

    const response = await gateway.post(PROTO_BODY, {}, path);

    expect(response.status).toBe(404);
    expect((await statusOf(response, 'protobuf')).message).toContain(text);
  });

  test('by GET is 405', async () => {
    const gateway = await start(new LogsSink());

    const response = await fetch(`${gateway.url}/v1/logs`);

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('since the pipeline refuses is 503, and says when to come again', async () => {
    const sink = new LogsSink();
    sink.isRefusing = true;
    const gateway = await start(sink);

    const response = await gateway.post(PROTO_BODY);

    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await statusOf(response, 'protobuf')).code).toBe(14);
    sink.isRefusing = false;
    expect((await gateway.post(PROTO_BODY)).status).toBe(200);
  });

  test('since its records were given up is 503', async () => {
    const sink = new LogsSink();
    sink.mode = 'abandon';
    const gateway = await start(sink);

    const response = await gateway.post(JSON_BODY, AS_JSON);

    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  test('since its records do not settle is 503 after settle_timeout, and the next is taken', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink, { settle_timeout: '50ms' });

    expect((await gateway.post(PROTO_BODY)).status).toBe(503);

    expect(gateway.host.metric('winnow_receiver_settle_timeouts')).toBe(1);
    sink.release();
    sink.mode = 'durable';
    expect((await gateway.post(PROTO_BODY)).status).toBe(200);
  });

  test('since too much waits is 429, and memory does not grow', async () => {
    let go = (): void => {};
    const blocked = new Promise<void>((resolve) => (go = resolve));
    const sink = new LogsSink();
    const gateway = await start(
      { mutates: false, consume: (batch) => blocked.then(() => sink.consume(batch)) },
      { max_pending_size: 4 * PROTO_BODY.length },
    );

    const posted: Promise<Response>[] = [];
    for (let i = 0; i < 20; i++) {
      posted.push(gateway.post(PROTO_BODY));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(gateway.host.metric('winnow_receiver_pending_bytes')).toBeLessThanOrEqual(5 * PROTO_BODY.length);
    }
    go();
    const codes = (await Promise.all(posted)).map(({ status, headers }) => `${status} ${headers.get('retry-after')}`);

    expect(codes.filter((code) => code === '200 null')).toHaveLength(4);
    expect(codes.filter((code) => code === '429 1')).toHaveLength(16);
  });
});

describe('a sender that is slow', () => {
  test.each([
    ['in its head', 'POST /v1/logs HTTP/1.1\r\nhost: x\r\n'],
    ['in its body', 'POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nabc'],
  ])('%s is answered 408 and cut', async (_, sent) => {
    const gateway = await start(new LogsSink(), { read_header_timeout: '100ms', read_timeout: '200ms' });
    const socket = connect(gateway.receiver.port, '127.0.0.1');
    socket.write(sent);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));

    await once(socket, 'close');

    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(gateway.host.metric('winnow_receiver_pending_bytes')).toBe(0);
  });

  test('with a head without end is answered 431', async () => {
    const gateway = await start(new LogsSink(), { max_header_size: '4KiB' });
    const socket = connect(gateway.receiver.port, '127.0.0.1');
    socket.write(`POST /v1/logs HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(2000)}\r\n`);
    socket.on('error', () => {});
    const [chunk] = (await once(socket, 'data')) as [Buffer];

    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });

  test('that expects to be asked is refused before it sends', async () => {
    const gateway = await start(new LogsSink(), { max_request_body_size: 10 });
    const socket = connect(gateway.receiver.port, '127.0.0.1');
    const head = 'POST /v1/logs HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 1000\r\n\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];

    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});
