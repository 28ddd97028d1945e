import * as https from 'node:https';
import * as zlib from 'node:zlib';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { AuthDecision, ServerAuthenticator } from '#net';
import type { Consumer } from '#component';
import { writeRequest } from '#otlp';
import { damaged, fault } from '../../test/helpers/damaged.ts';
import { createCertificates, hasOpenssl } from '../../test/helpers/certificates.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { requests, saidBy } from '../../test/helpers/otlp-arbitrary.ts';
import { startExporter } from '../../test/helpers/otlp-exporter.ts';
import { encodeRequest } from '../../test/helpers/otlp-proto.ts';
import { startGateway, type Gateway } from '../../test/helpers/otlp-receiver.ts';
import { OtlpSink } from '../../test/helpers/otlp-sink.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function start(next: Consumer, http: object = {}, options: Parameters<typeof startGateway>[2] = {}): Promise<Gateway> {
  const gateway = await startGateway(next, http, options);
  open.push(() => gateway.stop(200));
  return gateway;
}

const HELLO = Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }] }));

describe('the SDK', () => {
  test.each([
    ['none', 0],
    ['gzip', 0],
    ['none', 3],
  ])('sends through it into an OTLP sink, compression %s, after %i refusals of the backend', async (compression, times) => {
    const sink = await OtlpSink.start({ keeps: true });
    open.push(() => sink.down());
    if (times > 0) sink.fail({ kind: 'status', status: 503, times });
    const rig = await startExporter({ endpoint: sink.url, compression: 'none' });
    open.push(() => rig.stop());
    const gateway = await start(rig.exporter);
    const exporter = new OTLPLogExporter({ url: `${gateway.url}/v1/logs`, compression: compression as never });
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop' }),
      processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: 4096 })],
    });
    const logger = provider.getLogger('library', '1.2.3');

    for (let i = 0; i < 2000; i++) {
      const attributes = {
        text: 'wörd',
        n: -i,
        d: i + 0.5,
        yes: true,
        list: ['a', i],
        map: { deep: { er: [] } },
        bytes: new Uint8Array([i]),
      };
      logger.emit({ timestamp: [1_774_000_000, i], severityNumber: 9, body: `line ${i}`, attributes });
    }
    await provider.shutdown();

    const bodies = new Set(sink.logs.map(({ record }) => record.body?.stringValue));
    expect([sink.logs.length, bodies.size, bodies.has('line 0'), bodies.has('line 1999')]).toEqual([2000, 2000, true, true]);
    const [{ record, scope }] = sink.logs as [(typeof sink.logs)[number]];
    expect(scope?.name).toBe('library');
    expect(record.attributes?.map(({ key }) => key)).toEqual(['text', 'n', 'd', 'yes', 'list', 'map', 'bytes']);
  });

  test('is read the same in JSON', async () => {
    const memory = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
    provider.getLogger('a').emit({ timestamp: [1_774_000_000, 5], body: { nested: [1, { text: 'ä' }] }, attributes: { big: 2 ** 53 } });
    await provider.forceFlush();
    const sink = new LogsSink();
    const gateway = await start(sink);

    const body = Buffer.from(JsonLogsSerializer.serializeRequest(memory.getFinishedLogRecords()) ?? []);
    const response = await gateway.post(body, { 'content-type': 'application/json' });

    expect(response.status).toBe(200);
    expect(sink.records[0]).toMatchObject({ body: { nested: [1, { text: 'ä' }] }, timeMs: 1_774_000_000_000, timeNs: 5 });
  });
});

/**
 * Goal: nothing of a record is lost on its way in, and the answer is right whatever comes. Method: arbitrary requests are
 * compared as they are written again; real ones are damaged at random places, in each format and compression.
 */
