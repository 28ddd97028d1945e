import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createResource, createScope, type LogBatch } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { startExporterOf, type ExporterRig } from '../../test/helpers/exporter-rig.ts';
import { booksOf } from '../../test/helpers/fake-backend.ts';
import { LokiServer } from '../../test/helpers/loki-server.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';
import { pushUrlOf } from './config.ts';
import { factory } from './index.ts';
import { splitPush } from './split.ts';

const NOW = Date.parse('2026-01-30T14:39:06.711Z');
const NOW_NS = BigInt(NOW) * 1_000_000n;
const RETRY = { initial_interval: '5ms', max_interval: '20ms' };

let server: LokiServer;
const rigs: ExporterRig[] = [];

beforeEach(async () => {
  server = new LokiServer();
  await server.start();
});

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop(0);
  await server.stop();
});

async function start(written: object = {}): Promise<ExporterRig> {
  const rig = await startExporterOf(factory, { endpoint: server.url, retry_on_failure: RETRY, ...written });
  rigs.push(rig);
  return rig;
}

function numbered(count: number): LogBatch {
  const batch = batchOf(Array.from({ length: count }, (_, i) => `number ${i}`));
  for (let row = 0; row < count; row++) batch.timeMs[row] = NOW + row;
  return batch;
}

const lines = (): string[] => server.pushed.map(({ line }) => line);

function of(resource: Readonly<Record<string, string>>, bodies: readonly string[] = ['a line']): LogBatch {
  const batch = batchOf(bodies);
  const index = batch.addResource(createResource(resource));
  for (let row = 0; row < batch.length; row++) {
    batch.timeMs[row] = NOW;
    batch.resourceOf[row] = index;
  }
  return batch;
}

describe('a record', () => {
  test('is a line of a stream, with all else beside it', async () => {
    const rig = await start({ labels: { job: 'winnow' }, tenant_id: 'team-1', headers: { 'X-Other': 'y' } });
    const batch = of({ 'service.name': 'web"shop', 'host.name': 'h1' }, ['first\nline', 'second']);
    batch.timeNs[0] = 123_456;
    batch.severity[0] = 18;
    batch.setSeverityText(0, 'ERR');
    batch.traceIdColumn().fill(0xab, 0, 16);
    batch.setAttribute(0, 'http.status', 500);
    batch.setAttribute(0, 'tags', ['a', 'b']);
    batch.scopeOf[0] = batch.addScope(createScope('lib', '1.2'));

    expect((await rig.send(batch)).durable).toBe(2);

    expect(server.pushed).toEqual([
      {
        labels: '{job="winnow", service_name="web\\"shop"}',
        time: NOW_NS + 123_456n,
        line: 'first\nline',
        metadata: {
          trace_id: 'ab'.repeat(16),
          severity_number: '18',
          severity_text: 'ERR',
          level: 'error',
          http_status: '500',
          tags: '["a","b"]',
          host_name: 'h1',
          scope_name: 'lib',
          scope_version: '1.2',
        },
      },
      { labels: '{job="winnow", service_name="web\\"shop"}', time: NOW_NS, line: 'second', metadata: { host_name: 'h1' } },
    ]);
    expect(server.headers[0]).toMatchObject({ 'x-scope-orgid': 'team-1', 'x-other': 'y', 'content-type': 'application/x-protobuf' });
  });

  test('may have its level and attributes as labels, and no metadata', async () => {
    const rig = await start({ level_label: true, labels_from_attributes: ['team', 'http.route'], structured_metadata: false });
    const batch = of({ 'service.name': 'web' }, ['a', 'b', 'c']);
    for (const row of [0, 1, 2]) batch.severity[row] = row === 1 ? 17 : 9;
    batch.setAttribute(0, 'team', 'red');
    batch.setAttribute(2, 'team', 'red');
    batch.setAttribute(1, 'http.route', '/x');
    batch.setAttribute(1, 'other', 'y');

    await rig.send(batch);

    expect(server.pushed.map(({ labels, line, metadata }) => [labels, line, metadata])).toEqual([
      ['{level="info", service_name="web", team="red"}', 'a', {}],
      ['{level="info", service_name="web", team="red"}', 'c', {}],
      ['{http_route="/x", level="error", service_name="web"}', 'b', {}],
    ]);
  });

  test('without any label is of an unknown service', async () => {
    const rig = await start();
    await rig.send(numbered(1));

    expect(server.pushed[0]?.labels).toBe('{service_name="unknown_service"}');
  });

  test('may be a line of JSON', async () => {
    const rig = await start({ line: 'json', structured_metadata: false });
    const batch = of({ 'service.name': 'web' });
    batch.setAttribute(0, 'n', 1);

    await rig.send(batch);

    expect(JSON.parse(server.pushed[0]?.line ?? '')).toEqual({
      body: 'a line',
      attributes: { n: 1 },
      resources: { 'service.name': 'web' },
    });
  });

  test('that is no UTF-8 does not spoil the request', async () => {
    const rig = await start();
    const batch = numbered(2);
    batch.space.bytes[0] = 0xff;

    expect((await rig.send(batch)).durable).toBe(2);
    expect(lines()).toEqual(['\ufffdumber 0', 'number 1']);
  });

  test('that is equal to others of its time is kept nevertheless', async () => {
    const rig = await start();
    const batch = of({ 'service.name': 'web' }, ['same', 'same', 'same']);
    const again = of({ 'service.name': 'web' }, ['same']);

    await rig.send(batch);
    await rig.send(again);

    expect(server.pushed.map(({ time }) => time - NOW_NS)).toEqual([0n, 1n, 2n, 3n]);
  });
});

