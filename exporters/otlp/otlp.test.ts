import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer as createRelay, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, ServerCredentials, status as Code } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from '#component';
import { field } from '#model';
import { createCertificates, hasOpenssl } from '../../test/helpers/certificates.ts';
import { GrpcSink } from '../../test/helpers/grpc-sink.ts';
import { sequence, startGrpcExporter, type Rig } from '../../test/helpers/otlp-exporter.ts';
import { encodeResponse } from '../../test/helpers/otlp-proto.ts';
import { targetOf } from './target.ts';

/**
 * The exporter against servers of another making. Always: nothing lost, nothing repeated but what was under way when a
 * connection broke.
 */
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function startSink(sink: GrpcSink = new GrpcSink(), where?: string): Promise<GrpcSink> {
  await sink.start(where);
  open.push(() => sink.stop());
  return sink;
}

async function start(sink: GrpcSink | undefined, given: object = {}): Promise<Rig> {
  const rig = await startGrpcExporter({ endpoint: `http://127.0.0.1:${sink?.port ?? 1}`, ...given });
  open.push(() => rig.stop(0));
  return rig;
}

/** Sends records one behind the other in batches of ten, and waits until all are answered for. */
async function sendAll(rig: Rig, total: number): Promise<Outcome[]> {
  const outcomes: Promise<Outcome>[] = [];
  for (let from = 0; from < total; from += 10) {
    const { accepted, outcome } = rig.send(sequence(from, from + 10));
    outcomes.push(outcome);
    await accepted;
  }
  return Promise.all(outcomes);
}

/** What lies between: it can stop passing on what comes over the connections there are, as a broken network does. */
async function startRelay(to: number): Promise<{ port: number; connections: number; freeze(): void }> {
  const sockets: Socket[] = [];
  const freeze = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const relay = { port: 0, connections: 0, freeze };
  const server = createRelay((near) => {
    relay.connections++;
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) sockets.push(socket.on('error', () => {}));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  relay.port = (server.address() as AddressInfo).port;
  return relay;
}

const durable = (outcomes: readonly Outcome[]): number => outcomes.reduce((sum, outcome) => sum + outcome.durable, 0);

describe('an endpoint', () => {
  test.each([
    ['localhost:4317', false, 'https://localhost:4317'],
    ['localhost:4317', true, 'http://localhost:4317'],
    ['http://collector:4317', false, 'http://collector:4317'],
    ['https://ingest.example:443', true, 'https://ingest.example'],
    ['dns:///collector.monitoring.svc:4317', true, 'http://collector.monitoring.svc:4317'],
    ['[::1]:4317', false, 'https://[::1]:4317'],
  ])('%s, with insecure %s, is %s', (endpoint, insecure, url) => {
    expect(targetOf({ endpoint, tls: { insecure } })).toEqual({ url: new URL(url), socket: undefined });
  });

  test.each(['https://ingest.example/v1/logs', 'ftp://x', 'localhost:port', ''])('%j is none', (endpoint) => {
    expect(targetOf({ endpoint, tls: { insecure: false } })).toBeUndefined();
  });

  test('may be a socket', () => {
    expect(targetOf({ endpoint: 'unix:///run/otel.sock', tls: { insecure: true } })?.socket).toBe('/run/otel.sock');
  });
});

test.each(['gzip', 'none'])('brings every record, in order, with compression %s', async (compression) => {
  const sink = await startSink();
  const rig = await start(sink, { compression, headers: { 'X-Tenant': 'a' } });

  const outcomes = await sendAll(rig, 500);

  expect(durable(outcomes)).toBe(500);
  expect(sink.bodies).toEqual(sequence(0, 500));
  const [request] = sink.requests;
  expect(request?.metadata.get('x-tenant')).toEqual(['a']);
  expect(String(request?.metadata.get('user-agent'))).toMatch(/^winnow\/[0-9]/);
  expect(request?.metadata.get('grpc-encoding')).toEqual([]);
  expect(rig.host.metric('otelcol_exporter_sent_log_records')).toBe(500);
});

test('speaks over a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-grpc-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const where = `unix:${join(folder, 'otel.sock')}`;
  const sink = await startSink(new GrpcSink(), where);
  const rig = await start(undefined, { endpoint: where, tls: { insecure: true } });

  expect(durable(await sendAll(rig, 10))).toBe(10);
  expect(sink.bodies).toHaveLength(10);
});

