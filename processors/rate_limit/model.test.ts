import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Processor } from '#component';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { PlainSink, batchOf, give, making, plainRecord, type Making, type PlainRecord } from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import type { RateLimitConfig } from './rate-limit.ts';

/*
 * Goal: which records pass, what they carry and which counts go out by themselves is what the README says; all else of a
 * record stays as it was; and every suppressed record is told about once, unless the agent was killed.
 *
 * Method: a model keeps a bucket and a count for each key in a list. Rates are parts of a second that are exact in binary, so
 * that model and processor calculate the same. Time passes, the next one refuses, the agent stops or is killed in between.
 */
const START = 1_769_774_400_000;
const INTERVAL_MS = 10_000;
const PER_SECOND = 125;

type Step =
  | { readonly do: 'give'; readonly records: readonly PlainRecord[]; readonly how: Making; readonly isRefused: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart'; readonly isRefused: boolean }
  | { readonly do: 'kill' };

/** Times of records in disorder, and some without. */
const record = fc
  .tuple(plainRecord, fc.constantFrom(-1, 0, 0, 4, 8, 16, 1000, 30_000), fc.constantFrom('shop', 'pay', ''), fc.constantFrom(0, 3))
  .map(([plain, offset, service, before]): PlainRecord => {
    const attributes = { ...plain.attributes, ...(before > 0 && { 'winnow.suppressed_count': { intValue: String(before) } }) };
    const { 'service.name': _service, ...rest } = plain.resource.attributes;
    const resource = { ...plain.resource, attributes: service === '' ? rest : { ...rest, 'service.name': { stringValue: service } } };
    const time = offset < 0 ? '0' : `${START + offset}000000`;
    return Object.assign({}, plain, { attributes, resource, time, observed: plain.observed === '0' ? '0' : `${START + 2}000000` });
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('give' as const),
      records: fc.array(record, { minLength: 1, maxLength: 12 }),
      how: making,
      isRefused: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(8, 500, 3000, INTERVAL_MS, 60_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), isRefused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'kill' as const }) },
);

interface Bucket {
  readonly key: string;
  tokens: number;
  filled: number;
  latest: number;
  count: number;
  since: number;
}

/** The words of the README as code. */
class Model {
  readonly passed: PlainRecord[] = [];
  suppressed = 0;
  /** Counts that no record carried: of those, what must have gone out by now. */
  told = 0;
  due = 0;
  /** The one whose key was seen last is the last. */
  #buckets: Bucket[] = [];
  readonly #config: RateLimitConfig;
  readonly #burst: number;

  constructor(config: RateLimitConfig) {
    this.#config = config;
    this.#burst = config.burst ?? PER_SECOND;
  }

