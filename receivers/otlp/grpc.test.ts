import { status as Code, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { Consumer } from '#component';
import { field } from '#model';
import { writeRequest } from '#otlp';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { encodeRequest } from '../../test/helpers/otlp-proto.ts';
import { startGrpc, type CallOptions, type GrpcGateway } from '../../test/helpers/otlp-receiver.ts';
import type { AuthDecision, ServerAuthenticator } from '#net';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function start(next: Consumer, own: object = {}, options: Parameters<typeof startGrpc>[2] = {}): Promise<GrpcGateway> {
  const gateway = await startGrpc(next, own, options);
  open.push(() => gateway.stop(200));
  return gateway;
}

const HELLO = encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }, {}] }] }] });

/** What the sender is told, as text with the seconds after which to come again. */
async function answerOf(gateway: GrpcGateway, body: Uint8Array, options: CallOptions = {}): Promise<string> {
  try {
    await gateway.call(body, options);
    return 'OK';
  } catch (error) {
    const { code, details, metadata } = error as ServiceError;
    const [status] = metadata.get('grpc-status-details-bin') as Buffer[];
    // The seconds of the RetryInfo end the message.
    const retry = status?.includes('google.rpc.RetryInfo') === true ? `, retry ${status.at(-1)} s` : '';
    return `${Code[code]}${retry}: ${details}`;
  }
}

describe('a request over gRPC that is taken', () => {
  test.each([[undefined], ['gzip' as const], ['deflate' as const]])(
    'compressed with %s has its records in the pipeline',
    async (compression) => {
      const sink = new LogsSink();
      const gateway = await start(sink);

      const answer = await gateway.call(HELLO, compression === undefined ? {} : { compression });

      expect(answer).toHaveLength(0);
      expect(sink.bodies).toEqual(['hello', null]);
      expect(gateway.host.metric('winnow_receiver_requests', { code: 'OK' })).toBe(1);
      expect(gateway.host.metric('winnow_receiver_pending_bytes', { protocol: 'grpc' })).toBe(0);
    },
  );

  test('may be empty', async () => {
    const sink = new LogsSink();
    const gateway = await start(sink);

    expect(await gateway.call(Buffer.alloc(0))).toHaveLength(0);
    expect(sink.batches).toBe(0);
  });

  test('is answered only when its records have settled', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    let isAnswered = false;

    const called = gateway.call(HELLO).then(() => (isAnswered = true));
    while (sink.kept.length === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    sink.release();

    expect(await called).toBe(true);
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

    const answer = await gateway.call(HELLO);

    expect(answer.subarray(0, 1).toString('hex')).toBe('0a');
    expect(answer.subarray(2, 4).toString('hex')).toBe('0801');
    expect(answer.includes('1 records were taken by no backend')).toBe(true);
  });
});

