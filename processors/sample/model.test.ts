import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { validate } from '../../test/contract/subject.ts';
import type { ProtoAnyValue } from '../../test/helpers/otlp-proto.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import {
  PlainSink,
  batchOf,
  feedOf,
  give,
  making,
  plainRecord,
  play,
  type PlainMap,
  type PlainRecord,
} from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import type { SampleConfig } from './sample.ts';

/*
 * Goal: which records pass, and what is written on them, is what the README and the Collector's documentation say; all else
 * of a record stays as it was. Method: a model that calculates with 56 bits as one number, over plain objects.
 */
const ALL = 1n << 56n;

/** `sampling.threshold` and `sampling.randomness`, sound and broken, and a priority. */
const record = fc
  .tuple(
    plainRecord,
    fc.constantFrom<ProtoAnyValue | undefined>(
      undefined,
      undefined,
      { stringValue: '8' },
      { stringValue: 'fff' },
      { stringValue: '' },
      { intValue: '8' },
    ),
    fc.constantFrom<ProtoAnyValue | undefined>(
      undefined,
      undefined,
      { stringValue: '90000000000000' },
      { stringValue: '9' },
      { intValue: '9' },
    ),
    fc.constantFrom<ProtoAnyValue | undefined>(
      undefined,
      undefined,
      { intValue: '0' },
      { intValue: '100' },
      { doubleValue: 50 },
      { doubleValue: 0.5 },
      { stringValue: '0' },
    ),
  )
  .map(([plain, threshold, randomness, priority]): PlainRecord => {
    const added = { 'sampling.threshold': threshold, 'sampling.randomness': randomness, priority };
    const present = Object.entries(added).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
    return Object.assign({}, plain, { attributes: { ...plain.attributes, ...Object.fromEntries(present) } });
  });