describe('whatever is sent', () => {
  test('arrives with all that it said', async () => {
    const written: Buffer[] = [];
    const gateway = await start({
      mutates: false,
      consume: async (batch) => {
        written.push(Buffer.from(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body));
        batch.settleDurable();
      },
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const body = Buffer.from(encodeRequest(request));
        const said = saidBy(body);
        written.length = 0;

        expect((await gateway.post(body)).status).toBe(200);

        expect(saidBy(written[0] ?? Buffer.alloc(0))).toEqual(said);
      }),
      { numRuns: 100 },
    );
  });

  test('keeps each row its own keys, though most rows have those of the row before', async () => {
    const sink = new LogsSink();
    const gateway = await start(sink);
    const key = fc.constantFrom('a', 'b', 'c', 'http.request.method', 'k'.repeat(130));
    const row = fc.array(fc.record({ key, value: fc.record({ stringValue: fc.string({ maxLength: 3 }) }) }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), async (rows) => {
        sink.records.length = 0;
        const logRecords = rows.map((attributes) => ({ attributes }));

        await gateway.post(Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })));

        const expected = rows.map((pairs) => Object.fromEntries(pairs.map(({ key: name, value }) => [name, value.stringValue])));
        expect(sink.records.map(({ attributes }) => attributes)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('gets an answer of the table, and the next request is read right', { timeout: 120_000 }, async () => {
    const sink = new LogsSink();
    const gateway = await start(sink, { max_request_body_size: 100_000, max_decompressed_body_size: 200_000 });
    const rest = {
      scope: { name: 'a' },
      logRecords: [{ body: { stringValue: 'x'.repeat(50) }, attributes: [{ key: 'k', value: { intValue: 7 } }] }],
    };
    const proto = Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [rest, rest] }] }));
    const json = Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [rest, rest] }] }));
    const encodings: Readonly<Record<string, (body: Buffer) => Buffer>> = {
      identity: (body) => body,
      gzip: (body) => zlib.gzipSync(body),
      zstd: (body) => zlib.zstdCompressSync(body),
      deflate: (body) => zlib.deflateSync(body),
    };
    const damage = fc.array(fault, {
      maxLength: 4,
    });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.constantFrom(...Object.keys(encodings)),
        fc.boolean(),
        damage,
        async (isJson, encoding, isInside, faults) => {
          const compress = encodings[encoding] ?? ((body: Buffer) => body);
          const plain = isJson ? json : proto;
          const body = isInside ? compress(damaged(plain, faults)) : damaged(compress(plain), faults);

          sink.records.length = 0;
          const response = await gateway.post(Buffer.from(body), {
            'content-type': isJson ? 'application/json' : 'application/x-protobuf',
            'content-encoding': encoding,
          });

          seen.add(response.status);
          expect([200, 400, 413]).toContain(response.status);
          // Of a request that is refused nothing may be in the pipeline: its sender knows it lost.
          expect(response.status === 200 || sink.records.length === 0).toBe(true);
          await response.arrayBuffer();
        },
      ),
      { numRuns: Number(process.env['WINNOW_FUZZ_RUNS'] ?? 2000) },
    );

    expect([...seen]).toEqual(expect.arrayContaining([200, 400]));
    expect(gateway.host.fatals).toEqual([]);
    expect(gateway.host.metric('winnow_receiver_pending_bytes')).toBe(0);
    sink.records.length = 0;
    expect((await gateway.post(HELLO)).status).toBe(200);
    expect(sink.bodies).toEqual(['hello']);
  });
});