describe('a request over gRPC that is not taken', () => {
  test('since it is malformed is INVALID_ARGUMENT', async () => {
    const gateway = await start(new LogsSink());

    expect(await answerOf(gateway, Buffer.from([0x0a, 0xff]))).toMatch(/^INVALID_ARGUMENT: malformed OTLP at byte/);
    expect(gateway.host.metric('winnow_receiver_requests', { code: 'INVALID_ARGUMENT' })).toBe(1);
  });

  test.each([[undefined], ['gzip' as const]])(
    'since it is too long, compressed with %s, is RESOURCE_EXHAUSTED and for good',
    async (compression) => {
      const sink = new LogsSink();
      const gateway = await start(sink, { max_recv_msg_size_mib: 1 });

      const answer = await answerOf(gateway, Buffer.alloc(2 * 1024 * 1024), compression === undefined ? {} : { compression });

      expect(answer).toMatch(/^RESOURCE_EXHAUSTED: /);
      expect(sink.batches).toBe(0);
      expect(await answerOf(gateway, HELLO)).toBe('OK');
    },
  );

  test('since the pipeline refuses is UNAVAILABLE, and says when to come again', async () => {
    const sink = new LogsSink();
    sink.isRefusing = true;
    const gateway = await start(sink);

    expect(await answerOf(gateway, HELLO)).toMatch(/^UNAVAILABLE, retry 1 s: the pipeline cannot take it now/);
    sink.isRefusing = false;
    expect(await answerOf(gateway, HELLO)).toBe('OK');
  });

  test('since its records were given up is UNAVAILABLE', async () => {
    const sink = new LogsSink();
    sink.mode = 'abandon';
    const gateway = await start(sink);

    expect(await answerOf(gateway, HELLO)).toMatch(/^UNAVAILABLE, retry 1 s: the records were given up/);
  });

  test('since its records do not settle is UNAVAILABLE after settle_timeout, and the next is taken', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink, { settle_timeout: '50ms' });

    expect(await answerOf(gateway, HELLO)).toMatch(/^UNAVAILABLE, retry 1 s: the records were not safe in time/);
    expect(gateway.host.metric('winnow_receiver_settle_timeouts')).toBe(1);
    sink.release();
    sink.mode = 'durable';
    expect(await answerOf(gateway, HELLO)).toBe('OK');
  });

  test('since too much waits is UNAVAILABLE, and memory does not grow', async () => {
    let go = (): void => {};
    const blocked = new Promise<void>((resolve) => (go = resolve));
    const sink = new LogsSink();
    const gateway = await start(
      { mutates: false, consume: (batch) => blocked.then(() => sink.consume(batch)) },
      { max_pending_size: 4 * HELLO.length },
    );

    const answers: Promise<string>[] = [];
    for (let i = 0; i < 20; i++) {
      answers.push(answerOf(gateway, HELLO));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(gateway.host.metric('winnow_receiver_pending_bytes', { protocol: 'grpc' })).toBeLessThanOrEqual(4 * HELLO.length);
    }
    go();
    const said = await Promise.all(answers);

    expect(said.filter((answer) => answer === 'OK')).toHaveLength(4);
    expect(said.filter((answer) => answer.startsWith('UNAVAILABLE, retry 1 s: too many requests wait'))).toHaveLength(16);
  });

  test('by another method is UNIMPLEMENTED', async () => {
    const gateway = await start(new LogsSink());
    const path = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

    expect(await answerOf(gateway, HELLO, { path })).toMatch(/^UNIMPLEMENTED: /);
  });

  test('since the authenticator says no is UNAUTHENTICATED', async () => {
    const guard: ServerAuthenticator = {
      authenticate: ({ authorization }): AuthDecision =>
        authorization === 'Bearer right' ? { isAllowed: true, subject: 'shop' } : { isAllowed: false, challenge: 'Bearer' },
    };
    const sink = new LogsSink();
    const gateway = await start(sink, { auth: { authenticator: 'guard' } }, { extensions: { guard } });

    const wrong = await answerOf(gateway, HELLO, { metadata: { authorization: 'Bearer wrong' } });
    const right = await answerOf(gateway, HELLO, { metadata: { authorization: 'Bearer right' } });

    expect([wrong, right]).toEqual(['UNAUTHENTICATED: the credentials are missing or wrong', 'OK']);
    expect(sink.batches).toBe(1);
  });
});

describe('spans over gRPC', () => {
  const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const span = (id: number): Uint8Array =>
    Buffer.concat([field(0x0a, Buffer.alloc(16, 7)), field(0x12, Buffer.alloc(8, id)), field(0x2a, Buffer.from(`GET /${id}`))]);
  const scope = Buffer.concat([field(0x12, span(1)), field(0x12, span(2))]);
  const body = field(0x0a, field(0x12, scope));

  test('pass as they came where a pipeline takes them, beside logs', async () => {
    const written: Buffer[] = [];
    const keeper: Consumer = {
      mutates: false,
      consume: async (batch) => {
        written.push(Buffer.from(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body));
        for (const { delivery, rows } of batch.claims()) delivery.durable(rows);
      },
    };
    const gateway = await start(keeper, {}, { signals: ['logs', 'traces'] });

    expect(await gateway.call(body, { path: TRACES })).toHaveLength(0);
    expect(await gateway.call(HELLO)).toHaveLength(0);
    expect(await answerOf(gateway, Buffer.from([0x0a, 0xff]), { path: TRACES })).toMatch(/^INVALID_ARGUMENT: malformed OTLP at byte/);

    expect(written.map((bytes) => bytes.toString('hex'))).toEqual([body, HELLO].map((bytes) => Buffer.from(bytes).toString('hex')));
  });

  test('are UNIMPLEMENTED where none does, as logs are where only spans are taken', async () => {
    const logs = await start(new LogsSink());
    const traces = await start(new LogsSink(), {}, { signals: ['traces'] });

    expect(await answerOf(logs, body, { path: TRACES })).toMatch(/^UNIMPLEMENTED: /);
    expect(await answerOf(traces, HELLO)).toMatch(/^UNIMPLEMENTED: /);
  });
});
