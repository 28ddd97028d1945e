import { describe, expect, test } from 'vitest';
import type { Outcome, Processor } from '#component';
import { LogBatch, ValueType, createResource, type AttributeValue, type Template } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import type { DedupeConfig } from './config.ts';

interface Row {
  readonly body?: AttributeValue;
  readonly at?: number;
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly resource?: string;
  readonly template?: Template;
}

const START = Date.UTC(2026, 0, 30, 12);

function batchOf(...rows: readonly (Row | string)[]): LogBatch {
  const batch = new LogBatch();
  for (const given of rows) {
    const spec = typeof given === 'string' ? { body: given } : given;
    const row = batch.addRow(ValueType.none, 0, 0);
    batch.setBody(row, spec.body ?? 'line');
    batch.severity[row] = spec.severity ?? 9;
    batch.timeMs[row] = START + (spec.at ?? 0);
    batch.observedMs[row] = START + (spec.at ?? 0) + 5;
    for (const [key, value] of Object.entries(spec.attributes ?? {})) batch.setAttribute(row, key, value);
    if (spec.resource !== undefined) batch.resourceOf[row] = batch.addResource(createResource({ 'service.name': spec.resource }));
    if (spec.template) batch.templateOf[row] = spec.template;
  }
  return batch;
}

async function started(options: Partial<DedupeConfig> = {}, { id = 'dedupe', storage = new MemoryStorage() } = {}) {
  const clock = new FakeClock(START);
  const host = createTestHost({ clock, storage });
  const sink = new LogsSink();
  const { config, problems } = validate(factory, options);
  expect(problems).toEqual([]);
  const dedupe: Processor = factory.create(config as DedupeConfig, { id }, sink);
  await dedupe.start(host);
  const give = async (...rows: readonly (Row | string)[]): Promise<{ outcome: Promise<Outcome> }> => {
    const batch = batchOf(...rows);
    const { outcome } = deliver(batch);
    await dedupe.consume(batch);
    return { outcome };
  };
  const stop = (signal: AbortSignal = new AbortController().signal) => dedupe.shutdown(signal);
  return { clock, host, sink, dedupe, give, stop, storage };
}

const COUNT = 'winnow.dedupe.count';
const countsOf = (sink: LogsSink) => sink.records.map(({ body, attributes }) => [body, attributes[COUNT]]);

