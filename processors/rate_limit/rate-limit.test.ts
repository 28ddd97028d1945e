import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError, type Outcome } from '#component';
import { LogBatch, createResource } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { RateLimit, type RateLimitConfig } from './rate-limit.ts';

const DEFAULTS: RateLimitConfig = {
  key: [],
  pass_severity: 'ERROR',
  time: 'event',
  max_keys: 10_000,
  summary_interval: '60s',
  summary_max: 1000,
};
const START_MS = Date.UTC(2026, 0, 30, 12);

interface Line {
  readonly key?: string;
  readonly atMs?: number;
  readonly severity?: number;
  readonly body?: string;
}

function batchOf(lines: readonly Line[]): { batch: LogBatch; outcome: Promise<Outcome> } {
  const batch = new LogBatch();
  for (const { key, atMs = 0, severity = 9, body = 'body' } of lines) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    batch.timeMs[row] = START_MS + atMs;
    if (key !== undefined) batch.setAttribute(row, 'user', key);
  }
  return { batch, outcome: deliver(batch).outcome };
}

interface Rig {
  readonly processor: RateLimit;
  readonly sink: LogsSink;
  readonly clock: FakeClock;
  readonly host: TestHost;
}

async function start(config: Partial<RateLimitConfig>, storage: MemoryStorage = new MemoryStorage()): Promise<Rig> {
  const sink = new LogsSink();
  const clock = new FakeClock(START_MS);
  const processor = new RateLimit({ ...DEFAULTS, ...config }, { id: 'rate_limit' }, sink);
  const host = createTestHost({ clock, storage });
  await processor.start(host);
  return { processor, sink, clock, host };
}

const countOf = ({ attributes }: SunkRecord): number => Number(attributes['winnow.suppressed_count'] ?? 0);
const isSummary = ({ body }: SunkRecord): boolean => body === 'Records were suppressed by their rate limit.';
const shutdown = ({ processor }: Rig): Promise<void> => processor.shutdown(new AbortController().signal);

describe('one budget for all', () => {
  test('lets the burst pass, then as many as the rate gives, and the next one carries the count', async () => {
    const rig = await start({ records_per_second: 2, burst: 3 });
    const lines = [0, 0, 0, 0, 0, 500, 510].map((atMs) => ({ atMs }));

    await rig.processor.consume(batchOf(lines).batch);

    expect(rig.sink.records.map((record) => [record.timeMs - START_MS, countOf(record)])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
      [500, 2],
    ]);
    expect(rig.host.metric('winnow_processor_suppressed_log_records')).toBe(3);
  });

  test('settles what it suppresses with its reason', async () => {
    const { processor } = await start({ records_per_second: 1 });
    const { batch, outcome } = batchOf([{}, {}, {}]);

    await processor.consume(batch);

    expect(await outcome).toEqual({ durable: 1, dropped: new Map([['rate_limited', 2]]), abandoned: 0 });
  });

  test('never suppresses a record at or above pass_severity, and gives it the count', async () => {
    const { processor, sink } = await start({ records_per_second: 1, pass_severity: 'WARN' });

    await processor.consume(batchOf([{}, {}, { severity: 13 }, { severity: 17 }, { severity: 12 }]).batch);

    expect(sink.records.map((record) => [record.severity, countOf(record)])).toEqual([
      [9, 0],
      [13, 1],
      [17, 0],
    ]);
  });

  test('with pass_severity none an error needs a token as well', async () => {
    const { processor, sink } = await start({ records_per_second: 1, pass_severity: 'none' });

    await processor.consume(batchOf([{ severity: 17 }, { severity: 21 }]).batch);

    expect(sink.records).toHaveLength(1);
  });

  test('adds to the count that a record of an earlier tier carries already', async () => {
    const { processor, sink } = await start({ records_per_second: 1 });
    const { batch } = batchOf([{}, {}, { atMs: 1000 }]);
    batch.setAttribute(2, 'winnow.suppressed_count', 40);

    await processor.consume(batch);

    expect(sink.records.map(countOf)).toEqual([0, 41]);
  });

  test('a batch that was refused is not limited again', async () => {
    const { processor, sink } = await start({ records_per_second: 1 });
    const { batch } = batchOf([{}, {}, { atMs: 1000 }]);

    sink.isRefusing = true;
    await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
    sink.isRefusing = false;
    await processor.consume(batch);

    expect(sink.records.map(countOf)).toEqual([0, 1]);
  });
});

