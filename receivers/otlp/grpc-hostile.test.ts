import * as http2 from 'node:http2';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Consumer } from '#component';
import { damaged, fault } from '../../test/helpers/damaged.ts';
import { createCertificates, hasOpenssl } from '../../test/helpers/certificates.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { encodeRequest } from '../../test/helpers/otlp-proto.ts';
import { startGrpc, type GrpcGateway } from '../../test/helpers/otlp-receiver.ts';

const open: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function start(next: Consumer, own: object = {}, options: Parameters<typeof startGrpc>[2] = {}): Promise<GrpcGateway> {
  const gateway = await startGrpc(next, own, options);
  open.push(() => gateway.stop(200));
  return gateway;
}

const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const HELLO = requestOf('hello');

function requestOf(body: string): Buffer {
  return Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }] }));
}

/** As it goes over the wire: a flag, four bytes of length, the message. */
function framed(message: Buffer, isCompressed: boolean = false, length: number = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

function session(gateway: GrpcGateway): http2.ClientHttp2Session {
  const own = http2.connect(`http://${gateway.address}`);
  own.on('error', () => {});
  open.push(() => own.destroy());
  return own;
}

/** One request without the library. Its body may stop in the middle. */
function request(
  own: http2.ClientHttp2Session,
  body: Buffer | undefined,
  headers: http2.OutgoingHttpHeaders = {},
): http2.ClientHttp2Stream {
  const stream = own.request({ ':method': 'POST', ':path': LOGS, 'content-type': 'application/grpc', te: 'trailers', ...headers });
  stream.on('error', () => {});
  if (body) stream.end(body);
  return stream;
}

/** `grpc-status` and message; the HTTP status when there is none; undefined when the connection broke. */
async function answerOf(stream: http2.ClientHttp2Stream): Promise<string | undefined> {
  let said: string | undefined;
  const read = (headers: http2.IncomingHttpHeaders): void => {
    const code = headers['grpc-status'];
    if (code !== undefined) said = `${String(code)} ${decodeURI(String(headers['grpc-message'] ?? ''))}`;
    else said ??= `http ${String(headers[':status'])}`;
  };
  stream.on('response', read);
  stream.on('trailers', read);
  stream.resume();
  // It may be answered before it is all sent.
  if (!stream.closed) await Promise.race([once(stream, 'end'), once(stream, 'close')]).catch(() => undefined);
  return said;
}

describe('a sender over gRPC that is slow', () => {
  test('in its message is answered DEADLINE_EXCEEDED', async () => {
    const gateway = await start(new LogsSink(), { read_timeout: '100ms' });
    const own = session(gateway);
    const stream = request(own, undefined);
    stream.write(framed(HELLO).subarray(0, 12));

    expect(await answerOf(stream)).toBe('4 the request came too slowly');
    // What has come of it is held as long as the sender leaves it open, so it is not left a choice.
    await once(own, 'close');
    expect(await gateway.call(HELLO)).toHaveLength(0);
  });

  test('beyond its own deadline loses the connection', async () => {
    const gateway = await start(new LogsSink());
    const own = session(gateway);
    const stream = request(own, undefined, { 'grpc-timeout': '50m' });
    stream.write(framed(HELLO).subarray(0, 12));

    expect(await answerOf(stream)).toBe('4 Deadline exceeded');
    await once(own, 'close');
  });

  test('makes room for others when too many are read at once', async () => {
    const sink = new LogsSink();
    const gateway = await start(sink, { max_pending_size: '1MiB' });
    const own = session(gateway);
    const slow = Array.from({ length: 33 }, () => request(own, undefined));
    for (const stream of slow) stream.write(framed(HELLO).subarray(0, 12));
    // The thirty-third is one too many, and none of the others is slow yet.
    const answers = slow.map((stream) => answerOf(stream));
    expect(await answers.at(-1)).toMatch(/^14 too many requests wait/);

    await new Promise((resolve) => setTimeout(resolve, 1100));
    await gateway.call(HELLO);

    expect(await answers[0]).toMatch(/^14 too many requests wait/);
    expect(sink.bodies).toEqual(['hello']);
  });

  test('in telling what it speaks is cut', async () => {
    const gateway = await start(new LogsSink(), { max_connections: 1 });
    const first = connect(gateway.receiver.grpcPort, 'localhost');
    open.push(() => void first.destroy());
    await once(first, 'connect');
    const second = connect(gateway.receiver.grpcPort, 'localhost');
    await once(second, 'close');

    expect(second.destroyed).toBe(true);
    expect(first.destroyed).toBe(false);
  });

  test('to use its connection loses it after max_connection_idle', async () => {
    const gateway = await start(new LogsSink(), { keepalive: { server_parameters: { max_connection_idle: '50ms' } } });
    const own = session(gateway);

    await once(own, 'close');

    // A connection that takes longer than that to be used is refused its first call too, and its sender tries again.
    expect(await vi.waitFor(() => gateway.call(HELLO), { timeout: 10_000 })).toHaveLength(0);
  });
});

describe('a message over gRPC that is no message', () => {
  test.each([
    ['too long by its head', framed(Buffer.alloc(10), false, 2 ** 31), {}, /^8 .*larger than max/],
    ['a bomb', framed(gzipSync(Buffer.alloc(3_000_000)), true), { 'grpc-encoding': 'gzip' }, /^8 .*decompresses to a size larger/],
    ['broken gzip', framed(Buffer.from('no gzip'), true), { 'grpc-encoding': 'gzip' }, /^13 Failed to decompress/],
    ['of an unknown compression', framed(HELLO, true), { 'grpc-encoding': 'zstd' }, /^12 .*unsupported encoding "zstd"/],
    ['two messages', Buffer.concat([framed(HELLO), framed(HELLO)]), {}, /^12 Received a second request message/],
    ['none', Buffer.alloc(0), {}, /^12 Received no request message/],
    ['cut', framed(HELLO).subarray(0, 12), {}, /^12 Received no request message/],
    ['not gRPC', framed(HELLO), { 'content-type': 'application/json' }, /^http 415/],
    ['malformed', framed(Buffer.from([0x0a, 0xff])), {}, /^3 malformed OTLP at byte/],
    ['at another path', framed(HELLO), { ':path': '/a/b' }, /^12 The server does not implement/],
    ['with a strange deadline', framed(HELLO), { 'grpc-timeout': 'soon' }, /^13 Invalid grpc-timeout/],
  ])('since it is %s gets its answer', async (_, body, headers, expected) => {
    const sink = new LogsSink();
    const gateway = await start(sink, { max_recv_msg_size_mib: 1 });

    const answer = await answerOf(request(session(gateway), body, headers));

    expect(answer).toMatch(expected);
    expect(gateway.host.fatals).toEqual([]);
    expect(gateway.host.metric('winnow_receiver_pending_bytes', { protocol: 'grpc' })).toBe(0);
    expect(sink.batches).toBe(0);
    expect(await gateway.call(HELLO)).toHaveLength(0);
  });

  test('leaves the server up, whatever comes before and instead of it', { timeout: 60_000 }, async () => {
    const sink = new LogsSink();
    const gateway = await start(sink, { max_recv_msg_size_mib: 1 });
    const good = Buffer.from('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a000000040000000000', 'hex');
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length), fc.uint8Array({ maxLength: 60 }), async (kept, rest) => {
        const socket = connect(gateway.receiver.grpcPort, 'localhost');
        socket.on('error', () => {});
        socket.resume();
        socket.end(Buffer.concat([good.subarray(0, kept), rest]));
        await once(socket, 'close');
      }),
      { numRuns: 300 },
    );

    expect(await gateway.call(HELLO)).toHaveLength(0);
    expect(gateway.host.fatals).toEqual([]);
  });

  test('many bombs at once take no more memory than the bound says', async () => {
    const gateway = await start(new LogsSink(), { max_recv_msg_size_mib: 16, max_pending_size: '16MiB' });
    const bomb = framed(gzipSync(Buffer.alloc(15 * 1024 * 1024)), true);
    const own = session(gateway);
    const before = process.memoryUsage.rss();
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);

    const answers = await Promise.all(Array.from({ length: 90 }, () => answerOf(request(own, bomb, { 'grpc-encoding': 'gzip' }))));
    clearInterval(timer);

    // 32 are read at once; all ninety would take 1350 MiB, and twice that while they are put together.
    expect((most - before) / 1024 / 1024).toBeLessThan(2 * 32 * 16);
    expect(new Set(answers.map((answer) => answer?.split(' ')[0]))).toEqual(new Set(['3', '14']));
    expect(gateway.host.metric('winnow_receiver_pending_bytes', { protocol: 'grpc' })).toBe(0);
  });
});