describe('order and fairness', () => {
  test('ten senders at once are served in turn, and each keeps its order', async () => {
    const bodies: string[] = [];
    const gateway = await start({
      mutates: false,
      consume: async (batch) => {
        for (let row = 0; row < batch.length; row++) bodies.push(batch.bodyText(row));
        await new Promise(setImmediate);
        batch.settleDurable();
      },
    });

    const send = async (sender: number): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const logRecords = [{ body: { stringValue: `${sender}:${i}` } }];
        const body = Buffer.from(encodeRequest({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
        expect((await gateway.post(body)).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, sender) => send(sender)));

    const lag: number[] = [];
    for (let sender = 0; sender < 10; sender++) {
      const own = bodies.filter((body) => body.startsWith(`${sender}:`));
      expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${sender}:${i}`));
      lag.push(bodies.indexOf(own[9] ?? ''));
    }
    // Half of each sender's records have come before anybody's last.
    expect(Math.max(...lag)).toBeLessThan(199);
  });
});

describe('shutdown', () => {
  test('lets what has been handed on become safe, and refuses what has not', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    const posted = gateway.post(HELLO);
    while (sink.kept.length === 0) await new Promise(setImmediate);

    const stopped = gateway.stop();
    await new Promise(setImmediate);
    sink.release();
    await stopped;

    expect((await posted).status).toBe(200);
    await expect(gateway.post(HELLO)).rejects.toThrow('fetch failed');
  });

  test('answers 503 at its deadline', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    const posted = gateway.post(HELLO);
    while (sink.kept.length === 0) await new Promise(setImmediate);

    await gateway.stop(50);

    expect((await posted).status).toBe(503);
  });

  test('does not come before the commit that makes the records durable', async () => {
    const sink = new LogsSink();
    sink.mode = 'keep';
    const gateway = await start(sink);
    const posted = gateway.post(HELLO);
    while (sink.kept.length === 0) await new Promise(setImmediate);
    const afterwards: (() => void)[] = [];

    for (const { delivery, rows } of sink.kept)
      delivery.durable(rows, { storage: {}, afterCommit: (action) => void afterwards.push(action) });

    expect(afterwards).toHaveLength(1);
    for (const action of afterwards) action();
    expect((await posted).status).toBe(200);
  });

  test('does not wait for a pipeline that takes nothing', async () => {
    class Stuck extends LogsSink {
      override consume(): Promise<void> {
        this.batches++;
        return new Promise(() => {});
      }
    }
    const sink = new Stuck();
    const gateway = await start(sink);
    const posted = gateway.post(HELLO);
    while (sink.batches === 0) await new Promise(setImmediate);

    await gateway.stop(60_000);

    expect((await posted).status).toBe(503);
  });

  test('does not wait for a body that does not come', async () => {
    const gateway = await start(new LogsSink());
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
    const posted = fetch(`${gateway.url}/v1/logs`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/x-protobuf' },
    }).then(
      ({ status }) => status,
      () => 0,
    );
    while (gateway.host.metric('winnow_receiver_pending_bytes') === 0) await new Promise(setImmediate);

    await gateway.stop();

    expect([0, 503]).toContain(await posted);
    expect(gateway.host.metric('winnow_receiver_pending_bytes')).toBe(0);
  });
});

describe('who may send', () => {
  test('is what the authenticator says', async () => {
    const guard: ServerAuthenticator = {
      authenticate: ({ authorization }): AuthDecision =>
        authorization === 'Bearer right' ? { isAllowed: true, subject: 'shop' } : { isAllowed: false, challenge: 'Bearer' },
    };
    const sink = new LogsSink();
    const gateway = await start(sink, { auth: { authenticator: 'guard' } }, { extensions: { guard } });

    const wrong = await gateway.post(HELLO, { authorization: 'Bearer wrong' });
    const right = await gateway.post(HELLO, { authorization: 'Bearer right' });

    expect([wrong.status, wrong.headers.get('www-authenticate'), right.status]).toEqual([401, 'Bearer', 200]);
    expect(sink.batches).toBe(1);
  });

  test('are pages of the origins that are named', async () => {
    const gateway = await start(new LogsSink(), { cors: { allowed_origins: ['https://*.example'], allowed_headers: ['X-Key'] } });
    const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type, x-key, x-other' };
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${gateway.url}/v1/logs`, { method: 'OPTIONS', headers: { origin, ...ask } });

    const allowed = await preflight('https://app.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example']);
    expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type, x-key');
    expect((await preflight('https://app.example.org')).status).toBe(403);
    const posted = await gateway.post(HELLO, { origin: 'https://app.example' });
    expect([posted.status, posted.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example']);
  });

  test('is warned about when anybody may', async () => {
    const gateway = await start(new LogsSink(), { endpoint: '0.0.0.0:0' });
    const warnings = gateway.host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

    expect(warnings).toEqual([expect.stringContaining('Anybody'), expect.stringContaining('unencrypted')]);
    expect((await start(new LogsSink())).host.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test.skipIf(!hasOpenssl())('over TLS is who has a certificate of the authority', async () => {
    const certificates = createCertificates();
    open.push(async () => certificates.remove());
    const { ca, server, client } = certificates;
    const tls = {
      cert_file: server.certFile,
      key_file: server.keyFile,
      client_ca_file: ca.certFile,
      min_version: '1.2',
      max_version: '',
      reload_interval: '0s',
    };
    const gateway = await start(new LogsSink(), { tls });
    const post = (own: https.RequestOptions): Promise<number> =>
      new Promise((resolve, reject) => {
        const options = { method: 'POST', ca: ca.cert, agent: false, headers: { 'content-type': 'application/x-protobuf' }, ...own };
        https
          .request(`${gateway.url}/v1/logs`, options, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .on('error', reject)
          .end(HELLO);
      });

    expect(await post({ cert: client.cert, key: client.key })).toBe(200);
    await expect(post({})).rejects.toThrow(/ECONNRESET|certificate required|socket hang up/i);
  });
});