test('a large batch goes in several requests, in order', async () => {
  const rig = await start({ request_bytes_max: 1024, structured_metadata: false });

  expect((await rig.send(numbered(300))).durable).toBe(300);

  expect(server.requests).toBeGreaterThan(5);
  expect(lines()).toEqual(Array.from({ length: 300 }, (_, i) => `number ${i}`));
});

test('a request names so many streams and no more', async () => {
  const rig = await start({ labels_from_attributes: ['id'] });
  const batch = numbered(2500);
  for (let row = 0; row < 2500; row++) batch.setAttribute(row, 'id', `i${row}`);

  expect((await rig.send(batch)).durable).toBe(2500);

  expect(server.requests).toBe(3);
  expect(new Set(server.pushed.map(({ labels }) => labels)).size).toBe(2500);
});

test('the record that Loki refuses is singled out and written down; the others are kept', async () => {
  const rig = await start();
  server.answer = (entries) =>
    entries.some(({ line }) => line === 'number 3') ? { status: 400, body: 'entry for stream has timestamp too old' } : undefined;

  const outcome = await rig.send(numbered(8));

  expect(outcome).toEqual({ durable: 7, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
  expect(lines()).not.toContain('number 3');
  const { came, went } = booksOf(rig.host);
  expect(went).toBe(came);
});

test.each([
  [401, 'permanent', 'check "headers", "auth" and "tenant_id"'],
  [404, 'permanent', 'check the path'],
  [429, 'recoverable', 'asks for fewer'],
  [500, 'recoverable', 'cannot take the request now'],
])('a request that is answered %d is kept until it is taken', async (status, said, message) => {
  const rig = await start({ headers: { authorization: 'Bearer verysecret' } });
  server.answer = () => (server.requests > 4 ? undefined : { status, body: 'no: verysecret' });

  expect((await rig.send(numbered(2))).durable).toBe(2);

  expect(rig.host.reported.some((report) => report.status === said && report.message?.includes(message))).toBe(true);
  expect(JSON.stringify([rig.host.reported, rig.host.lines])).not.toContain('verysecret');
  expect(lines()).toEqual(['number 0', 'number 1']);
});

test('a web page, or the 400 of a server that wants TLS, is no answer of Loki', async () => {
  const rig = await start();
  const pages = [
    { status: 200, type: 'text/html', body: '<html>Please log in</html>' },
    { status: 400, body: 'Client sent an HTTP request to an HTTPS server.' },
  ];
  server.answer = () => pages.shift();

  expect((await rig.send(numbered(2))).durable).toBe(2);

  expect(rig.host.reported.filter(({ status }) => status === 'permanent')).toHaveLength(2);
  expect(lines()).toEqual(['number 0', 'number 1']);
});

test('a push that is divided keeps its streams and their order', async () => {
  const rig = await start({ labels_from_attributes: ['id'] });
  const batch = numbered(7);
  for (let row = 0; row < 7; row++) batch.setAttribute(row, 'id', `i${row % 2}`);
  let isFirst = true;
  server.answer = () => {
    if (!isFirst) return undefined;
    isFirst = false;
    return { status: 413 };
  };

  expect((await rig.send(batch)).durable).toBe(7);

  expect(server.requests).toBe(3);
  expect(lines()).toEqual([0, 2, 4, 6, 1, 3, 5].map((i) => `number ${i}`));
  expect(splitPush({ body: Buffer.alloc(0), rows: 1, encoding: '', contentType: '' })).toBeUndefined();
});

test.each([
  ['http://loki:3100', 'http://loki:3100/loki/api/v1/push'],
  ['http://loki:3100/', 'http://loki:3100/loki/api/v1/push'],
  ['https://x/loki/api/v1/push', 'https://x/loki/api/v1/push'],
  ['https://gateway/custom', 'https://gateway/custom'],
])('%s pushes to %s', (endpoint, url) => expect(pushUrlOf({ endpoint } as never).href).toBe(url));

test.each([
  [{ endpoint: 'loki:3100' }, 'endpoint: expected an address that begins with http:// or https://, got "loki:3100"'],
  [{ endpoint: 'ftp://u:secret@loki' }, 'endpoint: expected an address that begins with http:// or https://'],
  [{ labels: { '1x': 'y' } }, 'labels.1x: the name of a label has letters, digits and _, begins with no digit, and not with __'],
  [{ headers: { 'x y': 'z' } }, 'headers.x y: the name of a header has letters, digits and hyphens only'],
  [
    { proxy_url: 'proxy' },
    'proxy_url: expected the URL of an HTTP proxy such as "http://proxy.example:3128"; other kinds are not supported',
  ],
])('%j is refused', (config, problem) => {
  expect(validate(factory, { endpoint: 'http://loki:3100', ...config }).problems).toEqual([problem]);
});
