/** Requests of 1 MiB posted over a kept connection on loopback, to a server in a process of its own that reads and answers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { HttpClient } from '#net';
import { systemClock } from '../../../src/pipeline/index.ts';
import { createTestHost } from '../../helpers/test-host.ts';
import type { Measurement } from '../measurement.ts';
import { requestBodies } from './request-bodies.ts';

const BODIES = 8;
const RECORDS = 4_000_000;
const WARM_UP_REQUESTS = 200;
const IN_FLIGHT = 2;

export async function run(input: string): Promise<Measurement> {
  const server = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: ['--conditions=winnow-source'] });
  const [port] = (await once(server, 'message')) as [number];
  const client = clientOf(port);
  try {
    const bodies = requestBodies(input, BODIES);
    for (let request = 0; request < WARM_UP_REQUESTS; request++) await post(client, bodies[0]?.body);
    let records = 0;
    let i = 0;
    const start = process.cpuUsage();
    const worker = async (): Promise<void> => {
      for (let next = bodies[i++ % bodies.length]; next && records < RECORDS; next = bodies[i++ % bodies.length]) {
        records += next.rows;
        await post(client, next.body);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    const { user, system } = process.cpuUsage(start);
    return { name: 'send', records, cpuSeconds: (user + system) / 1e6 };
  } finally {
    client.close();
    server.kill();
  }
}

function clientOf(port: number): HttpClient {
  const tls = { insecure: false, insecure_skip_verify: false, server_name_override: '', include_system_ca_certs_pool: false } as const;
  return new HttpClient({
    id: 'send',
    url: new URL(`http://127.0.0.1:${port}/v1/logs`),
    tls: { ...tls, min_version: '', max_version: '', reload_interval: '0s' },
    tlsReloadMs: 0,
    proxy: undefined,
    timeoutMs: 30_000,
    connectionsMax: 0,
    idleConnectionsMax: IN_FLIGHT,
    idleMs: 90_000,
    keepAlive: true,
    answerBytesMax: 1024,
    host: createTestHost({ clock: systemClock }),
  });
}

async function post(client: HttpClient, body: Buffer | undefined): Promise<void> {
  if (!body) return;
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': String(body.length) };
  await client.post(body, headers, new AbortController().signal);
}

if (process.argv[2] === 'serve') {
  const server = createServer((request, response) => void request.resume().on('end', () => response.end()));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}
