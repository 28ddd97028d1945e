import { expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { DedupeConfig } from './config.ts';
import { factory } from './index.ts';

const START = Date.UTC(2026, 0, 30, 12);
const HOUR = 3_600_000;

test("sources whose clocks differ do not end each other's windows, and those that agree share one", async () => {
  const clock = new FakeClock(START);
  const sink = new LogsSink();
  const dedupe = factory.create(validate(factory, {}).config as DedupeConfig, { id: 'dedupe' }, sink);
  await dedupe.start(createTestHost({ clock }));
  const give = async (source: number, at: number): Promise<void> => {
    const batch = new LogBatch();
    const row = batch.addRow(ValueType.none, 0, 0);
    batch.setBody(row, 'disk is full');
    batch.timeMs[row] = START + at;
    deliver(batch, source);
    await dedupe.consume(batch);
  };
  const skews = new Map([
    [1, 0],
    [2, HOUR],
    [3, 100],
  ]);

  for (let i = 0; i < 5; i++) for (const [source, skew] of skews) await give(source, 1000 * i + skew);
  expect(sink.records).toHaveLength(2);
  // Its own time ends a window, as ever.
  await give(2, HOUR + 10_000);
  await give(1, 5000);
  await clock.advance(10_100);

  const counts = sink.records.map(({ attributes }) => attributes['winnow.dedupe.count']);
  expect(counts).toEqual([undefined, undefined, 4, undefined, 10]);
  await dedupe.shutdown(new AbortController().signal);
});
