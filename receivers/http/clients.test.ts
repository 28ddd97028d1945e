import { Client } from '@elastic/elasticsearch';
import { afterEach, describe, expect, test } from 'vitest';
import { createResource } from '#model';
import { factory as elasticsearch } from '../../exporters/elasticsearch/index.ts';
import { factory as loki } from '../../exporters/loki/index.ts';
import { start, stopAll, type Rig } from '../../test/helpers/http-receiver-rig.ts';
import { startExporterOf } from '../../test/helpers/exporter-rig.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';

afterEach(stopAll);

describe('the official client of Elasticsearch', () => {
  async function withClient(use: (client: Client, rig: Rig) => Promise<void>): Promise<void> {
    const rig = await start();
    const client = new Client({ node: rig.url, auth: { username: 'a', password: 'b' }, maxRetries: 0, compression: true });
    try {
      await use(client, rig);
    } finally {
      await client.close();
    }
  }

  test('sends with its bulk helper, in several requests at once', async () => {
    await withClient(async (client, { sink }) => {
      async function* documents(): AsyncGenerator<object> {
        for (let i = 0; i < 3000; i++) yield { '@timestamp': '2026-01-30T12:00:00Z', message: `number ${i}`, n: i, deep: { a: [1, null] } };
      }
      const dropped: unknown[] = [];

      const result = await client.helpers.bulk({
        datasource: documents(),
        onDocument: () => ({ create: { _index: 'app' } }),
        onDrop: (document) => void dropped.push(document.error),
        flushBytes: 20_000,
        concurrency: 4,
        refreshOnCompletion: 'app',
      });

      expect(result).toMatchObject({ total: 3000, successful: 3000, failed: 0, retry: 0 });
      expect(dropped).toEqual([]);
      expect(new Set(sink.bodies).size).toBe(3000);
      expect(sink.records[0]?.attributes).toMatchObject({ 'elasticsearch.index': 'app', n: 0 });
    });
  });

  test('is told by its bulk helper which document is none', async () => {
    await withClient(async (client, { sink }) => {
      const dropped: unknown[] = [];

      const result = await client.helpers.bulk({
        datasource: ['{"message":"good"}', '{"message":"also good"}', '[1]'],
        onDocument: () => ({ index: { _index: 'app' } }),
        onDrop: (document) => void dropped.push(document.status),
      });

      expect([result.successful, result.failed, dropped]).toEqual([2, 1, [400]]);
      expect(sink.bodies).toEqual(['good', 'also good']);
    });
  });

  test('finds what it asks for, and sends single documents', async () => {
    await withClient(async (client, { sink }) => {
      expect(await client.ping()).toBe(true);
      expect((await client.info()).tagline).toBe('You Know, for Search');
      expect(await client.index({ index: 'app', document: { message: 'one' } })).toMatchObject({ _index: 'app', result: 'created' });
      expect(await client.index({ index: 'app', id: 'a/b', document: { message: 'two' } })).toMatchObject({ _id: 'a/b' });
      expect(await client.create({ index: 'app', id: '7', document: { message: 'three' } })).toMatchObject({ _id: '7' });
      await expect(client.index({ index: 'app', document: [1] })).rejects.toThrow(/failed to parse/);
      expect((await client.bulk({ refresh: true, operations: [{ index: { _index: 'x' } }, { message: 'four' }] })).errors).toBe(false);
      expect(sink.bodies).toEqual(['one', 'two', 'three', 'four']);
    });
  });
});

describe('an agent sends to another', () => {
  test('as to Elasticsearch', async () => {
    const { sink, url } = await start();
    const rig = await startExporterOf(elasticsearch, { endpoint: url, mapping: { mode: 'agent' } });
    const batch = batchOf(['one', 'two']);
    batch.setAttribute(0, 'user', 'ü');

    expect((await rig.send(batch)).durable).toBe(2);
    await rig.stop();

    expect(sink.bodies).toEqual(['one', 'two']);
    expect(sink.records[0]?.attributes).toMatchObject({
      'elasticsearch.index': 'logs-agents-default',
      agent_name: 'unknown',
      metadata: { user: 'ü' },
    });
  });

  test('as to Loki', async () => {
    const { sink, url } = await start();
    const rig = await startExporterOf(loki, { endpoint: url });
    const batch = batchOf(['one', 'two']);
    batch.resourceOf[0] = batch.addResource(createResource({ 'service.name': 'web', 'host.name': 'h' }));
    batch.timeMs[0] = 1_769_774_400_123;
    batch.timeNs[0] = 456_789;
    batch.severity[0] = 17;

    expect((await rig.send(batch)).durable).toBe(2);
    await rig.stop();

    expect(sink.records).toMatchObject([
      { body: 'one', timeMs: 1_769_774_400_123, timeNs: 456_789, attributes: { service_name: 'web', host_name: 'h', level: 'error' } },
      { body: 'two', attributes: { service_name: 'unknown_service' } },
    ]);
  });
});