describe('time', () => {
  test('a backlog of an hour is treated as it would have been', async () => {
    const { processor, sink } = await start({ records_per_second: 1 });

    await processor.consume(batchOf(Array.from({ length: 3600 }, (_, i) => ({ atMs: i * 1000 }))).batch);

    expect(sink.records).toHaveLength(3600);
  });

  test('a backlog and records of today that come in turns share it', async () => {
    const { processor, sink } = await start({ records_per_second: 10 });

    for (let i = 0; i < 100; i++) {
      const { batch } = batchOf(Array.from({ length: 10 }, () => ({ atMs: (i % 2 === 0 ? 0 : -3_600_000) + i * 10 })));
      await processor.consume(batch);
    }

    // A burst, and what the second brought that passed for each of the two.
    expect(sink.records.length).toBeLessThanOrEqual(30);
  });

  test('by the clock, records of any age share the seconds in which they arrive', async () => {
    const { processor, sink, clock } = await start({ records_per_second: 1, time: 'arrival' });

    await processor.consume(batchOf([{ atMs: 0 }, { atMs: 1000 }, { atMs: 2000 }]).batch);
    await clock.advance(1000);
    await processor.consume(batchOf([{ atMs: 3000 }]).batch);

    expect(sink.records.map(countOf)).toEqual([0, 2]);
  });

  test('one record from the far future does not stop the budget for good', async () => {
    const { processor, sink } = await start({ records_per_second: 1 });

    await processor.consume(batchOf([{ atMs: 1e12 }, { atMs: 0 }, { atMs: 1000 }]).batch);

    expect(sink.records.map((record) => record.timeMs - START_MS)).toEqual([1e12, 1000]);
  });
});

describe('bytes', () => {
  test('counts bodies and attributes', async () => {
    const { processor, sink } = await start({ bytes_per_second: 100 });

    await processor.consume(batchOf([{ body: 'x'.repeat(60) }, { body: 'x'.repeat(60) }, { body: 'x'.repeat(40) }]).batch);

    expect(sink.bodies).toEqual(['x'.repeat(60), 'x'.repeat(40)]);
  });

  test('a record larger than a whole burst passes when the bucket is full, and is paid for', async () => {
    const { processor, sink } = await start({ bytes_per_second: 100 });
    const lines = [{ body: 'x'.repeat(250) }, { body: 'y', atMs: 1000 }, { body: 'y', atMs: 1600 }];

    await processor.consume(batchOf(lines).batch);

    expect(sink.records.map(({ timeMs }) => timeMs - START_MS)).toEqual([0, 1600]);
  });
});