  give(given: PlainRecord, now: number): void {
    const at = this.#timeOf(given) || now;
    const bucket = this.#bucketOf(given, at);
    // What passes anyway is not for the bucket.
    if (given.severity >= 17) return this.#pass(given, bucket);
    this.#fill(bucket, at);
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return this.#pass(given, bucket);
    }
    this.suppressed++;
    if (bucket.count === 0) bucket.since = now;
    bucket.count += 1 + countOf(given);
  }

  /** A time that goes back by more than a minute is another line of time; back on the first, only what is new there counts. */
  #fill(bucket: Bucket, at: number): void {
    const { filled, latest } = bucket;
    const isBack = filled - at > 60_000;
    if (isBack) bucket.latest = Math.max(latest, filled);
    if (isBack || at > filled) bucket.filled = at;
    if (at <= filled) return;
    const isOnFirst = at - filled > 60_000 && at >= latest - 60_000;
    const passed = isOnFirst ? Math.max(0, at - Math.max(filled, latest)) : at - filled;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (passed * PER_SECOND) / 1000);
  }

  #timeOf({ time, observed }: PlainRecord): number {
    if (this.#config.time === 'arrival') return 0;
    return Number(BigInt(time) / 1_000_000n) || Number(BigInt(observed) / 1_000_000n);
  }

  #pass(given: PlainRecord, bucket: Bucket): void {
    const intValue = String(bucket.count + countOf(given));
    this.passed.push(bucket.count === 0 ? given : { ...given, attributes: { ...given.attributes, [COUNT]: { intValue } } });
    bucket.count = 0;
  }

  #bucketOf({ resource, severity }: PlainRecord, at: number): Bucket {
    const values = this.#config.key.map((part) => (part === 'severity' ? severity : (resource.attributes['service.name'] ?? null)));
    const key = JSON.stringify(values);
    const known = this.#buckets.find((bucket) => bucket.key === key);
    const bucket = known ?? { key, tokens: this.#burst, filled: at, latest: 0, count: 0, since: 0 };
    this.#buckets = [...this.#buckets.filter((other) => other !== known), bucket];
    if (this.#buckets.length > this.#config.max_keys) this.#tell(this.#buckets.shift());
    return bucket;
  }

  /** What no record could carry for an interval goes out. */
  tick(now: number): void {
    for (const bucket of this.#buckets) if (now - bucket.since >= INTERVAL_MS) this.due += this.#tell(bucket);
  }

  stop(isTaken: boolean): void {
    for (const bucket of this.#buckets) this.#tell(bucket);
    this.#buckets = [];
    if (isTaken) this.due = this.told;
  }

  /** What is in memory is lost. */
  kill(told: number): void {
    this.#buckets = [];
    this.told = this.due = told;
  }

  #tell(bucket: Bucket | undefined): number {
    const count = bucket?.count ?? 0;
    this.told += count;
    if (bucket) bucket.count = 0;
    return count;
  }
}

const COUNT = 'winnow.suppressed_count';
const countOf = ({ attributes }: PlainRecord): number => Number(attributes[COUNT]?.intValue ?? 0);
const isSummary = ({ body }: PlainRecord): boolean => body.stringValue === 'Records were suppressed by their rate limit.';

/** Agents one after the other on one storage. */
class World {
  readonly model: Model;
  readonly #config: RateLimitConfig;
  #clock = new FakeClock(START);
  #storage = new MemoryStorage();
  #sink = new PlainSink();
  #processor: Processor | undefined;
  readonly #out: PlainRecord[] = [];

  constructor(config: RateLimitConfig) {
    this.#config = config;
    this.model = new Model(config);
  }

  async start(): Promise<void> {
    this.#processor = factory.create(this.#config, { id: 'rate_limit' }, this.#sink);
    await this.#processor.start(createTestHost({ clock: this.#clock, storage: this.#storage }));
  }

  async play(one: Step): Promise<void> {
    if (one.do === 'give') await this.#give(one.records, one.how, one.isRefused);
    else if (one.do === 'wait') await this.#wait(one.ms);
    else if (one.do === 'restart') {
      await this.stop(one.isRefused);
      await this.start();
    } else await this.#kill();
    this.#collect();
  }

  async #give(records: readonly PlainRecord[], how: Making, isRefused: boolean): Promise<void> {
    for (const given of records) this.model.give(given, this.#clock.now());
    this.#sink.refusals = isRefused ? 1 : 0;
    await give(
      this.#running,
      batchOf(records, how, () => {}),
    );
    this.#sink.refusals = 0;
  }

  async #wait(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    this.model.tick(this.#clock.now());
  }

  async stop(isRefused: boolean): Promise<void> {
    this.#sink.refusals = isRefused ? 1 : 0;
    await this.#running.shutdown(AbortSignal.timeout(5000));
    this.#sink.refusals = 0;
    this.model.stop(!isRefused);
    this.#collect();
  }

  async #kill(): Promise<void> {
    this.#collect();
    this.#sink = new PlainSink();
    this.#storage = this.#storage.afterCrash();
    this.#clock = new FakeClock(this.#clock.now());
    this.model.kill(this.told);
    await this.start();
  }

  #collect(): void {
    this.#out.push(...this.#sink.records.splice(0));
  }

  get #running(): Processor {
    if (!this.#processor) throw new Error('the agent runs');
    return this.#processor;
  }

  get told(): number {
    return this.#out.filter(isSummary).reduce((sum, one) => sum + countOf(one), 0);
  }

  get passed(): PlainRecord[] {
    return this.#out.filter((one) => !isSummary(one));
  }
}

test('agrees with a model of whole records', async () => {
  const options = fc.record({
    key: fc.constantFrom<string[]>([], ['service'], ['service', 'severity']),
    burst: fc.integer({ min: 1, max: 4 }),
    time: fc.constantFrom<'event' | 'arrival'>('event', 'arrival'),
    max_keys: fc.constantFrom(1, 2, 100),
  });
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { minLength: 1, maxLength: 14 }), async (chosen, steps) => {
      const written = { ...chosen, records_per_second: PER_SECOND, summary_interval: `${INTERVAL_MS}ms` };
      const world = new World(validate(factory, written).config as RateLimitConfig);
      await world.start();
      for (const one of steps) {
        await world.play(one);
        expect(world.told).toBeGreaterThanOrEqual(world.model.due);
        expect(world.told).toBeLessThanOrEqual(world.model.told);
      }
      await world.stop(false);

      expect(world.passed).toEqual(world.model.passed);
      expect(world.told).toBe(world.model.told);
      const given = steps.reduce((sum, one) => sum + (one.do === 'give' ? one.records.length : 0), 0);
      expect(world.passed.length + world.model.suppressed).toBe(given);
    }),
    { numRuns: 200 },
  );
});
