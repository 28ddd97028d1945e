import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogBatch } from '#model';
import { ElasticsearchServer } from '../../test/helpers/elasticsearch-server.ts';
import { startExporterOf, type ExporterRig } from '../../test/helpers/exporter-rig.ts';
import { booksOf } from '../../test/helpers/fake-backend.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';
import type { TestHostOptions } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';

let server: ElasticsearchServer;
const rigs: ExporterRig[] = [];

beforeEach(async () => {
  server = new ElasticsearchServer();
  await server.start();
});

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop(0);
  await server.stop();
});

const RETRY = { initial_interval: '5ms', max_interval: '20ms' };

async function start(written: object = {}, options: TestHostOptions = {}): Promise<ExporterRig> {
  const rig = await startExporterOf(factory, { endpoint: server.url, retry: RETRY, ...written }, options);
  rigs.push(rig);
  return rig;
}

const numbered = (count: number): LogBatch => batchOf(Array.from({ length: count }, (_, i) => `number ${i}`));
const texts = (): string[] => server.documents.map(({ source }) => (source['body'] as { text: string }).text);
const expectBalance = ({ host }: ExporterRig): void => {
  const { came, went } = booksOf(host);
  expect(went).toBe(came);
};

test('records become documents of the default data stream, and are settled by its answer', async () => {
  const rig = await start();

  const outcome = await rig.send(numbered(3));

  expect(outcome).toEqual({ durable: 3, dropped: new Map(), abandoned: 0 });
  expect(texts()).toEqual(['number 0', 'number 1', 'number 2']);
  expect(server.documents[0]).toMatchObject({
    index: 'logs-generic.otel-default',
    source: { '@timestamp': expect.stringMatching(/Z$/), data_stream: { type: 'logs', dataset: 'generic.otel', namespace: 'default' } },
  });
  expectBalance(rig);
});

test('a large batch goes in several requests, compressed or not', async () => {
  const rig = await start({ flush: { bytes: 1024 }, compression: 'none', sending_queue: { num_consumers: 1 } });

  const outcome = await rig.send(numbered(100));

  expect(outcome.durable).toBe(100);
  expect(server.requests.length).toBeGreaterThan(10);
  expect(texts()).toHaveLength(100);
});

test('documents that were not taken are sent again, alone, until they are', async () => {
  const rig = await start();
  let refusals = 0;
  server.moods.document = (_source, text) => {
    if (!text.includes('number 1') || refusals === 3) return undefined;
    refusals++;
    return { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'busy' } };
  };

  const outcome = await rig.send(numbered(3));

  expect(outcome.durable).toBe(3);
  expect(texts()).toEqual(['number 0', 'number 2', 'number 1']);
  expect(server.requests).toHaveLength(4);
  expectBalance(rig);
});