describe('keys', () => {
  test('each key has its own budget and its own count', async () => {
    const { processor, sink } = await start({ key: ['attributes.user'], records_per_second: 1 });
    const lines = ['a', 'b', 'a', 'a', 'b'].map((key) => ({ key }));

    await processor.consume(batchOf([...lines, { key: 'a', atMs: 1000 }, { key: 'b', atMs: 1000 }]).batch);

    expect(sink.records.map((record) => [record.attributes['user'], countOf(record)])).toEqual([
      ['a', 0],
      ['b', 0],
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('service, template, severity, logger and source tell records apart', async () => {
    for (const key of ['service', 'template', 'severity', 'source']) {
      const { processor, sink } = await start({ key: [key], records_per_second: 1 });
      const { batch } = batchOf([{}, { severity: 5 }]);
      batch.resourceOf[1] = batch.addResource(createResource({ 'service.name': 'shop' }));
      batch.templateOf = [
        { id: 'a', text: '' },
        { id: 'b', text: '' },
      ];
      await processor.consume(batch);
      expect(sink.records, key).toHaveLength(key === 'source' ? 1 : 2);
    }
  });

  test('what is forgotten for a new key goes out in a record of its own', async () => {
    const rig = await start({ key: ['attributes.user'], records_per_second: 1, max_keys: 1 });

    await rig.processor.consume(batchOf([{ key: 'a' }, { key: 'a' }, { key: 'a' }, { key: 'b' }]).batch);
    await rig.clock.advance(60_000);

    const summary = rig.sink.records.find(isSummary);
    expect(summary?.attributes).toEqual({
      'winnow.component': 'rate_limit',
      'winnow.rate_limit.key': 'user=a',
      'winnow.suppressed_count': 2,
    });
    expect(rig.host.metric('winnow_processor_created_log_records')).toBe(1);
  });

  test('more summaries than summary_max become one sum', async () => {
    const rig = await start({ key: ['attributes.user'], records_per_second: 1, max_keys: 1, summary_max: 2 });
    const lines = ['a', 'b', 'c', 'd'].flatMap((key) => [{ key }, { key }, { key }]);

    await rig.processor.consume(batchOf(lines).batch);
    await shutdown(rig);

    const summaries = rig.sink.records.filter(isSummary);
    expect(summaries.map(countOf)).toEqual([2, 2, 4]);
    expect(summaries[2]?.attributes['winnow.rate_limit.keys']).toBe(2);
  });
});

test('a count that no record carries goes out after summary_interval', async () => {
  const rig = await start({ records_per_second: 1 });

  await rig.processor.consume(batchOf([{}, {}]).batch);
  await rig.clock.advance(59_999);
  expect(rig.sink.records.filter(isSummary)).toHaveLength(0);
  await rig.clock.advance(1);

  expect(rig.sink.records.filter(isSummary).map(countOf)).toEqual([1]);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('counts that nobody takes at shutdown go out after the next start', async () => {
  const storage = new MemoryStorage();
  const first = await start({ records_per_second: 1 }, storage);
  await first.processor.consume(batchOf([{}, {}, {}]).batch);
  first.sink.isRefusing = true;
  await shutdown(first);

  const second = await start({ records_per_second: 1 }, storage);
  await second.clock.advance(60_000);
  const third = await start({ records_per_second: 1 }, storage);
  await third.clock.advance(60_000);

  expect(second.sink.records.map(countOf)).toEqual([2]);
  expect(third.sink.records).toEqual([]);
});

/**
 * Goal: every record either comes out or is counted, and every suppressed record is told about exactly once.
 * Method: random keys (more than are remembered), severities and times, cut into batches at random; some batches are
 * refused first, time passes in between, and the end is a shutdown. Then the numbers must add up.
 */
test('rows in = rows out + counted, however they are split, refused and flushed', async () => {
  const line = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    atMs: fc.nat({ max: 5000 }),
    severity: fc.constantFrom(0, 5, 9, 13, 17, 21),
    body: fc.string({ maxLength: 20 }),
  });
  const step = fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 30 }),
    isRefusedFirst: fc.boolean(),
    waitMs: fc.nat({ max: 90_000 }),
  });
  const limits = fc.record({
    records_per_second: fc.constantFrom(0.5, 1, 3),
    bytes_per_second: fc.constantFrom(undefined, 30),
    max_keys: fc.constantFrom(1, 2, 4, 100),
    summary_max: fc.constantFrom(1, 3),
    time: fc.constantFrom<'event' | 'arrival'>('event', 'arrival'),
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 8 }), async ({ bytes_per_second: bytes, ...rest }, steps) => {
      const rig = await start({ ...rest, ...(bytes !== undefined && { bytes_per_second: bytes }), key: ['attributes.user'] });
      let rowsIn = 0;
      let dropped = 0;
      let severeIn = 0;
      for (const { lines, isRefusedFirst, waitMs } of steps) {
        const { batch, outcome } = batchOf(lines);
        rowsIn += lines.length;
        severeIn += lines.filter(({ severity }) => severity >= 17).length;
        rig.sink.isRefusing = isRefusedFirst;
        await rig.processor.consume(batch).catch(() => {});
        rig.sink.isRefusing = false;
        if (isRefusedFirst && batch.liveRows > 0) await rig.processor.consume(batch);
        const settled = await outcome;
        dropped += settled.dropped.get('rate_limited') ?? 0;
        expect(settled.abandoned).toBe(0);
        await rig.clock.advance(waitMs);
      }
      await shutdown(rig);

      const out = rig.sink.records.filter((record) => !isSummary(record));
      const told = rig.sink.records.reduce((sum, record) => sum + countOf(record), 0);
      expect(out.length + dropped).toBe(rowsIn);
      expect(told).toBe(dropped);
      expect(out.filter(({ severity }) => severity >= 17)).toHaveLength(severeIn);
      expect(rig.host.metric('winnow_processor_suppressed_log_records')).toBe(dropped);
      expect(rig.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 200 },
  );
});
