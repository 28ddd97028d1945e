import { expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver, type SinkMode } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { DedupeConfig } from './config.ts';
import { factory } from './index.ts';

/** A life that ends in a crash: two equal records, long enough that they are in storage. */
async function live(storage: MemoryStorage, body: string | undefined, mode: SinkMode): Promise<LogsSink> {
  const clock = new FakeClock();
  const sink = new LogsSink();
  sink.mode = mode;
  const { config } = validate(factory, {});
  const dedupe = factory.create(config as DedupeConfig, { id: 'dedupe' }, sink);
  await dedupe.start(createTestHost({ clock, storage }));
  if (body !== undefined) {
    const batch = new LogBatch();
    for (let row = 0; row < 2; row++) batch.setBody(batch.addRow(ValueType.none, 0, 0), body);
    deliver(batch);
    await dedupe.consume(batch);
  }
  await clock.advance(200);
  await settleMicrotasks();
  return sink;
}

test('what two lives have counted comes in the third, although neither could hand its summaries on', async () => {
  const storage = new MemoryStorage();
  await live(storage, 'a', 'keep');
  await live(storage, 'b', 'keep');

  const sink = await live(storage, undefined, 'durable');

  expect(sink.records.map(({ body, attributes }) => [body, attributes['winnow.dedupe.count']])).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
});