describe('an answer', () => {
  const retryIn = (seconds: number): Metadata => {
    const metadata = new Metadata();
    const delay = field(0x0a, Buffer.from([0x08, seconds]));
    const any = Buffer.concat([field(0x0a, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(0x12, delay)]);
    metadata.set('grpc-status-details-bin', Buffer.concat([Buffer.from([0x08, Code.RESOURCE_EXHAUSTED]), field(0x1a, any)]));
    return metadata;
  };

  test.each([
    ['UNAVAILABLE', { code: Code.UNAVAILABLE }],
    ['ABORTED', { code: Code.ABORTED }],
    ['INTERNAL', { code: Code.INTERNAL }],
    ['RESOURCE_EXHAUSTED', { code: Code.RESOURCE_EXHAUSTED, details: 'slow down' }],
    ['RESOURCE_EXHAUSTED that says when', { code: Code.RESOURCE_EXHAUSTED, details: 'message too large', metadata: retryIn(0) }],
  ])('%s has the request sent again', async (_name, status) => {
    const sink = await startSink();
    sink.script = (_request, nth) => (nth < 2 ? status : undefined);
    const rig = await start(sink);

    expect(durable(await sendAll(rig, 10))).toBe(10);
    expect(sink.requests).toHaveLength(3);
    expect(sink.bodies).toEqual(sequence(0, 10));
  });

  test.each([
    [Code.UNAUTHENTICATED, 'UNAUTHENTICATED from http://127.0.0.1:', 'missing or expired token'],
    [Code.PERMISSION_DENIED, 'PERMISSION_DENIED', 'have the permission granted'],
    [Code.UNIMPLEMENTED, 'UNIMPLEMENTED', 'port 4317 by custom'],
  ])('%s is a fault of the destination: records are held until it is mended', async (code, name, advice) => {
    const sink = await startSink();
    let isMended = false;
    sink.script = () => (isMended ? undefined : { code, details: 'no, token-abc' });
    const rig = await start(sink, { headers: { authorization: 'Bearer token-abc' } });
    const sent = sendAll(rig, 10);
    await expect.poll(() => rig.host.lines.length).toBeGreaterThan(0);

    const told = JSON.stringify(rig.host.lines);
    expect(told).toContain(name);
    expect(told).toContain(advice);
    expect(told).not.toContain('token-abc');
    isMended = true;
    expect(durable(await sent)).toBe(10);
  });

  test('INVALID_ARGUMENT singles out the record that is refused', async () => {
    const sink = await startSink();
    sink.script = ({ body }) => (body.includes('seq=3 ') ? { code: Code.INVALID_ARGUMENT, details: 'no' } : undefined);
    const rig = await start(sink);

    const [outcome] = await sendAll(rig, 10);

    expect(outcome).toEqual({ durable: 9, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
    expect(sink.bodies).toEqual(sequence(0, 10).filter((body) => !body.startsWith('seq=3 ')));
  });

  test('that a message is too large has it halved', async () => {
    const sink = await startSink(new GrpcSink(ServerCredentials.createInsecure(), { 'grpc.max_receive_message_length': 250 }));
    const rig = await start(sink, { compression: 'none' });

    expect(durable(await sendAll(rig, 40))).toBe(40);
    expect([...sink.bodies].toSorted()).toEqual(sequence(0, 40).toSorted());
    expect(sink.requests.length).toBeGreaterThan(4);
  });

  test('with a partial success counts what is rejected', async () => {
    const sink = await startSink();
    sink.script = () => encodeResponse({ partialSuccess: { rejectedLogRecords: 3, errorMessage: 'too old' } });
    const rig = await start(sink);

    const [outcome] = await sendAll(rig, 10);

    expect(outcome).toEqual({ durable: 7, dropped: new Map([['partial_success', 3]]), abandoned: 0 });
    expect(sink.requests).toHaveLength(1);
  });

  test('that does not come in time is asked for again', async () => {
    const sink = await startSink();
    sink.delayMs = 600;
    const rig = await start(sink, { timeout: '200ms' });
    const sent = sendAll(rig, 10);
    await expect.poll(() => JSON.stringify(rig.host.lines)).toContain('within 0.2s; see the option \\"timeout\\"');
    sink.delayMs = 0;

    expect(durable(await sent)).toBe(10);
  });
});

describe('a backend', () => {
  test('that goes away and comes back gets everything', async () => {
    const sink = await startSink();
    const rig = await start(sink);
    await sendAll(rig, 50);
    sink.stop();
    const sent = sendAll(rig, 100);
    await expect.poll(() => JSON.stringify(rig.host.lines)).toContain('cannot reach');
    const next = new GrpcSink();
    next.port = sink.port;
    await startSink(next);

    expect(durable(await sent)).toBe(100);
    expect(new Set(next.bodies)).toEqual(new Set(sequence(0, 100)));
  });

  test('that is none of gRPC is a fault of the destination', async () => {
    const server = createServer((_request, response) => response.end());
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    open.push(() => (server.closeAllConnections(), server.close()));
    const { port } = server.address() as AddressInfo;
    const rig = await start(undefined, { endpoint: `http://127.0.0.1:${port}` });
    rig.send(sequence(0, 1));

    await expect.poll(() => JSON.stringify(rig.host.lines)).toMatch(/does not speak HTTP\/2; .*otlp_http/);
  });

  test('that is not there is told of', async () => {
    const rig = await start(undefined);
    rig.send(sequence(0, 1));

    await expect
      .poll(() => JSON.stringify(rig.host.lines))
      .toContain('cannot reach http://127.0.0.1:1/: the connection was refused; is it running and the port right? (ECONNREFUSED)');
  });

  test.each([
    ['that answers no pings', { timeout: '0s', keepalive: { time: '1s', timeout: '500ms' } }],
    ['that does not answer in time', { timeout: '1s' }],
  ])('%s is connected to anew', async (_name, options) => {
    const sink = await startSink();
    const relay = await startRelay(sink.port);
    const rig = await start(undefined, { endpoint: `http://127.0.0.1:${relay.port}`, ...options });
    await sendAll(rig, 10);
    relay.freeze();

    expect(durable(await sendAll(rig, 10))).toBe(10);
    expect(relay.connections).toBe(2);
  });
});

describe.skipIf(!hasOpenssl())('TLS', () => {
  test('checks the backend, and shows a certificate of its own', async () => {
    const certificates = createCertificates();
    open.push(() => certificates.remove());
    const { ca, server, client } = certificates;
    const pair = { private_key: readFileSync(server.keyFile), cert_chain: readFileSync(server.certFile) };
    const sink = await startSink(new GrpcSink(ServerCredentials.createSsl(readFileSync(ca.certFile), [pair], true)));
    const endpoint = `localhost:${sink.port}`;
    const strange = await start(undefined, { endpoint });
    strange.send(sequence(0, 1));
    const rig = await start(undefined, {
      endpoint,
      tls: { ca_file: ca.certFile, cert_file: client.certFile, key_file: client.keyFile },
    });

    expect(durable(await sendAll(rig, 20))).toBe(20);
    expect(sink.bodies).toEqual(sequence(0, 20));
    await expect.poll(() => JSON.stringify(strange.host.lines)).toContain('give that as tls.ca_file');
  });
});
