import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError, type Outcome } from '#component';
import { LogBatch, createSharedAttributes, type AttributeValue } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { Sample, type SampleConfig } from './sample.ts';
import { parseThreshold, probabilityOf, thresholdOf } from './threshold.ts';

const DEFAULTS: SampleConfig = {
  mode: 'hash_seed',
  hash_seed: 0,
  attribute_source: 'traceID',
  from_attribute: '',
  sampling_priority: '',
  fail_closed: false,
  sampling_precision: 4,
  pass_severity: 'ERROR',
  key: [],
  adjust_interval: '10s',
  max_keys: 10_000,
};

interface Line {
  readonly traceId?: string;
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

function batchOf(lines: readonly Line[]): { batch: LogBatch; outcome: Promise<Outcome> } {
  const batch = new LogBatch();
  for (const { traceId, severity = 9, attributes = {} } of lines) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, `body ${row}`);
    batch.severity[row] = severity;
    if (traceId !== undefined) batch.traceIdColumn().set(Buffer.from(traceId, 'hex'), row * 16);
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  }
  return { batch, outcome: deliver(batch).outcome };
}

/** A generator of pseudo-random numbers with a seed, so that a failure comes again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Rig {
  readonly processor: Sample;
  readonly sink: LogsSink;
  readonly clock: FakeClock;
  readonly host: TestHost;
}

async function start(config: Partial<SampleConfig>, id: string = 'sample'): Promise<Rig> {
  const sink = new LogsSink();
  const clock = new FakeClock();
  const processor = new Sample({ ...DEFAULTS, ...config }, { id }, sink);
  const host = createTestHost({ clock, random: seeded(7) });
  await processor.start(host);
  return { processor, sink, clock, host };
}

const traceIds = (count: number): string[] => {
  const random = seeded(3);
  return Array.from({ length: count }, () =>
    Array.from({ length: 16 }, () =>
      Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join(''),
  );
};

describe('by trace id', () => {
  test.each(['hash_seed', 'proportional', 'equalizing'] as const)('%s: a smaller share is part of a larger one', async (mode) => {
    const ids = traceIds(4000);
    const taken: Set<AttributeValue>[] = [];
    for (const percentage of [1, 10, 50]) {
      const { processor, sink } = await start({ sampling_percentage: percentage, mode });
      await processor.consume(batchOf(ids.map((traceId) => ({ traceId }))).batch);
      taken.push(new Set(sink.bodies));
      expect(Math.abs(sink.records.length / ids.length - percentage / 100), `${percentage} %`).toBeLessThan(0.03);
    }
    const [one, ten, fifty] = taken;
    expect([...(one ?? [])].every((body) => ten?.has(body))).toBe(true);
    expect([...(ten ?? [])].every((body) => fifty?.has(body))).toBe(true);
  });

  test('proportional: the last 56 bits of the trace id decide, as the specification says', async () => {
    const { processor, sink } = await start({ sampling_percentage: 50, mode: 'proportional' });
    const lines = ['7fffffffffffff', '80000000000000', 'ffffffffffffff', '00000000000000'].map((bits) => ({
      traceId: `aaaaaaaaaaaaaaaaaa${bits}`,
    }));

    await processor.consume(batchOf(lines).batch);

    expect(sink.bodies).toEqual(['body 1', 'body 2']);
    expect(sink.records[0]?.attributes).toEqual({ 'sampling.threshold': '8' });
  });

  test('hash_seed: FNV-1a over seed and trace id, 14 bits of it, decide as in the Collector', async () => {
    // Computed apart from our code: FNV-1a 32 of four zero bytes and 16 bytes 01, its low 14 bits compared with 8192.
    const id = '01'.repeat(16);
    let hash = 0x811c9dc5n;
    for (const byte of [0, 0, 0, 0, ...Array<number>(16).fill(1)]) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
    const bucket = Number(hash & 0x3fffn);
    const percentage = (100 * (bucket + 1)) / 0x4000;
    const above = await start({ sampling_percentage: percentage + 0.001 });
    const below = await start({ sampling_percentage: percentage - 0.007 });

    await above.processor.consume(batchOf([{ traceId: id }]).batch);
    await below.processor.consume(batchOf([{ traceId: id }]).batch);

    expect(above.sink.records).toHaveLength(1);
    expect(below.sink.records).toHaveLength(0);
    const randomness = above.sink.records[0]?.attributes['sampling.randomness'] as string;
    expect(Number.parseInt(randomness.slice(-4), 16) % 0x4000).toBe(bucket);
  });

  test('another seed takes other records', async () => {
    const lines = traceIds(500).map((traceId) => ({ traceId }));
    const first = await start({ sampling_percentage: 50, hash_seed: 1 });
    const second = await start({ sampling_percentage: 50, hash_seed: 2 });

    await first.processor.consume(batchOf(lines).batch);
    await second.processor.consume(batchOf(lines).batch);

    expect(first.sink.bodies).not.toEqual(second.sink.bodies);
  });
});

describe('what was sampled before', () => {
  const carried = (threshold: string, randomness: string): Line => ({
    attributes: { 'sampling.threshold': threshold, 'sampling.randomness': randomness },
  });

  test('proportional multiplies the shares', async () => {
    const { processor, sink } = await start({ sampling_percentage: 50, mode: 'proportional' });

    await processor.consume(batchOf([carried('8', 'bfffffffffffff'), carried('8', 'c0000000000000')]).batch);

    expect(sink.records.map(({ attributes }) => attributes['sampling.threshold'])).toEqual(['c']);
  });

  test('equalizing lets pass what was sampled as hard before, and leaves its mark', async () => {
    const { processor, sink } = await start({ sampling_percentage: 50, mode: 'equalizing' });

    await processor.consume(
      batchOf([carried('c', 'c0000000000000'), carried('4', '70000000000000'), carried('4', '90000000000000')]).batch,
    );

    expect(sink.records.map(({ attributes }) => attributes['sampling.threshold'])).toEqual(['c', '8']);
  });

  test('a contradiction is an error: it passes, or not when fail_closed', async () => {
    const lines = [carried('8', '10000000000000'), carried('xyz', 'f0000000000000')];
    const open = await start({ sampling_percentage: 100, mode: 'equalizing' });
    const closed = await start({ sampling_percentage: 100, mode: 'equalizing', fail_closed: true });

    await open.processor.consume(batchOf(lines).batch);
    await closed.processor.consume(batchOf(lines).batch);

    expect(open.sink.records).toHaveLength(2);
    expect(closed.sink.records).toHaveLength(0);
  });
});

describe('what decides', () => {
  test('records with equal values of from_attribute share their fate', async () => {
    const { processor, sink } = await start({ sampling_percentage: 50, attribute_source: 'record', from_attribute: 'user' });
    const lines = Array.from({ length: 200 }, (_, i) => ({ attributes: { user: `user ${i % 20}` } }));
    const { batch } = batchOf(lines);
    batch.sharedOf[0] = batch.addShared(createSharedAttributes({ other: 1 }));

    await processor.consume(batch);

    const counts = new Map<unknown, number>();
    for (const { attributes } of sink.records) counts.set(attributes['user'], (counts.get(attributes['user']) ?? 0) + 1);
    expect([...counts.values()].every((count) => count === 10)).toBe(true);
    expect(counts.size).toBeGreaterThan(3);
    expect(counts.size).toBeLessThan(17);
  });

  test('without trace id chance decides; as probabilistic_sampler the record passes, or not when fail_closed', async () => {
    const lines = Array.from({ length: 1000 }, () => ({}));
    const ours = await start({ sampling_percentage: 10 });
    const theirs = await start({ sampling_percentage: 10 }, 'probabilistic_sampler/x');
    const closed = await start({ sampling_percentage: 10, fail_closed: true }, 'probabilistic_sampler');

    for (const { processor } of [ours, theirs, closed]) await processor.consume(batchOf(lines).batch);

    expect(Math.abs(ours.sink.records.length - 100)).toBeLessThan(40);
    expect(theirs.sink.records).toHaveLength(1000);
    expect(closed.sink.records).toHaveLength(0);
  });

  test('sampling_priority is the percentage of the record itself', async () => {
    const { processor, sink } = await start({ sampling_percentage: 0, sampling_priority: 'priority' });
    const priorities = [0, 100, 250, undefined, 'high'];

    await processor.consume(batchOf(priorities.map((priority) => ({ attributes: priority === undefined ? {} : { priority } }))).batch);

    expect(sink.bodies).toEqual(['body 1', 'body 2']);
  });

  test('records at or above pass_severity always pass, unmarked', async () => {
    const { processor, sink, host } = await start({ sampling_percentage: 0, pass_severity: 'WARN' });

    await processor.consume(batchOf([0, 9, 12, 13, 17, 21].map((severity) => ({ severity }))).batch);

    expect(sink.records.map(({ severity }) => severity)).toEqual([13, 17, 21]);
    expect(sink.records[0]?.attributes).toEqual({});
    expect(host.metric('winnow_processor_dropped_log_records', { reason: 'sampled' })).toBe(3);
  });
});

describe('target rate', () => {
  /** Runs `seconds` of `perSecond` records each; returns how many passed in each. */
  async function run({ processor, sink, clock }: Rig, seconds: number, perSecond: number, user: string): Promise<number[]> {
    const passed: number[] = [];
    for (let second = 0; second < seconds; second++) {
      const before = sink.records.length;
      await processor.consume(batchOf(Array.from({ length: perSecond }, () => ({ attributes: { user } }))).batch);
      passed.push(sink.records.length - before);
      await clock.advance(1000);
    }
    return passed;
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

  test('settles at the target for a busy key and leaves a quiet one alone', async () => {
    const rig = await start({ target_records_per_second: 5, key: ['attributes.user'], adjust_interval: '10s' });

    const busy = await run(rig, 60, 200, 'busy');
    const quiet = await run(rig, 20, 3, 'quiet');

    expect(Math.abs(sum(busy.slice(20)) / 40 - 5)).toBeLessThan(1.5);
    expect(sum(quiet)).toBe(60);
  });

  test('a key nobody has seen exceeds its budget by half of it for each doubling', async () => {
    const rig = await start({ target_records_per_second: 10, adjust_interval: '10s' });

    const [passed] = await run(rig, 1, 6400, 'new');

    // 100 at once, then 50 for each of 6 doublings, give or take the chance.
    expect(passed).toBeGreaterThan(300);
    expect(passed).toBeLessThan(500);
  });

  test('the first record of a key passes in each interval, and says what share it stands for', async () => {
    const rig = await start({ target_records_per_second: 1, adjust_interval: '1s' });

    const passed = await run(rig, 30, 100, 'x');

    expect(Math.min(...passed)).toBeGreaterThanOrEqual(1);
    const marked = rig.sink.records.flatMap(({ attributes }) => attributes['sampling.threshold'] ?? []);
    const share = probabilityOf(parseThreshold(marked.at(-1) as string) ?? thresholdOf(1, 4));
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.02);
  });
});