/** FNV-1a of 32 bits over the seed and the bytes. */
function hash(seed: number, bytes: Uint8Array): bigint {
  const seedBytes = Buffer.alloc(4);
  seedBytes.writeUInt32LE(seed);
  let value = 0x811c9dc5n;
  for (const byte of [...seedBytes, ...bytes]) value = ((value ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  return value;
}

/** The Collector takes those whose last 14 bits are low. Turned around, they are the first of the random bits. */
function bitsOfHash(value: bigint): bigint {
  const bucket = value & 0x3fffn;
  const rest = value >> 18n;
  return ((0x3fffn - bucket) << 42n) | (((rest ^ (rest << 10n)) << 14n) & 0x3fffffff_c000n & ((1n << 42n) - 1n)) | bucket;
}

interface Model {
  readonly config: SampleConfig;
  readonly random: bigint;
}

type Verdict = PlainRecord | undefined;

/** The bits that decide, and whether they have to be written down; undefined when nothing decides. */
function bitsOf({ config, random }: Model, { attributes, traceId }: PlainRecord): { bits: bigint; isExplicit: boolean } | undefined {
  const isHash = config.mode === 'hash_seed';
  const carried = attributes['sampling.randomness'];
  if (!isHash && carried) {
    return /^[0-9a-f]{14}$/.test(carried.stringValue ?? '') ? { bits: BigInt(`0x${carried.stringValue}`), isExplicit: false } : undefined;
  }
  if (config.attribute_source === 'traceID' && traceId !== '') {
    if (isHash) return { bits: bitsOfHash(hash(config.hash_seed, Buffer.from(traceId, 'hex'))), isExplicit: true };
    return { bits: BigInt(`0x${traceId.slice(-14)}`), isExplicit: false };
  }
  const bytes = bytesOf(attributes[config.from_attribute] ?? {});
  if (bytes.length > 0) return { bits: bitsOfHash(hash(config.hash_seed, bytes)), isExplicit: true };
  return config.fallback === 'none' ? undefined : { bits: random, isExplicit: true };
}

/** A value as the bytes of its text. */
function bytesOf(value: ProtoAnyValue): Uint8Array {
  if (value.bytesValue) return Buffer.from(value.bytesValue);
  return Buffer.from(textOf(value));
}

function textOf(value: ProtoAnyValue): string {
  if (value.arrayValue || value.kvlistValue) return JSON.stringify(plainOf(value));
  return String(value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue ?? '');
}

function plainOf({ arrayValue, kvlistValue, ...value }: ProtoAnyValue): unknown {
  if (arrayValue) return arrayValue.values.map(plainOf);
  if (kvlistValue) return Object.fromEntries(kvlistValue.values.map(({ key, value: inner }) => [key, plainOf(inner ?? {})]));
  const [only = null] = Object.values(value);
  return value.intValue === undefined ? only : Number(only);
}

/** How many of the 2^56 are rejected, for a share: rounded to so many hex digits after those that are 0 or f. */
function rejected(share: number, precision: number): bigint {
  if (share >= 1) return 0n;
  if (share < 2 ** -56) return ALL;
  const exact = ALL - BigInt(Math.round(share * 2 ** 56));
  const digits = exact.toString(16).padStart(14, '0');
  const leading = Math.max(/^0*/.exec(digits)?.[0].length ?? 0, /^f*/.exec(digits)?.[0].length ?? 0);
  const unit = 16n ** BigInt(Math.max(0, 14 - precision - leading));
  return ((exact + unit / 2n) / unit) * unit;
}

const hexOf = (threshold: bigint): string => threshold.toString(16).padStart(14, '0').replace(/0+$/, '') || '0';

function judge(model: Model, record_: PlainRecord): Verdict {
  const { config } = model;
  if (record_.severity >= 17) return record_;
  const priority = config.sampling_priority === '' ? undefined : record_.attributes[config.sampling_priority];
  const percent = priority?.doubleValue ?? (priority?.intValue === undefined ? undefined : Number(priority.intValue));
  if (percent !== undefined) return judgePriority(model, record_, rejected(percent / 100, config.sampling_precision));
  const undecided = (attributes = record_.attributes): Verdict => (config.fail_closed ? undefined : { ...record_, attributes });
  const { 'sampling.threshold': carried, ...others } = record_.attributes;
  const isSound = /^[0-9a-f]{1,14}$/.test(carried?.stringValue ?? '');
  const decided = bitsOf(model, record_);
  if ((carried && !isSound) || !decided) return undecided();
  const before = carried ? BigInt(`0x${(carried.stringValue ?? '').padEnd(14, '0')}`) : undefined;
  if (config.mode === 'hash_seed') {
    if (before !== undefined || record_.attributes['sampling.randomness']) return undecided();
  } else if (before !== undefined && decided.bits < before) return undecided(others);
  const share = (config.sampling_percentage ?? 100) / 100;
  let threshold = rejected(share, config.sampling_precision);
  if (config.mode === 'hash_seed') threshold = ALL - (BigInt(Math.floor(share * 16_384)) << 42n);
  else if (config.mode === 'proportional' && before !== undefined)
    threshold = rejected(share * (1 - Number(before) / 2 ** 56), config.sampling_precision);
  if (decided.bits < threshold) return undefined;
  return before === undefined || threshold >= before ? marked(record_, threshold, decided) : record_;
}

function judgePriority(model: Model, record_: PlainRecord, threshold: bigint): Verdict {
  if (threshold === 0n) return record_;
  if (threshold >= ALL) return undefined;
  const decided = bitsOf(model, record_);
  if (!decided) return model.config.fail_closed ? undefined : record_;
  return decided.bits < threshold ? undefined : marked(record_, threshold, decided);
}

function marked(record_: PlainRecord, threshold: bigint, { bits, isExplicit }: { bits: bigint; isExplicit: boolean }): PlainRecord {
  if (threshold === 0n) return record_;
  const marks = {
    'sampling.threshold': { stringValue: hexOf(threshold) },
    ...(isExplicit && { 'sampling.randomness': { stringValue: bits.toString(16).padStart(14, '0') } }),
  };
  return { ...record_, attributes: { ...record_.attributes, ...marks } };
}

test('agrees with a model of whole records', async () => {
  const options = fc.record({
    mode: fc.constantFrom('hash_seed', 'proportional', 'equalizing'),
    sampling_percentage: fc.constantFrom(0, 0.001, 1, 12.5, 50, 75, 99.9, 100),
    hash_seed: fc.constantFrom(0, 22, 4_294_967_295),
    attribute_source: fc.constantFrom('traceID', 'record'),
    from_attribute: fc.constantFrom('', 'a', 'c'),
    sampling_priority: fc.constantFrom('', 'priority'),
    fail_closed: fc.boolean(),
    fallback: fc.constantFrom('random', 'none'),
    sampling_precision: fc.constantFrom(1, 4, 14),
  });
  await fc.assert(
    fc.asyncProperty(options, fc.constantFrom(0, 0.25, 0.5, 0.9995), feedOf(record), async (chosen, chance, feed) => {
      const written = chosen.attribute_source === 'record' && chosen.from_attribute === '' ? { ...chosen, from_attribute: 'a' } : chosen;
      const config = validate(factory, written).config as SampleConfig;
      const sink = new PlainSink();
      const processor = factory.create(config, { id: 'sample' }, sink);
      await processor.start(createTestHost({ random: () => chance }));

      const settled = await play(processor, sink, feed);

      const half = BigInt(Math.floor(chance * 2 ** 28));
      const model = { config, random: (half << 28n) | half };
      const expected = feed.records.flatMap((one) => judge(model, one) ?? []);
      expect(sink.records).toEqual(expected);
      expect(settled.get('sampled') ?? 0).toBe(feed.records.length - expected.length);
    }),
    { numRuns: 300 },
  );
});

test('with a target rate the first record of each key passes, and records differ by their marks only', async () => {
  const interval = fc.array(plainRecord, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(interval, { minLength: 1, maxLength: 4 }), making, fc.integer(), async (intervals, how, seed) => {
      const config = validate(factory, { target_records_per_second: 0.2, adjust_interval: '10s', key: ['severity', 'logger'] })
        .config as SampleConfig;
      const sink = new PlainSink();
      const clock = new FakeClock();
      const processor = factory.create(config, { id: 'sample' }, sink);
      await processor.start(createTestHost({ clock, random: createRandom(seed) }));
      const keyOf = ({ severity, scope }: PlainRecord): string => `${severity} ${scope.name}`;

      for (const [i, records] of intervals.entries()) {
        const numbered = records.map((one, n) => Object.assign(one, { spanId: (i * 100 + n + 1).toString(16).padStart(16, '0') }));
        const before = sink.records.length;
        await give(
          processor,
          batchOf(numbered, how, () => {}),
        );
        await clock.advance(10_000);

        const passed = sink.records.slice(before);
        const bySpan = new Map(numbered.map((one) => [one.spanId, one]));
        const unmarked = passed.map((one) => Object.assign(one, { attributes: without(one.attributes) }));
        expect(unmarked).toEqual(unmarked.map(({ spanId }) => bySpan.get(spanId)));
        const firsts = [...Map.groupBy(numbered, keyOf).values()].map(([one]) => one?.spanId);
        expect(unmarked.map(({ spanId }) => spanId)).toEqual(expect.arrayContaining(firsts));
        const severe = numbered.filter(({ severity }) => severity >= 17);
        expect(unmarked.filter(({ severity }) => severity >= 17)).toHaveLength(severe.length);
      }
    }),
    { numRuns: 60 },
  );
});

function without({ 'sampling.threshold': _threshold, 'sampling.randomness': _randomness, ...rest }: PlainMap): PlainMap {
  return rest;
}

/** Numbers from 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
