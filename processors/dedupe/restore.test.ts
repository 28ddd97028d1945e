/** What a run has counted and left in storage when it died, and the next run with another configuration. */
import { describe, expect, test } from 'vitest';
import type { Processor } from '#component';
import { LogBatch, ValueType } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { DedupeConfig } from './config.ts';
import { factory } from './index.ts';

const START = Date.UTC(2026, 0, 30, 12);

async function started(options: Partial<DedupeConfig>, storage: MemoryStorage, sink: LogsSink = new LogsSink()) {
  const clock = new FakeClock(START);
  const host = createTestHost({ clock, storage });
  const { config, problems } = validate(factory, options);
  expect(problems).toEqual([]);
  const dedupe: Processor = factory.create(config as DedupeConfig, { id: 'dedupe' }, sink);
  await dedupe.start(host);
  const give = async (...bodies: readonly string[]) => {
    const batch = new LogBatch();
    for (const body of bodies) {
      const row = batch.addRow(ValueType.none, 0, 0);
      batch.setBody(row, body);
      batch.timeMs[row] = START;
    }
    const { outcome } = deliver(batch);
    await dedupe.consume(batch);
    return { outcome };
  };
  return { clock, host, sink, give, stop: () => dedupe.shutdown(new AbortController().signal) };
}

const countsOf = (sink: LogsSink) => sink.records.map(({ body, attributes }) => [body, attributes['winnow.dedupe.count']]);

/** Storage as an agent leaves it that was killed. */
async function killed(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const { clock, give } = await started({}, storage);
  await give('a', 'a', 'a', 'b', 'b');
  await clock.advance(200);
  return storage;
}

describe.each<[string, Partial<DedupeConfig>]>([
  ['hold_max: 0s', { hold_max: '0s' }],
  ['encode: template', { encode: 'template' }],
  ['another interval', { interval: '1h' }],
])('after a restart with %s', (_, options) => {
  test('what was counted comes as a summary, once, and leaves storage', async () => {
    const storage = await killed();

    const { host, sink, stop } = await started(options, storage);
    await settleMicrotasks();

    expect(countsOf(sink)).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(host.metric('winnow_processor_restored_log_records')).toBe(3);
    expect(host.metric('winnow_processor_suppressed_log_records')).toBe(3);
    await stop();
    expect([...host.storage.list()]).toEqual([]);
  });

  test('a summary that is not taken is offered again, and stays in storage until it is', async () => {
    const storage = await killed();
    const refusing = new LogsSink();
    refusing.mode = 'abandon';

    const { clock, stop } = await started(options, storage, refusing);
    await settleMicrotasks();
    refusing.mode = 'keep';
    await clock.advance(1000);
    expect(countsOf(refusing).slice(2)).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    await stop();
    const { host, sink } = await started(options, storage);
    await settleMicrotasks();

    expect(countsOf(sink)).toHaveLength(2);
    expect([...host.storage.list()]).toEqual([]);
  });
});

test('with hold_max: 0s what is restored and what is counted now go their own ways', async () => {
  const storage = await killed();
  const { clock, host, give, sink } = await started({ hold_max: '0s' }, storage);
  await settleMicrotasks();

  const { outcome } = await give('c', 'c');
  sink.mode = 'abandon';
  await clock.advance(10_100);

  expect(countsOf(sink)).toEqual([
    ['a', 2],
    ['b', 1],
    ['c', undefined],
    ['c', 1],
  ]);
  // Its source gives it again.
  expect((await outcome).abandoned).toBe(1);
  expect([...host.storage.list()]).toEqual([]);
});
