import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readJsonRequest, writeRequest } from '#otlp';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { GrpcSink } from '../helpers/grpc-sink.ts';

const SPANS = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          scope: { name: 'http' },
          spans: [
            {
              traceId: '0102030405060708090a0b0c0d0e0f10',
              spanId: '0102030405060708',
              name: 'GET',
              startTimeUnixNano: '1774000000123456789',
              endTimeUnixNano: '1774000000223456789',
              attributes: [{ key: 'n', value: { intValue: '9007199254740993' } }],
              status: { code: 1 },
            },
          ],
        },
      ],
    },
  ],
});

const RECEIVER = 'http://127.0.0.1:24418';
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

/** The status of the answer; 0 while nobody listens. */
function send(path: string, type: string, body: string | Buffer): Promise<number> {
  return fetch(RECEIVER + path, { method: 'POST', headers: { 'content-type': type }, body }).then(
    ({ status }) => status,
    () => 0,
  );
}

interface Backend {
  readonly url: string;
  readonly bodies: Map<string, Buffer[]>;
  /** What is answered, by path; otherwise 200. */
  readonly statuses: Map<string, number>;
}

/** A backend that keeps what comes, by path. */
async function startBackend(): Promise<Backend> {
  const statuses = new Map<string, number>();
  const bodies = new Map<string, Buffer[]>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      bodies.set(path, [...(bodies.get(path) ?? []), Buffer.concat(chunks)]);
      response.writeHead(statuses.get(path) ?? 200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, statuses };
}

const LOGS = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}';

test('spans and logs go through one receiver and one exporter, each to its own address, unchanged', async () => {
  const backend = await startBackend();
  const folder = createFolder();
  const config = `
receivers:
  otlp: { protocols: { http: { endpoint: '127.0.0.1:24418' } } }
processors:
  batch: { timeout: 50ms }
exporters:
  otlp_http: { endpoint: '${backend.url}', compression: none, sending_queue: { storage: file_storage } }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http] }
    traces: { receivers: [otlp], processors: [batch], exporters: [otlp_http] }
`;
  const agent = new Agent({ folder, config });
  ended.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => agent.stop(),
  );
  agent.start();
  const encoded = Buffer.from(writeRequest(readJsonRequest(Buffer.from(SPANS), 'traces'), 0, Number.POSITIVE_INFINITY).body);
  expect(await eventually(async () => (await send('/v1/traces', 'application/x-protobuf', encoded)) === 200, 20_000), agent.output).toBe(
    true,
  );

  expect(await send('/v1/traces', 'application/json', SPANS)).toBe(200);
  expect(await send('/v1/logs', 'application/json', LOGS)).toBe(200);

  expect(await eventually(() => backend.bodies.get('/v1/traces')?.length === 2 && backend.bodies.has('/v1/logs'), 10_000)).toBe(true);
  expect(backend.bodies.get('/v1/traces')).toEqual([encoded, encoded]);
}, 60_000);

test('spans and logs go over gRPC, each to its own service, unchanged', async () => {
  const sink = await new GrpcSink().start();
  const encoded = Buffer.from(writeRequest(readJsonRequest(Buffer.from(SPANS), 'traces'), 0, Number.POSITIVE_INFINITY).body);
  const folder = createFolder();
  const config = `
receivers:
  otlp: { protocols: { http: { endpoint: '127.0.0.1:24418' } } }
exporters:
  otlp: { endpoint: '127.0.0.1:${sink.port}', tls: { insecure: true } }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp] }
    traces: { receivers: [otlp], exporters: [otlp] }
`;
  const agent = new Agent({ folder, config });
  ended.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => sink.stop(),
    () => agent.stop(),
  );
  agent.start();
  expect(await eventually(async () => (await send('/v1/traces', 'application/x-protobuf', encoded)) === 200, 20_000), agent.output).toBe(
    true,
  );
  expect(await send('/v1/logs', 'application/json', LOGS)).toBe(200);

  expect(sink.requests.map(({ path }) => path.split('/').at(-2))).toEqual([
    'opentelemetry.proto.collector.trace.v1.TraceService',
    'opentelemetry.proto.collector.logs.v1.LogsService',
  ]);
  expect(sink.requests[0]?.body.equals(encoded)).toBe(true);
  expect(sink.bodies).toEqual(['x']);
}, 60_000);

test('a backend that takes no spans keeps no log record waiting, nor does its full queue; spans left behind are told of', async () => {
  const backend = await startBackend();
  backend.statuses.set('/v1/traces', 404);
  const folder = createFolder();
  const configFor = (exporter: string, pipelines: string): string => `
receivers:
  otlp: { protocols: { http: { endpoint: '127.0.0.1:24418', settle_timeout: 1s } } }
exporters:
  otlp_http:
    ${exporter}
    sending_queue: { storage: file_storage, queue_size: 2 }
    retry_on_failure: { initial_interval: 100ms, max_interval: 200ms }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines: { ${pipelines} }
`;
  const logs = 'logs: { receivers: [otlp], exporters: [otlp_http] }';
  const agent = new Agent({ folder, config: configFor(`endpoint: '${backend.url}'`, `${logs}, ${logs.replace('logs', 'traces')}`) });
  ended.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => agent.stop(),
  );
  const logsCame = (): number => backend.bodies.get('/v1/logs')?.length ?? 0;
  agent.start();
  expect(await eventually(async () => (await send('/v1/traces', 'application/json', SPANS)) === 200, 20_000), agent.output).toBe(true);

  const spans = await Promise.all([1, 2, 3, 4].map(() => send('/v1/traces', 'application/json', SPANS)));
  expect(spans.filter((status) => status === 200)).toHaveLength(1);
  for (let i = 1; i <= 3; i++) expect(await send('/v1/logs', 'application/json', LOGS)).toBe(200);
  expect(await eventually(() => logsCame() === 3, 10_000), agent.output).toBe(true);

  await agent.stop('SIGKILL');
  writeFileSync(join(folder, 'winnow.yaml'), configFor(`logs_endpoint: '${backend.url}/v1/logs'`, logs));
  agent.start();
  expect(await eventually(async () => (await send('/v1/logs', 'application/json', LOGS)) === 200, 20_000), agent.output).toBe(true);
  expect(await eventually(() => logsCame() >= 4, 10_000), agent.output).toBe(true);
  expect(agent.isRunning).toBe(true);
  expect(agent.output).toMatch(/that no pipeline sends here any more.*"signal":"traces","requests":2/);
}, 60_000);