/**
 * Goal: whatever is sent, the answer is one of the table and the records of good requests arrive. Method: real requests,
 * damaged at random places, within their frame and with it, plain and compressed.
 */
test('damaged requests get an answer of the table, and the next is read right', { timeout: 120_000 }, async () => {
  const sink = new LogsSink();
  const gateway = await start(sink, { max_recv_msg_size_mib: 1 });
  const record = {
    body: { stringValue: 'x'.repeat(50) },
    attributes: [{ key: 'k', value: { kvlistValue: { values: [{ key: 'a', value: { intValue: 7 } }] } } }],
  };
  const body = Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [{ scope: { name: 'a' }, logRecords: [record, record] }] }] }));
  const own = session(gateway);
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.constantFrom('message', 'wire', 'frame'),
      fc.array(fault, { maxLength: 4 }),
      async (zips, where, faults) => {
        const message = where === 'message' ? damaged(body, faults) : body;
        const packed = zips ? gzipSync(message) : message;
        const wire = where === 'wire' ? damaged(packed, faults) : packed;
        const sent = where === 'frame' ? damaged(framed(wire, zips), faults) : framed(wire, zips);

        sink.records.length = 0;
        const answer = await answerOf(request(own, sent, zips ? { 'grpc-encoding': 'gzip' } : {}));

        const code = answer?.split(' ')[0] ?? 'none';
        seen.set(code, (seen.get(code) ?? 0) + 1);
        expect(['0', '3', '8', '12', '13']).toContain(code);
        // Of a request that is refused nothing may be in the pipeline: its sender sends it again, or knows it lost.
        expect(code === '0' || sink.records.length === 0).toBe(true);
      },
    ),
    { numRuns: Number(process.env['WINNOW_FUZZ_RUNS'] ?? 2000) },
  );

  expect([...seen.keys()]).toEqual(expect.arrayContaining(['0', '3', '12', '13']));
  expect(gateway.host.fatals).toEqual([]);
  expect(gateway.host.metric('winnow_receiver_pending_bytes', { protocol: 'grpc' })).toBe(0);
  sink.records.length = 0;
  await gateway.call(HELLO);
  expect(sink.bodies).toEqual(['hello']);
});