test('a document that does not fit its fields is a dead letter; the others are taken once', async () => {
  const rig = await start();
  const batch = numbered(5);
  batch.setAttribute(0, 'size', 12);
  batch.setAttribute(2, 'size', 'large');

  const outcome = await rig.send(batch);

  expect(outcome).toEqual({ durable: 4, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
  expect(texts()).toEqual(['number 0', 'number 1', 'number 3', 'number 4']);
  const letter = JSON.parse(readFileSync(join(rig.host.storage.directory('dead-letter'), 'dead-letter.ndjson'), 'utf8')) as {
    reason: string;
    body: string;
  };
  expect(letter).toMatchObject({ rows: 1, reason: expect.stringContaining('document_parsing_exception: failed to parse field') });
  expect(gunzipSync(Buffer.from(letter.body, 'base64')).toString()).toMatch(/^\{"create":[^\n]*\n[^\n]*number 2[^\n]*\n$/);
  expectBalance(rig);
});

test('a document that nobody may write holds what it belongs to, and says what to do', async () => {
  const rig = await start();
  server.moods.document = (_source, text) =>
    text.includes('number 1') ? { status: 403, error: { type: 'security_exception', reason: 'unauthorized' } } : undefined;

  const sent = rig.send(numbered(3));
  await expect.poll(() => rig.host.reported.at(-1)?.status).toBe('permanent');
  expect(texts()).toEqual(['number 0', 'number 2']);
  expect(rig.host.reported.at(-1)?.message).toContain('have the privilege "create_doc" granted');
  delete server.moods.document;

  expect((await sent).durable).toBe(3);
});

test.each([
  [401, 'permanent', 'check "user", "password" and "api_key"'],
  [404, 'permanent', 'no such index'],
  [429, 'recoverable', 'cannot take the request now'],
  [503, 'recoverable', 'cannot take the request now'],
])('a request that is answered %d is kept until it is taken', async (status, said, message) => {
  const rig = await start({ api_key: 'c2VjcmV0OnNlY3JldA==' });
  let answers = 0;
  const error = { type: 'some_exception', reason: 'the key c2VjcmV0OnNlY3JldA== is no good' };
  server.moods.request = () =>
    ++answers > 4 ? undefined : { status, body: JSON.stringify({ error, status }), headers: { 'content-type': 'application/json' } };

  const outcome = await rig.send(numbered(2));

  expect(outcome.durable).toBe(2);
  expect(rig.host.reported.some((report) => report.status === said && report.message?.includes(message))).toBe(true);
  expect(JSON.stringify([rig.host.reported, rig.host.lines])).not.toContain('c2VjcmV0');
  expect(JSON.stringify(rig.host.reported)).toContain('[secret] is no good');
  expect(server.authorizations.at(-1)).toBe('ApiKey c2VjcmV0OnNlY3JldA==');
});

test('a request that is too large is halved', async () => {
  const rig = await start();
  server.moods.request = () => (server.requests.length === 1 ? { status: 413 } : undefined);

  expect((await rig.send(numbered(5))).durable).toBe(5);

  expect(texts()).toEqual(['number 0', 'number 1', 'number 2', 'number 3', 'number 4']);
  expect(server.requests).toHaveLength(3);
});

test('what answers and is not Elasticsearch is a fault of the address', async () => {
  const rig = await start();
  server.moods.request = () => ({ status: 200, body: '<html>', headers: { 'x-elastic-product': 'nginx' } });

  const sent = rig.send(numbered(1));
  await expect.poll(() => rig.host.reported.at(-1)?.message).toContain('is not Elasticsearch');
  expect(rig.host.reported.at(-1)?.status).toBe('permanent');
  delete server.moods.request;

  expect((await sent).durable).toBe(1);
});

test('a server that is away, and comes back, gets everything', async () => {
  const rig = await start();
  const port = Number(new URL(server.url).port);
  await server.stop();

  const sent = rig.send(numbered(2));
  await expect.poll(() => rig.host.reported.at(-1)?.message).toContain('ECONNREFUSED');
  server = new ElasticsearchServer();
  await server.start(port);

  expect((await sent).durable).toBe(2);
  expect(texts()).toEqual(['number 0', 'number 1']);
});

test.each([
  [true, 3],
  [false, 6],
])('with ids of ours (%j), what is sent twice is there %d times', async (ids, count) => {
  const rig = await start({ generated_ids: ids });
  let answers = 0;
  server.moods.isAnswerLost = () => ++answers === 1;

  expect((await rig.send(numbered(3))).durable).toBe(3);

  expect(server.documents).toHaveLength(count);
});

test('a user, a password and a path of the address go with each request', async () => {
  const rig = await start({ endpoint: server.url, user: 'elastic', password: 'changeme', headers: { 'X-Team': 'a' } });
  await rig.send(numbered(1));

  expect(server.authorizations).toEqual([`Basic ${Buffer.from('elastic:changeme').toString('base64')}`]);

  const other = await start({ endpoint: `${server.url.replace('//', '//u:p@')}/search/` });
  server.moods.request = (path) => (path === '/search/_bulk' ? { status: 413 } : undefined);
  expect((await other.send(numbered(1))).dropped.get('refused_by_backend')).toBe(1);
  expect(server.authorizations.at(-1)).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
});

test('several nodes take turns, and one that is away is passed over', async () => {
  const other = new ElasticsearchServer();
  await other.start();
  try {
    const rig = await start({
      endpoint: '',
      endpoints: [server.url, other.url, 'http://127.0.0.1:9'],
      sending_queue: { num_consumers: 1 },
    });
    for (let i = 0; i < 10; i++) expect((await rig.send(numbered(1))).durable).toBe(1);

    expect(server.documents.length).toBeGreaterThan(2);
    expect(other.documents.length).toBeGreaterThan(2);
    expect(server.documents.length + other.documents.length).toBe(10);
  } finally {
    await other.stop();
  }
});

test('the index template is made once, before the first document, and not when it is there', async () => {
  const rig = await start({ mapping: { mode: 'agent' }, index_template: { enabled: true, settings: { number_of_replicas: 0 } } });
  await rig.send(numbered(1));
  await rig.send(numbered(1));

  expect(server.requests.map((request) => request.split('?')[0])).toEqual([
    'HEAD /_index_template/winnow-logs',
    'PUT /_index_template/winnow-logs',
    'POST /_bulk',
    'POST /_bulk',
  ]);
  expect(server.templates.get('winnow-logs')).toMatchObject({
    index_patterns: ['logs-agents-*'],
    data_stream: {},
    template: {
      settings: { number_of_replicas: 0 },
      mappings: { properties: { agent_name: { type: 'keyword' }, metadata: { properties: { correlation_id: { type: 'keyword' } } } } },
    },
  });

  const again = await start({ index_template: { enabled: true } });
  await again.send(numbered(1));
  expect(server.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
});

test('a queue on disk sends after a restart what was not answered', async () => {
  const storage = new MemoryStorage();
  const queue = { sending_queue: { storage: 'file_storage' } };
  const before = await start(queue, { storage });
  server.moods.request = () => ({ status: 503 });
  expect((await before.send(numbered(4))).durable).toBe(4);
  await before.stop();
  delete server.moods.request;

  const after = await start(queue, { storage });

  await expect.poll(() => texts()).toEqual(['number 0', 'number 1', 'number 2', 'number 3']);
  expectBalance(after);
});
