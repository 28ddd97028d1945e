import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync, deflateSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { SeverityNumber } from '#model';
import { start, stopAll, type Rig } from '../../test/helpers/http-receiver-rig.ts';

afterEach(stopAll);

const JSON_TYPE = { 'content-type': 'application/json' };
const LINES_TYPE = { 'content-type': 'application/x-ndjson' };

/** Real requests, a clock moved by hand: turns of the event loop until something is true. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !isTrue(); turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(isTrue()).toBe(true);
}

async function answerOf(response: Promise<Response>): Promise<[number, unknown]> {
  const { status, text } = await response.then(async (own) => ({ status: own.status, text: await own.text() }));
  try {
    return [status, JSON.parse(text)];
  } catch {
    return [status, text];
  }
}

describe('bodies', () => {
  test('an object becomes a record: message, time, severity and ids at their places, the rest as attributes', async () => {
    const { post, sink } = await start();
    const body = {
      message: 'paid "in" full',
      '@timestamp': '2026-01-30T12:00:00.123456789Z',
      level: 'warn',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      amount: 12.5,
      user: { id: 7 },
    };

    expect(await answerOf(post('/logs', JSON.stringify(body), JSON_TYPE))).toEqual([200, { accepted: 1 }]);

    expect(sink.records).toEqual([
      {
        body: 'paid "in" full',
        attributes: { amount: 12.5, user: { id: 7 } },
        timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 123),
        timeNs: 456_789,
        observedMs: Date.UTC(2026, 0, 30, 12),
        severity: SeverityNumber.warn,
        severityText: 'warn',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
      },
    ]);
  });

  test('what does not look like what it is called stays an attribute, and an object without a message is its own body', async () => {
    const { post, sink } = await start();
    const text = '{"message":{"a":1},"time":"noon","level":"loud","trace_id":"xyz"}';

    await post('/logs', text, JSON_TYPE);

    expect(sink.records[0]?.body).toBe(text);
    expect(sink.records[0]?.attributes).toEqual({ message: { a: 1 }, time: 'noon', level: 'loud', trace_id: 'xyz' });
  });

  test('a byte order mark is no part of the first record', async () => {
    const { post, sink } = await start();

    const statuses = [];
    for (const body of ['{"message":"a"}', '[{"message":"b"}]', 'c']) statuses.push((await post('/logs', `\uFEFF${body}`, {})).status);

    expect(statuses).toEqual([200, 200, 200]);
    expect(sink.records.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  });

  test.each(['1e25', '18446744073709551616', '1e300'])('a number that is beyond all times stays an attribute: %s', async (number) => {
    const { post, sink } = await start();

    expect((await post('/logs', `{"message":"m","ts":${number}}`, JSON_TYPE)).status).toBe(200);

    expect(sink.records[0]).toMatchObject({ body: 'm', timeMs: 0, attributes: { ts: Number(number) } });
  });

  test('nanoseconds since 1970 keep all their digits', async () => {
    const { post, sink } = await start();

    await post('/logs', '{"message":"m","ts":1769774400123456789}', JSON_TYPE);

    expect([sink.records[0]?.timeMs, sink.records[0]?.timeNs]).toEqual([1_769_774_400_123, 456_789]);
  });

  test.each([
    ['an array', '[{"message":"a"},\n {"message":"b"}]', JSON_TYPE],
    ['an array over lines, unsaid', '[\n{"message":"a"},\n{"message":"b"}\n]', {}],
    ['lines of JSON', '{"message":"a"}\n\n{"message":"b"}\n', LINES_TYPE],
    ['lines of JSON, unsaid', '{"message":"a"}\r\n{"message":"b"}\r\n', {}],
    ['lines of JSON, called JSON', '{"message":"a"}\n{"message":"b"}', JSON_TYPE],
    ['pretty JSON', '{\n  "message": "a"\n}\n{\n  "message": "b"\n}', JSON_TYPE],
    ['lines', 'a\n\r\nb', {}],
    ['lines, said', 'a\nb\n', { 'content-type': 'text/plain; charset=utf-8' }],
  ])('auto understands %s', async (_name, body, headers) => {
    const { post, sink } = await start();

    expect(await answerOf(post('/logs', body, headers))).toEqual([200, { accepted: 2 }]);
    expect(sink.bodies).toEqual(['a', 'b']);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ])('come compressed with %s', async (encoding, compress) => {
    const { post, sink } = await start();

    const response = await post('/logs', compress('{"message":"a"}'), { ...JSON_TYPE, 'content-encoding': encoding });

    expect([response.status, sink.bodies]).toEqual([200, ['a']]);
  });

  test('longer ones go on in several batches, with their attributes', async () => {
    const { post, sink } = await start({ max_batch_records: 3, attributes: { a: '1' }, resource: { r: '2' } });
    const lines = Array.from({ length: 10 }, (_, i) => `{"message":"${i}"}`);

    expect(await answerOf(post('/logs', lines.join('\n'), LINES_TYPE))).toEqual([200, { accepted: 10 }]);

    expect(sink.batches).toBe(4);
    expect(sink.records.map(({ body, attributes }) => [body, attributes])).toEqual(lines.map((_, i) => [String(i), { a: '1' }]));
  });

  test('an empty one is no record', async () => {
    const { post, sink } = await start();

    expect(await answerOf(post('/logs', ''))).toEqual([200, { accepted: 0 }]);
    expect(sink.batches).toBe(0);
  });
});

describe('what is wrong', () => {
  test('good lines are taken and bad ones named', async () => {
    const { post, sink, host } = await start();
    const body = '{"message":"a"}\n{"message" "b"}\n7\n{"message":"c"}\n{"open":';

    expect(await answerOf(post('/logs', body, LINES_TYPE))).toEqual([
      400,
      {
        accepted: 2,
        refused: 3,
        problems: [
          { line: 2, position: 12, message: 'expected ":"' },
          { line: 3, position: 1, message: 'expected an object' },
          { line: 5, position: 9, message: 'expected a value' },
        ],
      },
    ]);
    expect(sink.bodies).toEqual(['a', 'c']);
    expect(host.metric('winnow_receiver_invalid_log_records')).toBe(3);
  });

  test.each([
    ['[{"message":"a"},{"message":"b"}', 'malformed JSON at position 1: "[" is not closed'],
    ['[{"message":"a"} {"message":"b"}]', 'malformed JSON at position 18: expected "," or "]"'],
    ['[{"message":"a"}] x', 'malformed JSON at position 19: expected nothing after the array'],
    ['{"message":"a}', 'malformed JSON at position 12: the string has no closing quote'],
  ])('nothing of %s is taken', async (body, error) => {
    const { post, sink } = await start({ max_batch_records: 1 });

    expect(await answerOf(post('/logs', body, JSON_TYPE))).toEqual([400, { error }]);
    expect(sink.batches).toBe(0);
  });

  test('a content type that cannot be logs is answered 415, too long a body 413, an unknown path 404, GET 405', async () => {
    const { post, url } = await start({ max_request_body_size: 10, max_decompressed_body_size: 1000 });

    expect((await post('/logs', 'x', { 'content-type': 'image/png' })).status).toBe(415);
    expect((await post('/logs', 'x', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await post('/logs', 'x'.repeat(11))).status).toBe(413);
    expect((await post('/other', 'x')).status).toBe(404);
    expect((await fetch(`${url}/logs`)).status).toBe(405);
  });

  test.each(['close', 'keep-alive'])('a refusal reaches who reads only when all is sent, with connection: %s', async (connection) => {
    const { receiver } = await start({ max_request_body_size: 10 });
    const body = Buffer.alloc(20 * 1024 * 1024);
    const socket = connect({ port: receiver.port, host: '127.0.0.1', noDelay: true });
    socket.pause();

    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.write(`POST /logs HTTP/1.1\r\nhost: x\r\nconnection: ${connection}\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body, () => resolve());
    });
    socket.resume();

    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('the answer', () => {
  const late = async (rig: Rig, path = '/logs'): Promise<Response> => {
    rig.sink.mode = 'keep';
    const response = rig.post(path, '{"message":"a"}', JSON_TYPE);
    await until(() => rig.sink.kept.length > 0);
    await rig.clock.advance(7999);
    return response;
  };

  test('waits until the records are safe', async () => {
    const rig = await start();
    const response = late(rig);
    let isAnswered = false;
    void response.then(() => (isAnswered = true));
    await until(() => rig.sink.kept.length > 0);
    expect(isAnswered).toBe(false);

    rig.sink.release();

    expect((await response).status).toBe(200);
  });

  test('is 503 with Retry-After when they are not in time, or were given up', async () => {
    const rig = await start();
    const response = late(rig);
    await until(() => rig.sink.kept.length > 0);
    await rig.clock.advance(8000);
    expect([(await response).status, (await response).headers.get('retry-after')]).toEqual([503, '1']);

    rig.sink.mode = 'abandon';
    expect((await rig.post('/logs', 'x')).status).toBe(503);
  });

  test('is 429 with Retry-After when the pipeline refuses', async () => {
    const { post, sink } = await start();
    sink.isRefusing = true;

    const response = await post('/logs', '{"message":"a"}', JSON_TYPE);

    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
  });

  test('is 202 at once where configured', async () => {
    const { post, sink } = await start({ acknowledge: 'accepted' });
    sink.mode = 'keep';

    expect(await answerOf(post('/logs', '{"message":"a"}', JSON_TYPE))).toEqual([202, { accepted: 1 }]);
  });

  test('of a request that waits in line for another is 503 in time, and its records are not taken', async () => {
    const rig = await start();
    let open = (): void => {};
    const consume = rig.sink.consume.bind(rig.sink);
    const gate = new Promise<void>((resolve) => (open = resolve));
    let calls = 0;
    rig.sink.consume = async (batch) => {
      calls++;
      await gate;
      await consume(batch);
    };
    const first = rig.post('/logs', 'one');
    await until(() => calls === 1);
    const second = rig.post('/logs', 'two');
    await until(() => rig.clock.pendingTimers === 2);

    await rig.clock.advance(8000);

    expect([(await first).status, (await second).status]).toEqual([503, 503]);
    open();
    await until(() => rig.sink.batches === 1);
    expect([calls, rig.sink.bodies]).toEqual([1, ['one']]);
    expect((await rig.post('/logs', 'three')).status).toBe(200);
  });

  test('leaves the body alone that the pipeline still reads, and uses its memory for another afterwards', async () => {
    const rig = await start();
    const consume = rig.sink.consume.bind(rig.sink);
    const gates: (() => void)[] = [];
    const memory: ArrayBufferLike[] = [];
    rig.sink.consume = async (batch) => {
      memory.push(batch.space.bytes.buffer);
      await new Promise<void>((resolve) => gates.push(resolve));
      await consume(batch);
    };
    const bodyOf = (letter: string): string => letter.repeat(200_000);
    const first = rig.post('/logs', bodyOf('a'));
    await until(() => gates.length === 1);
    await rig.clock.advance(8000);
    expect((await first).status).toBe(503);
    const second = rig.post('/logs', bodyOf('b'));
    await until(() => rig.clock.pendingTimers === 1);

    gates[0]?.();
    await until(() => gates.length === 2);
    gates[1]?.();
    expect((await second).status).toBe(200);
    const third = rig.post('/logs', bodyOf('c'));
    await until(() => gates.length === 3);
    gates[2]?.();
    expect((await third).status).toBe(200);

    expect(rig.sink.bodies).toEqual(['a', 'b', 'c'].map(bodyOf));
    expect(memory[1]).not.toBe(memory[0]);
    expect(memory.slice(0, 2)).toContain(memory[2]);
  });

  test('does not come before the commit that makes the records durable', async () => {
    const rig = await start();
    rig.sink.mode = 'keep';
    const posted = rig.post('/logs', '{"message":"a"}');
    while (rig.sink.kept.length === 0) await new Promise(setImmediate);
    const afterwards: (() => void)[] = [];

    for (const { delivery, rows } of rig.sink.kept)
      delivery.durable(rows, { storage: {}, afterCommit: (action) => void afterwards.push(action) });

    expect(afterwards).toHaveLength(1);
    for (const action of afterwards) action();
    expect((await posted).status).toBe(200);
  });

  test('comes before a shutdown with time, and a shutdown without time does not wait', async () => {
    const rig = await start();
    rig.sink.mode = 'keep';
    const response = rig.post('/logs', 'one');
    await until(() => rig.sink.kept.length === 1);
    const stopped = rig.receiver.shutdown(new AbortController().signal);
    rig.sink.release();
    await stopped;
    expect((await response).status).toBe(200);

    const other = await start();
    other.sink.mode = 'keep';
    const cut = other.post('/logs', 'two').then(
      ({ status }) => status,
      () => 'cut',
    );
    await until(() => other.sink.kept.length === 1);
    await other.receiver.shutdown(AbortSignal.abort());
    expect([503, 'cut']).toContain(await cut);
    expect(other.clock.pendingTimers).toBe(0);
  });
});

test('attributes come from the configuration, the path, headers, the query and the sender', async () => {
  const { url, sink } = await start({
    paths: [{ path: '/ci', format: 'text', attributes: { service: 'ci', a: 'path' } }],
    attributes: { a: 'all', b: 'all' },
    attributes_from_headers: { 'X-Team': 'team' },
    attributes_from_query: { env: 'deployment.environment.name' },
    include_client_address: true,
  });

  await fetch(`${url}/ci?env=prod&other=1`, { method: 'POST', body: 'x', headers: { 'x-team': 'blue' } });

  expect(sink.records[0]?.attributes).toEqual({
    a: 'path',
    b: 'all',
    service: 'ci',
    team: 'blue',
    'deployment.environment.name': 'prod',
    'client.address': '127.0.0.1',
  });
});

test('nobody sends without the credentials that the authenticator asks for', async () => {
  const authenticate = (headers: Readonly<Record<string, unknown>>) =>
    headers['authorization'] === 'Bearer right' ? { isAllowed: true } : { isAllowed: false, challenge: 'Bearer' };
  const { post, sink } = await start({ auth: { authenticator: 'tokens' } }, { extensions: { tokens: { authenticate } } });

  expect((await post('/logs', 'x', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await post('/logs', 'x', { authorization: 'Bearer right' })).status).toBe(200);
  expect(sink.bodies).toEqual(['x']);
});

test('a fault of the pipeline is 500, and one that comes after the answer is heard', async () => {
  const rig = await start();
  const failing: (() => void)[] = [];
  rig.sink.consume = () => new Promise((_, reject) => failing.push(() => reject(new TypeError('broken'))));

  const first = rig.post('/logs', 'one');
  await until(() => failing.length === 1);
  failing[0]?.();
  expect((await first).status).toBe(500);
  expect(rig.host.fatals).toEqual([]);

  const second = rig.post('/logs', 'two');
  await until(() => failing.length === 2);
  await rig.clock.advance(8000);
  expect((await second).status).toBe(503);
  failing[1]?.();
  await until(() => rig.host.fatals.length === 1);
});