describe('windows', () => {
  test('the first record passes at once, the others come as one with their count, without the first', async () => {
    const { clock, sink, give } = await started();

    await give('a', 'b', 'a', { body: 'a', at: 4000 });
    expect(countsOf(sink)).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    await clock.advance(10_100);

    expect(countsOf(sink).slice(2)).toEqual([['a', 2]]);
    expect(sink.records[2]).toMatchObject({
      timeMs: START + 4000,
      observedMs: START + 4005,
      attributes: { 'winnow.dedupe.first_time': '2026-01-30T12:00:00.000Z', 'winnow.dedupe.last_time': '2026-01-30T12:00:04.000Z' },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  test('end when their key comes again later than the interval, in event time', async () => {
    const { sink, give } = await started();

    await give('a', { body: 'a', at: 9999 }, { body: 'a', at: 10_000 }, { body: 'a', at: 10_001 });

    expect(countsOf(sink)).toEqual([
      ['a', 1],
      ['a', undefined],
      ['a', undefined],
    ]);
  });

  test('take in records out of order while all lie within the interval', async () => {
    const { clock, sink, give } = await started();

    await give({ body: 'a', at: 5000 }, { body: 'a', at: 1000 }, { body: 'a', at: 10_500 }, { body: 'a', at: 11_000 });
    await clock.advance(10_100);

    expect(countsOf(sink).filter(([, count]) => count !== undefined)).toEqual([['a', 2]]);
    expect(sink.records).toHaveLength(3);
  });

  test('end by the clock, though event time stands still', async () => {
    const { clock, sink, give } = await started();

    await give('a');
    await clock.advance(9999);
    await give('a');
    await clock.advance(1);
    await give('a');

    expect(countsOf(sink)).toEqual([
      ['a', undefined],
      ['a', 1],
      ['a', undefined],
    ]);
  });

  test('close oldest first when there is one key more than max_keys, counted', async () => {
    const { sink, give, host } = await started({ max_keys: 2 });

    await give('a', 'a', 'b', 'c', 'a');

    expect(countsOf(sink)).toEqual([
      ['a', 1],
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
      ['a', undefined],
    ]);
    expect(host.metric('winnow_dedupe_early_windows')).toBe(2);
  });

  test('close early when they hold more than max_held_bytes', async () => {
    const { sink, give, host } = await started({ max_held_bytes: 1500 });
    const long = (letter: string) => letter.repeat(600);

    await give(long('a'), long('a'), long('b'), long('b'));

    expect(countsOf(sink)[0]).toEqual([long('a'), 1]);
    expect(host.metric('winnow_dedupe_held_bytes')).toBeLessThan(1500);
  });
});

describe('equality', () => {
  const passes = async (options: Partial<DedupeConfig>, rows: readonly Row[]): Promise<number> => {
    const { sink, give } = await started(options);
    await give(...rows);
    return sink.records.length;
  };

  test.each<[string, Row]>([
    ['body', { body: 'other' }],
    ['a number as body', { body: 5 }],
    ['severity', { severity: 10 }],
    ['an attribute', { attributes: { a: 2 } }],
    ['the type of an attribute', { attributes: { a: '1' } }],
    ['one attribute more', { attributes: { a: 1, b: 1 } }],
    ['the resource', { resource: 'other' }],
  ])('of content: another record by %s', async (_, change) => {
    const row = { body: 'line', attributes: { a: 1 }, resource: 'app' };
    expect(await passes({}, [row, { ...row, ...change }])).toBe(2);
    expect(await passes({}, [row, { ...row }])).toBe(1);
  });

  test('the order of attributes does not count', async () => {
    expect(await passes({}, [{ attributes: { a: 1, b: 'x' } }, { attributes: { b: 'x', a: 1 } }])).toBe(1);
  });

  test('of chosen fields; a record without any of them is compared as a whole', async () => {
    const options = { include_fields: ['attributes.user\\.id', 'body.code'] };
    expect(await passes(options, [{ attributes: { 'user.id': 1 } }, { body: 'other', severity: 10, attributes: { 'user.id': 1 } }])).toBe(
      1,
    );
    expect(await passes(options, [{ body: { code: 1, at: 1 } }, { body: { code: 1, at: 2 } }, { body: { code: 2 } }])).toBe(2);
    expect(await passes(options, [{ body: 'a' }, { body: 'b' }, { body: 'a' }])).toBe(2);
  });

  test('of all but some fields', async () => {
    const options = { exclude_fields: ['attributes.id', 'body.at', 'attributes.nested.id'] };
    expect(await passes(options, [{ attributes: { id: 1, a: 1 } }, { attributes: { a: 1, id: 2 } }, { attributes: { a: 2, id: 2 } }])).toBe(
      2,
    );
    expect(await passes(options, [{ body: { at: 1, b: 1 } }, { body: { at: 2, b: 1 } }, { body: { at: 2, b: 2 } }])).toBe(2);
    const nested = (id: number, b: number): Row => ({ attributes: { nested: { id, b } } });
    expect(await passes(options, [nested(1, 1), nested(2, 1), nested(2, 2)])).toBe(2);
  });

  test('of the template, and of chosen variables', async () => {
    const template = { id: '00112233aabbccdd', text: 'user <*> from <*>' };
    const line = (user: string, from: string): Row => ({ body: `user ${user} from ${from}`, template });
    expect(await passes({ by: 'template' }, [line('a', 'x'), line('b', 'y'), { ...line('c', 'z'), severity: 13 }])).toBe(2);
    expect(await passes({ by: 'template', template_variables: [1] }, [line('a', 'x'), line('b', 'y'), line('c', 'x')])).toBe(2);
    expect(await passes({ by: 'template' }, [line('a', 'x'), { body: 'user a from x' }])).toBe(2);
  });

  test.each(['host.name', 'hostname', 'service.name', 'appname'])(
    'of the template: %s counts, in a record and in its resource',
    async (name) => {
      const template = { id: '00112233aabbccdd', text: 'user <*>' };
      const line = (value: string): Row => ({ body: 'user 1', template, attributes: { [name]: value, pid: Math.random() } });
      expect(await passes({ by: 'template' }, [line('alpha'), line('beta'), line('alpha')])).toBe(2);
      const from = (resource: string): Row => ({ body: 'user 1', template, resource });
      expect(await passes({ by: 'template' }, [from('alpha'), from('beta'), from('alpha')])).toBe(2);
    },
  );

  test('of the template: the file counts', async () => {
    const template = { id: '00112233aabbccdd', text: 'user <*>' };
    const line = (file: string): Row => ({ body: 'user 1', template, attributes: { 'log.file.name': file } });
    expect(await passes({ by: 'template' }, [line('a.log'), line('b.log'), line('a.log')])).toBe(2);
  });
});

describe('what passes', () => {
  test('ERROR and above, untouched; another severity by option', async () => {
    const error = { body: 'boom', severity: 17 };
    const plain = await started();
    await plain.give(error, error, { ...error, severity: 21 });
    expect(plain.sink.records.map(({ attributes }) => attributes)).toEqual([{}, {}, {}]);

    const strict = await started({ pass_severity: 'none' });
    await strict.give(error, error);
    expect(strict.sink.records).toHaveLength(1);
  });

  test('records for which no condition is true', async () => {
    const { sink, give } = await started({ conditions: ['attributes["a"] == 1', 'IsMatch(body, "^x")'] });

    await give('line', 'line', { attributes: { a: 1 } }, { attributes: { a: 1 } }, 'x', 'x');

    expect(sink.records).toHaveLength(4);
  });
});

test('a summary carries the template and examples of what differed', async () => {
  const template = { id: '00112233aabbccdd', text: 'user <*> from <*>' };
  const { clock, sink, give } = await started({ by: 'template', samples: 2 });

  await give(...['a', 'b', 'c', 'c', 'd'].map((user) => ({ body: `user ${user} from here`, template })));
  await clock.advance(10_100);

  expect(sink.records[1]).toMatchObject({
    body: 'user b from here',
    attributes: { [COUNT]: 4, 'winnow.dedupe.samples': ['["b","here"]', '["c","here"]'] },
  });
});

describe('as log_dedup', () => {
  test('the whole window waits; the count is the total, the times are in the time zone', async () => {
    const { clock, sink, give } = await started({ timezone: 'Asia/Kolkata' }, { id: 'log_dedup/all' });
    const error = { body: 'boom', severity: 17 };

    await give(error, error, { ...error, at: 2500 }, 'once');
    expect(sink.records).toEqual([]);
    await clock.advance(10_100);

    expect(sink.records.map(({ body, attributes }) => [body, attributes])).toEqual([
      [
        'boom',
        { log_count: 3, first_observed_timestamp: '2026-01-30T17:30:00+05:30', last_observed_timestamp: '2026-01-30T17:30:02+05:30' },
      ],
      [
        'once',
        { log_count: 1, first_observed_timestamp: '2026-01-30T17:30:00+05:30', last_observed_timestamp: '2026-01-30T17:30:00+05:30' },
      ],
    ]);
  });

  test('excluded fields are not in the summary, and the count has the name one chooses', async () => {
    const options = { exclude_fields: ['attributes.id', 'body.at'], log_count_attribute: 'n' };
    const { clock, sink, give } = await started(options, { id: 'log_dedup' });

    await give({ body: { at: 1, b: 1 }, attributes: { id: 1, a: 1 } }, { body: { at: 2, b: 1 }, attributes: { id: 2, a: 1 } });
    await clock.advance(10_100);

    expect(sink.records).toHaveLength(1);
    expect(sink.records[0]).toMatchObject({ body: { b: 1 }, attributes: { a: 1, n: 2 } });
    expect(sink.records[0]?.attributes).not.toHaveProperty('id');
  });
});

describe('responsibility', () => {
  test('counted records settle within hold_max, long before their summary', async () => {
    const { clock, give, sink } = await started();
    sink.mode = 'keep';
    const settled: Outcome[] = [];

    void (await give('a')).outcome.then((outcome) => settled.push(outcome));
    void (await give('a', 'a')).outcome.then((outcome) => settled.push(outcome));
    await clock.advance(199);
    expect(settled).toEqual([]);
    await clock.advance(1);

    expect(settled).toEqual([{ durable: 2, dropped: new Map(), abandoned: 0 }]);
  });

  test('after a crash what was counted comes as a summary, once, and leaves storage', async () => {
    const first = await started();
    await first.give('a', 'a', 'a', 'b', 'b');
    await first.clock.advance(200);

    const second = await started({}, { storage: first.storage });
    await settleMicrotasks();
    expect(countsOf(second.sink)).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(second.host.metric('winnow_processor_restored_log_records')).toBe(3);
    await second.give('a');
    expect(countsOf(second.sink)[2]).toEqual(['a', undefined]);
    await second.stop();

    const third = await started({}, { storage: first.storage });
    await settleMicrotasks();
    expect(third.sink.records).toEqual([]);
    expect([...third.host.storage.list()]).toEqual([]);
  });

  test('a summary that was abandoned is offered again', async () => {
    const { clock, give, sink, host } = await started();
    await give('a', 'a');
    sink.mode = 'abandon';
    await clock.advance(10_100);
    sink.mode = 'durable';
    await clock.advance(1000);

    expect(countsOf(sink).slice(1)).toEqual([
      ['a', 1],
      ['a', 1],
    ]);
    expect(host.metric('winnow_processor_suppressed_log_records')).toBe(1);
    expect([...host.storage.list()]).toEqual([]);
  });

  test('with hold_max 0 counted records settle with their summary', async () => {
    const { clock, give, sink, host } = await started({ hold_max: '0s' });
    await give('a');
    const { outcome } = await give('a', 'a');
    sink.mode = 'keep';
    await clock.advance(10_100);
    expect(await Promise.race([outcome, Promise.resolve('open')])).toBe('open');
    sink.release();

    expect((await outcome).durable).toBe(2);
    expect([...host.storage.list()]).toEqual([]);
  });

  test('with hold_max 0 what nobody takes until the deadline is abandoned', async () => {
    const { give, sink, stop } = await started({ hold_max: '0s' });
    await give('a');
    const { outcome } = await give('a', 'a');
    sink.isRefusing = true;
    await stop(AbortSignal.abort());

    expect((await outcome).abandoned).toBe(2);
  });

  test('a refused batch is not counted twice when it is offered again', async () => {
    const { dedupe, sink, stop } = await started();
    const batch = batchOf('a', 'a', 'b');
    deliver(batch);
    sink.isRefusing = true;
    await expect(dedupe.consume(batch)).rejects.toThrow('the test says no');
    sink.isRefusing = false;
    await dedupe.consume(batch);
    await stop();

    expect(countsOf(sink)).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['a', 1],
    ]);
  });

  test('refuses while more than max_held_bytes of summaries are not taken', async () => {
    const { give, sink, clock } = await started({ max_held_bytes: 300 });
    sink.isRefusing = true;
    await expect(give('a', 'a')).rejects.toThrow('the test says no');
    await expect(give('c')).rejects.toThrow('max_held_bytes');
    sink.isRefusing = false;
    await clock.advance(1000);
    await give('c');

    expect(countsOf(sink).at(-1)).toEqual(['c', undefined]);
  });
});
