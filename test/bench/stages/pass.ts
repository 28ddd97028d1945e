/** A whole agent between senders and a backend on loopback: what a record costs that only passes through. */
import { rmSync } from 'node:fs';
import { Agent as Connections, request } from 'node:http';
import { LogBatch, createResource, createScope } from '#model';
import { writeRequest } from '#otlp';
import { Agent, createFolder, eventually } from '../../helpers/agent.ts';
import { startDiscardingSink } from '../discarding-sink.ts';
import type { Measurement } from '../measurement.ts';
import { usageOf } from '../process-usage.ts';

const RECORDS_PER_REQUEST = 1024;
const REQUESTS = 2000;
// So long before the clock starts: the agent's own start, and the compiler's work of the first seconds, are not what a
// record costs.
const WARM_UP_MS = 15_000;
const REQUESTS_AT_ONCE = 100;
const SENDERS = 4;
const OTLP_PORT = 24_318;
const HTTP_PORT = 24_088;

interface Variant {
  readonly resources: number;
  readonly isJson?: boolean;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  otlp: { resources: 1 },
  'otlp-64': { resources: 64 },
  ndjson: { resources: 1, isJson: true },
};

export async function run(_input: string, name: string): Promise<Measurement> {
  const variant = VARIANTS[name];
  if (!variant) throw new Error(`no such variant: ${name}`);
  const folder = createFolder();
  const sink = await startDiscardingSink();
  const agent = new Agent({ folder, config: configOf(sink.endpoint, variant) });
  const connections = new Connections({ keepAlive: true, maxSockets: SENDERS });
  const body = variant.isJson ? ndjsonBody() : otlpBody(variant.resources);
  const url = variant.isJson ? `http://127.0.0.1:${HTTP_PORT}/logs` : `http://127.0.0.1:${OTLP_PORT}/v1/logs`;
  const type = variant.isJson ? 'application/x-ndjson' : 'application/x-protobuf';
  const send = (): Promise<number> => post(url, { body, type, connections });
  try {
    agent.start();
    const isUp = await eventually(
      () =>
        send()
          .then((status) => status === 200)
          .catch(() => false),
      15_000,
    );
    if (!isUp) throw new Error(`the agent does not answer\n${agent.output}`);
    for (const end = Date.now() + WARM_UP_MS; Date.now() < end;) await sendAll(send, REQUESTS_AT_ONCE);
    const before = usageOf(agent.pid);
    await sendAll(send, REQUESTS);
    const after = usageOf(agent.pid);
    return {
      name: `pass-${name}`,
      records: REQUESTS * RECORDS_PER_REQUEST,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      peakRssMib: after.peakRssMib,
    };
  } finally {
    connections.destroy();
    await agent.stop();
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sendAll(send: () => Promise<number>, requests: number): Promise<void> {
  let left = requests;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left-- > 0) {
        const status = await send();
        if (status !== 200) throw new Error(`a request was answered ${status}`);
      }
    }),
  );
}

function post(url: string, { body, type, connections }: { body: Buffer; type: string; connections: Connections }): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const sent = request(url, { method: 'POST', agent: connections, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
  });
}

/** Records of 10 attributes, as an application with the SDK's HTTP attributes sends them. */
function attributesOf(i: number): Record<string, string | number | boolean> {
  return {
    'http.request.method': 'GET',
    'url.path': `/api/v1/orders/${4711 + i}`,
    'http.response.status_code': 200 + (i % 3),
    'client.address': `10.0.${i % 256}.17`,
    'server.port': 8443,
    'user.id': `user-${i * 7919}`,
    'network.protocol.version': '1.1',
    'http.server.request.duration': 0.125 + i / 1024,
    'session.sampled': i % 2 === 0,
    'code.function.name': 'com.example.orders.OrderController.list',
  };
}

export function otlpBody(resources: number): Buffer {
  const batch = new LogBatch();
  const scope = batch.addScope(createScope('com.example.orders', '1.4.2'));
  const per = RECORDS_PER_REQUEST / resources;
  for (let r = 0; r < resources; r++) {
    const resource = batch.addResource(
      createResource({
        'service.name': 'orders',
        'service.version': '1.4.2',
        'host.name': `node-${r}.example.com`,
        'k8s.pod.name': `orders-7d9f-${r}`,
      }),
    );
    for (let i = 0; i < per; i++) {
      const row = batch.addRow(0, 0, 0);
      batch.resourceOf[row] = resource;
      batch.scopeOf[row] = scope;
      batch.timeMs[row] = 1_790_000_000_000 + i;
      batch.observedMs[row] = 1_790_000_000_001 + i;
      batch.severity[row] = 9;
      batch.setSeverityText(row, 'INFO');
      batch.setBody(row, `Listed 25 orders of customer ${row * 31} in 12 ms, 3 of them open`);
      for (const [key, value] of Object.entries(attributesOf(row))) batch.setAttribute(row, key, value);
    }
  }
  return Buffer.from(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body);
}

function ndjsonBody(): Buffer {
  const lines = Array.from({ length: RECORDS_PER_REQUEST }, (_, i) =>
    JSON.stringify({
      timestamp: '2026-09-21T14:13:20.123Z',
      level: 'info',
      message: `Listed 25 orders of customer ${i * 31} in 12 ms`,
      ...attributesOf(i),
    }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

function configOf(endpoint: string, { isJson = false }: Variant): string {
  const receiver = isJson
    ? `http: { endpoint: '127.0.0.1:${HTTP_PORT}' }`
    : `otlp: { protocols: { http: { endpoint: '127.0.0.1:${OTLP_PORT}' } } }`;
  return `
receivers:
  ${receiver}
exporters:
  otlp_http: { endpoint: '${endpoint}', compression: none }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [${isJson ? 'http' : 'otlp'}], exporters: [otlp_http] }
`;
}
