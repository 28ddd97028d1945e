import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch, createResource, createSharedAttributes, type AttributeValue } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { TemplateProcessor, type TemplateConfig } from './template.ts';

const DEFAULTS: TemplateConfig = {
  source_keys: ['service.name', 'log.file.path', 'log.file.name'],
  header: 'auto',
  message_attributes: ['message', 'msg'],
  body_field: '',
  template_attribute: 'log.record.template',
  id_attribute: 'winnow.template.id',
  variables: false,
  evidence: 5,
  max_clusters: 2000,
  max_sources: 200,
  max_line_bytes: 4096,
  seed_templates: [],
  seed_logs: [],
  warmup_min_clusters: 0,
  snapshot_interval: '1m',
};

interface Bench {
  readonly sink: LogsSink;
  readonly host: TestHost;
  readonly processor: TemplateProcessor;
  readonly send: (batch: LogBatch) => Promise<void>;
}

async function start(config: Partial<TemplateConfig> = {}, storage: MemoryStorage = new MemoryStorage()): Promise<Bench> {
  const sink = new LogsSink();
  const host = createTestHost({ id: 'template', storage, clock: new FakeClock() });
  const processor = new TemplateProcessor({ ...DEFAULTS, ...config }, { id: 'template' }, sink);
  await processor.start(host);
  const send = async (batch: LogBatch): Promise<void> => {
    if (batch.liveRows > 0) deliver(batch);
    await processor.consume(batch);
  };
  return { sink, host, processor, send };
}

function batchOf(...bodies: AttributeValue[]): LogBatch {
  const batch = new LogBatch();
  for (const body of bodies) batch.setBody(batch.addRow(0, 0, 0), body);
  return batch;
}

function templatesOf(sink: LogsSink): unknown[] {
  return sink.records.map(({ attributes }) => attributes['log.record.template']);
}

describe('each record gets', () => {
  test('the text and the id of its template, and the batch the template itself', async () => {
    const { send, sink, host } = await start();
    const batch = batchOf('user 7 left', 'user 8 left', 'disk full');

    await send(batch);

    expect(templatesOf(sink)).toEqual(['user <*> left', 'user <*> left', 'disk full']);
    expect(sink.records[0]?.attributes['winnow.template.id']).toBe(batch.templateOf[0]?.id);
    expect(batch.templateOf[0]).toBe(batch.templateOf[1]);
    expect(host.metric('otelcol_processor_drain_log_records_annotated')).toBe(3);
    expect(host.metric('otelcol_processor_drain_clusters_active')).toBe(2);
  });

  test('what the whole batch teaches, the first one too', async () => {
    const { send, sink } = await start();

    await send(batchOf(...['ann', 'bob', 'cid', 'dan', 'eve'].map((user) => `session of ${user} opened`)));

    expect(new Set(templatesOf(sink))).toEqual(new Set(['session of <*> opened']));
  });

  test('its variables, if asked', async () => {
    const { send, sink } = await start({ variables: true });

    await send(batchOf('user 7 left 10.0.0.1', 'disk full'));

    expect(sink.records.map(({ attributes }) => attributes['winnow.template.variables'])).toEqual([['7', '10.0.0.1'], []]);
  });

  test('attributes of the names that were chosen, in the place of what had them', async () => {
    const { send, sink } = await start({ template_attribute: 'tpl', id_attribute: '' });
    const batch = batchOf('user 7 left', 'user 8 left', 'user 9 left');
    batch.setAttribute(0, 'tpl', 'mine');
    batch.sharedOf[1] = batch.addShared(createSharedAttributes({ tpl: 'shared', 'log.file.name': 'a' }));

    await send(batch);

    expect(sink.records.map(({ attributes }) => attributes)).toEqual([
      { tpl: 'user <*> left' },
      { tpl: 'user <*> left', 'log.file.name': 'a' },
      { tpl: 'user <*> left' },
    ]);
  });

  test('nothing when it was dropped before', async () => {
    const { send, host } = await start();
    const batch = batchOf('user 7 left', 'user 8 left');
    deliver(batch);
    batch.drop(0, 'test');

    await send(batch);

    expect(batch.templateOf[0]).toBeUndefined();
    expect(host.metric('otelcol_processor_drain_log_records_annotated')).toBe(1);
  });
});

test('attributes of one batch do not leak into the next', async () => {
  const { send, sink } = await start();
  const batch = batchOf('user 7 left');
  await send(batch);

  batch.reset(Buffer.alloc(0));
  batch.addRow(0, 0, 0);
  await send(batch);

  expect(sink.records[1]?.attributes).toEqual({});
});