describe('connections', () => {
  test('are sources: what comes over one stays in order, and ten senders are served in turn', async () => {
    const bodies: string[] = [];
    const sources = new Map<string, Set<number>>();
    const gateway = await start({
      mutates: false,
      consume: async (batch) => {
        for (let row = 0; row < batch.length; row++) bodies.push(batch.bodyText(row));
        const [sender = ''] = batch.bodyText(0).split(':');
        for (const { delivery } of batch.claims()) sources.set(sender, (sources.get(sender) ?? new Set()).add(delivery.source));
        await new Promise(setImmediate);
        batch.settleDurable();
      },
    });

    const send = async (sender: number): Promise<void> => {
      const own = session(gateway);
      for (let i = 0; i < 20; i++) expect(await answerOf(request(own, framed(requestOf(`${sender}:${i}`))))).toMatch(/^0/);
    };
    await Promise.all(Array.from({ length: 10 }, (_, sender) => send(sender)));

    for (let sender = 0; sender < 10; sender++) {
      const own = bodies.filter((body) => body.startsWith(`${sender}:`));
      expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${sender}:${i}`));
      expect(sources.get(String(sender))?.size).toBe(1);
      expect(bodies.indexOf(own[9] ?? '')).toBeLessThan(199);
    }
    expect(new Set([...sources.values()].map((own) => [...own].join())).size).toBe(10);
  });

  test('are warned about when anybody may make them', async () => {
    const gateway = await start(new LogsSink(), { endpoint: '0.0.0.0:0' });
    const warnings = gateway.host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

    expect(warnings).toEqual([expect.stringContaining('Anybody'), expect.stringContaining('unencrypted')]);
  });

  test.skipIf(!hasOpenssl())('over TLS are for those with a certificate of the authority', async () => {
    const certificates = createCertificates();
    open.push(() => certificates.remove());
    const { ca, server, client } = certificates;
    const tls = {
      cert_file: server.certFile,
      key_file: server.keyFile,
      client_ca_file: ca.certFile,
      min_version: '1.2',
      max_version: '',
      reload_interval: '0s',
    };
    const root = Buffer.from(ca.cert);
    const known = grpc.credentials.createSsl(root, Buffer.from(client.key), Buffer.from(client.cert));
    const sink = new LogsSink();
    const gateway = await start(sink, { tls }, { credentials: known });

    await gateway.call(HELLO);

    expect(sink.bodies).toEqual(['hello']);
    const stranger = new grpc.Client(gateway.address, grpc.credentials.createSsl(root));
    open.push(() => stranger.close());
    const bytes = (given: Buffer): Buffer => given;
    const refused = new Promise((resolve) => {
      stranger.makeUnaryRequest(LOGS, bytes, bytes, HELLO, new grpc.Metadata(), { deadline: Date.now() + 3000 }, (error) =>
        resolve(error?.code),
      );
    });
    expect(await refused).toBe(grpc.status.UNAVAILABLE);
    expect(sink.batches).toBe(1);
  });
});

describe('shutdown', () => {
  test('lets what has been handed on become safe, and ends the connections', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    const called = gateway.call(HELLO);
    while (sink.kept.length === 0) await new Promise(setImmediate);

    const stopped = gateway.receiver.shutdown(AbortSignal.timeout(5000));
    await new Promise(setImmediate);
    sink.release();
    await stopped;

    expect(await called).toHaveLength(0);
    await expect(gateway.call(HELLO, { deadlineMs: 500 })).rejects.toThrow(/UNAVAILABLE|DEADLINE/);
  });

  test('answers UNAVAILABLE at its deadline', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    const called = gateway.call(HELLO);
    while (sink.kept.length === 0) await new Promise(setImmediate);

    await Promise.all([gateway.receiver.shutdown(AbortSignal.timeout(50)), expect(called).rejects.toThrow('UNAVAILABLE')]);
  });

  test('does not wait for a message that does not come', async () => {
    const gateway = await start(new LogsSink());
    const stream = request(session(gateway), undefined);
    stream.write(framed(HELLO).subarray(0, 12));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answer = answerOf(stream);

    await gateway.receiver.shutdown(AbortSignal.timeout(5000));

    expect(await answer).toMatch(/^14 the agent stops/);
  });

  test('is safe without start and twice, and when the port is taken', async () => {
    const gateway = await start(new LogsSink());

    await expect(start(new LogsSink(), { endpoint: `localhost:${gateway.receiver.grpcPort}` })).rejects.toThrow('EADDRINUSE');
    await gateway.stop();
    await gateway.stop();
  });
});