test('a batch that was refused is not sampled again', async () => {
  const { processor, sink } = await start({ sampling_percentage: 50 });
  const { batch } = batchOf(Array.from({ length: 100 }, () => ({})));

  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  const { liveRows } = batch;
  sink.isRefusing = false;
  await processor.consume(batch);

  expect(sink.records).toHaveLength(liveRows);
});

/**
 * Goal: every record comes out or is counted as sampled, whatever the options, and severe ones come out.
 * Method: random options, rows and splits, some batches refused at first.
 */
test('rows in = rows out + counted', async () => {
  const line = fc.record({
    traceId: fc.constantFrom(...traceIds(20), '0'.repeat(32)),
    severity: fc.constantFrom(0, 9, 17, 24),
    attributes: fc.dictionary(
      fc.constantFrom('user', 'priority', 'sampling.threshold', 'sampling.randomness'),
      fc.constantFrom<AttributeValue>('8', 'c', 'ffffffffffffff', 'x', 50, true, ['a']),
    ),
  });
  const options = fc.record({
    sampling_percentage: fc.constantFrom(0, 0.0001, 30, 100, 300),
    mode: fc.constantFrom('hash_seed' as const, 'proportional' as const, 'equalizing' as const),
    attribute_source: fc.constantFrom('traceID' as const, 'record' as const),
    from_attribute: fc.constantFrom('', 'user'),
    sampling_priority: fc.constantFrom('', 'priority'),
    fail_closed: fc.boolean(),
    target_records_per_second: fc.constantFrom(0.1, 100),
    key: fc.constantFrom<string[]>([], ['attributes.user', 'severity']),
    max_keys: fc.constantFrom(1, 10),
  });
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(fc.tuple(fc.array(line, { minLength: 1, maxLength: 20 }), fc.boolean()), { maxLength: 5 }),
      async (config, batches) => {
        const { processor, sink, clock, host } = await start(config);
        let dropped = 0;
        for (const [lines, isRefusedFirst] of batches) {
          const { batch, outcome } = batchOf(lines);
          sink.isRefusing = isRefusedFirst;
          await processor.consume(batch).catch(() => {});
          sink.isRefusing = false;
          if (isRefusedFirst && batch.liveRows > 0) await processor.consume(batch);
          dropped += (await outcome).dropped.get('sampled') ?? 0;
          await clock.advance(4000);
        }
        const all = batches.flatMap(([lines]) => lines);
        expect(sink.records.length + dropped).toBe(all.length);
        expect(host.metric('winnow_processor_dropped_log_records', { reason: 'sampled' })).toBe(dropped);
        expect(sink.records.filter(({ severity }) => severity >= 17)).toHaveLength(all.filter(({ severity }) => severity >= 17).length);
      },
    ),
    { numRuns: 200 },
  );
});

/** Goal: our halves of 28 bits say what 56-bit arithmetic says. Method: random shares and texts, in exact integers. */
test('thresholds: text, share and comparison agree with exact arithmetic', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1, noNaN: true }), fc.integer({ min: 1, max: 14 }), (share, precision) => {
      const threshold = thresholdOf(share, precision);
      const bits = BigInt(`0x${threshold.text.padEnd(14, '0')}`);
      expect(BigInt(threshold.high) * (1n << 28n) + BigInt(threshold.low)).toBe(bits);
      expect(parseThreshold(threshold.text)).toEqual(threshold);
      // A digit of precision more than the leading ones leaves an error of at most a sixteenth.
      expect(Math.abs(probabilityOf(threshold) - share)).toBeLessThanOrEqual(Math.min(share, Math.max(1 - share, 2 ** -56)) / 2 + 2 ** -53);
    }),
  );
});