describe('the message is', () => {
  test('the attribute of a record that was parsed', async () => {
    const { send, sink } = await start();
    const batch = batchOf('{"message":"took 3 ms","n":1}', null);
    batch.setAttribute(0, 'message', 'took 3 ms');
    batch.setAttribute(1, 'msg', 'took 4 ms');

    await send(batch);

    expect(templatesOf(sink)).toEqual(['took <*> ms', 'took <*> ms']);
  });

  test('inside a body of JSON, between its keys', async () => {
    const { send, sink } = await start();

    await send(batchOf('{"n":1,"message":"took 3 ms"}'));

    expect(templatesOf(sink)).toEqual(['{"n":<*>,"message":"took <*> ms"}']);
  });

  test('a field of a body that is a map, or the map by its keys', async () => {
    const map = { event: 'took 3 ms', n: 1 };
    const named = await start({ body_field: 'event' });
    const unnamed = await start();

    await named.send(batchOf(map));
    await unnamed.send(batchOf(map));

    expect(templatesOf(named.sink)).toEqual(['took <*> ms']);
    expect(templatesOf(unnamed.sink)).toEqual(['{"event":"took <*> ms","n":<*>}']);
  });

  test('missing from an empty record, which passes', async () => {
    const { send, sink, host } = await start();

    await send(batchOf(null, ''));

    expect(templatesOf(sink)).toEqual([undefined, undefined]);
    expect(host.metric('otelcol_processor_drain_log_records_unannotated')).toBe(2);
  });
});

test('services do not prove words of each other', async () => {
  const { send, sink } = await start();
  const users = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'];
  const batch = batchOf(...users.map((user) => `session of ${user} opened`));
  for (const row of users.keys()) {
    const resource = createResource({ 'service.name': row < 3 ? 'shop' : 'mail' });
    batch.resourceOf[row] = batch.addResource(resource);
  }

  await send(batch);

  expect(new Set(templatesOf(sink)).size).toBe(users.length);
});

test('a header is left out, from the first batch on', async () => {
  const { send, sink } = await start();
  const lines = Array.from(
    { length: 12 },
    (_, i) => `2026-11-22 06:00:${10 + i} INFO shop.Cart: ${i % 3 === 0 ? 'opened' : 'item added'} ${i}`,
  );

  await send(batchOf(...lines));

  expect(new Set(templatesOf(sink))).toEqual(new Set(['opened <*>', 'item added <*>']));
});

test('nothing is named before enough templates are known', async () => {
  const { send, sink } = await start({ warmup_min_clusters: 2 });

  await send(batchOf('user 7 left'));
  await send(batchOf('disk full'));

  expect(templatesOf(sink)).toEqual([undefined, 'disk full']);
});

describe('seeds', () => {
  test('of both kinds are known from the start', async () => {
    const { send, sink } = await start({ seed_templates: ['user <*> left', ' '], seed_logs: ['took 3 ms'], warmup_min_clusters: 2 });

    await send(batchOf('user ann left', 'took 9 ms'));

    expect(templatesOf(sink)).toEqual(['user <*> left', 'took <*> ms']);
  });
});

describe('what was learned', () => {
  const USERS = ['ann', 'bob', 'cid', 'dan', 'eve'];
  const lines = USERS.map((user) => `session of ${user} opened`);

  test('is there after a restart', async () => {
    const storage = new MemoryStorage();
    const first = await start({ header: 'none' }, storage);
    await first.send(batchOf(...lines));
    await first.processor.shutdown();

    const second = await start({ header: 'none' }, storage);
    await second.send(batchOf('session of zoe opened'));

    expect(templatesOf(second.sink)).toEqual(['session of <*> opened']);
    expect(second.sink.records[0]?.attributes['winnow.template.id']).toBe(first.sink.records[0]?.attributes['winnow.template.id']);
  });

  test('is there after a crash, when the interval had passed', async () => {
    const storage = new MemoryStorage();
    const first = await start({ header: 'none' }, storage);
    await first.send(batchOf(...lines));
    await (first.host.clock as FakeClock).advance(60_000);

    const second = await start({ header: 'none' }, storage.afterCrash());
    await second.send(batchOf('session of zoe opened'));

    expect(templatesOf(second.sink)).toEqual(['session of <*> opened']);
  });

  test('is learned anew when storage holds something else', async () => {
    const storage = new MemoryStorage();
    const client = storage.client('template');
    const transaction = client.begin();
    client.put(transaction, 'source/a', 'not what we wrote');
    client.put(transaction, 'source/b', '{"version":0}');
    await client.commit(transaction);

    const { send, sink, host } = await start({}, storage);
    await send(batchOf('user 7 left'));

    expect(templatesOf(sink)).toEqual(['user <*> left']);
    expect(host.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });
});

test('a batch that was refused is not counted again', async () => {
  const { processor, sink, host } = await start();
  const batch = batchOf('user 7 left');
  deliver(batch);

  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  sink.isRefusing = false;
  await processor.consume(batch);

  expect(host.metric('otelcol_processor_drain_log_records_annotated')).toBe(1);
});
