import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Delivery, type Processor, type StorageClient } from '#component';
import { LogBatch, ValueType } from '#model';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';
import type { DedupeConfig } from './config.ts';

/*
 * Goal: what comes out is what a model without tables, storage and batches says. Without crashes exactly: which records pass,
 * and which summaries there are. With crashes no record is missing, and those that come twice were not settled.
 *
 * Method: a source gives batches of a few keys with event times in disorder; time moves on; the next one refuses for a
 * while; the agent is stopped, or killed while commits are on their way, and a new one works on with its storage. After a
 * kill the source gives again what was not settled, in order.
 */
const INTERVAL_MS = 1000;
const COUNT = 'winnow.dedupe.count';
const START = Date.UTC(2026, 0, 30, 12);

interface Row {
  readonly key: string;
  readonly at: number;
}

type Step =
  | { readonly do: 'give'; readonly rows: readonly Row[] }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'refuse'; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'kill'; readonly isMidCommit: boolean };

const row = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.nat({ max: 4000 }) });
const give = fc.record({ do: fc.constant('give' as const), rows: fc.array(row, { minLength: 1, maxLength: 12 }) });
const advance = fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 50, 199, 200, 500, 999, 1000, 1500) });
const refuse = fc.record({ do: fc.constant('refuse' as const), ms: fc.constantFrom(100, 2500) });
const restart = fc.constant({ do: 'restart' as const });
const kill = fc.record({ do: fc.constant('kill' as const), isMidCommit: fc.boolean() });
const options = fc.record({ max_keys: fc.constantFrom(1, 2, 3, 100), max_held_bytes: fc.constant('16MiB') });

/** The words of the README as code: every row passes, or is in the count of one window. */
class Model {
  readonly passed: string[] = [];
  readonly summaries: string[] = [];
  readonly #open = new Map<string, { first: number; last: number; opened: number; count: number }>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  give({ key, at }: Row, now: number): void {
    for (const [open, { opened }] of this.#open) if (now - opened >= INTERVAL_MS) this.#close(open);
    const window = this.#open.get(key);
    if (window && Math.max(window.last, at) - Math.min(window.first, at) < INTERVAL_MS) {
      window.first = Math.min(window.first, at);
      window.last = Math.max(window.last, at);
      window.count++;
      return;
    }
    if (window) this.#close(key);
    else if (this.#open.size === this.#max) this.#close(this.#open.keys().next().value as string);
    this.#open.set(key, { first: at, last: at, opened: now, count: 0 });
    this.passed.push(key);
  }

  closeAll(): void {
    for (const key of this.#open.keys()) this.#close(key);
  }

  #close(key: string): void {
    const window = this.#open.get(key);
    this.#open.delete(key);
    if (!window || window.count === 0) return;
    // One that stands for itself alone carries its count and its own time.
    this.summaries.push(window.count === 1 ? `${key} 1` : `${key} ${window.count} ${window.first} ${window.last}`);
  }
}

/** Agents one after the other on one storage, and the source that feeds them. */
class World {
  clock = new FakeClock(START);
  readonly sink = new LogsSink();
  readonly #config: DedupeConfig;
  #storage = new MemoryStorage();
  #host: TestHost;
  #dedupe: Processor;
  #source: StorageClient;
  #given: { readonly id: number; readonly rows: readonly Row[] }[] = [];
  /** Rows that were given more than once. */
  repeated = 0;
  readonly problems: string[] = [];

  constructor(config: Partial<DedupeConfig>) {
    this.#config = validate(factory, { interval: `${INTERVAL_MS}ms`, ...config }).config as DedupeConfig;
    this.#host = createTestHost({ clock: this.clock, storage: this.#storage });
    this.#source = this.#storage.client('source');
    this.#dedupe = factory.create(this.#config, { id: 'dedupe' }, this.sink);
  }

  async start(): Promise<void> {
    await this.#dedupe.start(this.#host);
    await settleMicrotasks();
  }

  async give(rows: readonly Row[], id: number = this.#given.length): Promise<void> {
    if (id === this.#given.length) this.#given.push({ id, rows });
    const batch = new LogBatch();
    for (const { key, at } of rows) {
      const index = batch.addRow(ValueType.none, 0, 0);
      batch.setBody(index, key);
      batch.timeMs[index] = START + at;
    }
    const source = this.#source;
    batch.setDelivery(
      new Delivery(rows.length, 1, ({ abandoned }, transaction) => {
        if (abandoned > 0) return;
        const own = transaction && source.owns(transaction) ? transaction : source.begin();
        source.put(own, `done/${id}`, 'x');
        if (own !== transaction) void source.commit(own);
      }),
    );
    for (;;) {
      const isTaken = await this.#dedupe.consume(batch).then(
        () => true,
        () => false,
      );
      if (isTaken) break;
      await this.clock.advance(100);
      this.sink.isRefusing = this.#refusedUntil > this.clock.now();
    }
  }

  #refusedUntil = 0;

  refuse(ms: number): void {
    this.sink.isRefusing = true;
    this.#refusedUntil = this.clock.now() + ms;
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.sink.isRefusing = this.#refusedUntil > this.clock.now();
  }

  async stop(): Promise<void> {
    this.sink.isRefusing = false;
    await this.#dedupe.shutdown(new AbortController().signal);
    await settleMicrotasks();
    this.#account();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#renew(this.#storage);
  }

  /** Ends without a word. The clock, whose timers belong to the process, ends with it. */
  async kill(isMidCommit: boolean): Promise<void> {
    if (isMidCommit) {
      this.#storage.block();
      await this.clock.advance(250);
    }
    this.clock = new FakeClock(this.clock.now() + 1);
    this.sink.isRefusing = false;
    await this.#renew(this.#storage.afterCrash());
    for (const { id, rows } of this.#given) {
      if (this.#source.get(`done/${id}`)) continue;
      this.repeated += rows.length;
      await this.give(rows, id);
    }
  }

  async #renew(storage: MemoryStorage): Promise<void> {
    this.#storage = storage;
    this.#source = storage.client('source');
    this.#host = createTestHost({ clock: this.clock, storage });
    this.#dedupe = factory.create(this.#config, { id: 'dedupe' }, this.sink);
    await this.start();
  }

  /** After a stop nothing is held, in the books and in storage. */
  #account(): void {
    const held = this.#host.metric('winnow_processor_held_log_records');
    const kept = [...this.#host.storage.list()].map(([key]) => key);
    if (held !== 0) this.problems.push(`${held} records are held after a stop`);
    if (kept.length > 0) this.problems.push(`${kept.join()} are in storage after a stop`);
    this.problems.push(...this.#host.fatals.map(String));
  }
}

const isSummary = ({ attributes }: { attributes: Readonly<Record<string, unknown>> }): boolean => attributes[COUNT] !== undefined;

test('without crashes: exactly the records and summaries of the model', async () => {
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: give }, { weight: 2, arbitrary: advance }, restart), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(options, steps, fc.constantFrom('200ms', '0s'), async (config, all, holdMax) => {
      const world = new World({ ...config, hold_max: holdMax });
      const model = new Model(config.max_keys);
      await world.start();
      for (const step of all as readonly Step[]) {
        if (step.do === 'give') {
          for (const one of step.rows) model.give(one, world.clock.now());
          await world.give(step.rows);
        } else if (step.do === 'advance') await world.advance(step.ms);
        else {
          model.closeAll();
          await world.restart();
        }
      }
      model.closeAll();
      await world.stop();

      expect(world.problems).toEqual([]);
      const { records } = world.sink;
      expect(records.filter((record) => !isSummary(record)).map(({ body }) => body)).toEqual(model.passed);
      const summaries = records.filter(isSummary).map(({ body, attributes }) => {
        const offset = (name: string): number => Date.parse(textOf(attributes[`winnow.dedupe.${name}`])) - START;
        const said = `${textOf(body)} ${textOf(attributes[COUNT])}`;
        return attributes[COUNT] === 1 ? said : `${said} ${offset('first_time')} ${offset('last_time')}`;
      });
      expect(summaries.toSorted()).toEqual(model.summaries.toSorted());
    }),
    { numRuns: 150 },
  );
});

test('with crashes and refusals: no record is missing, and only unsettled ones come twice', async () => {
  const steps = fc.array(
    fc.oneof({ weight: 5, arbitrary: give }, { weight: 3, arbitrary: advance }, { weight: 1, arbitrary: refuse }, restart, kill),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(options, steps, fc.constantFrom('200ms', '0s'), async (config, all, holdMax) => {
      const world = new World({ ...config, hold_max: holdMax });
      await world.start();
      const given = new Map<string, number>();
      let isExact = true;
      for (const step of all as readonly Step[]) {
        if (step.do === 'give') {
          for (const { key } of step.rows) given.set(key, (given.get(key) ?? 0) + 1);
          await world.give(step.rows);
        } else if (step.do === 'advance') await world.advance(step.ms);
        else if (step.do === 'refuse') world.refuse(step.ms);
        else if (step.do === 'restart') await world.restart();
        else {
          // A summary may have been taken while the commit that forgets it was lost: then it comes twice.
          if (step.isMidCommit) isExact = false;
          await world.kill(step.isMidCommit);
        }
      }
      await world.stop();

      const came = new Map<string, number>();
      for (const { body, attributes } of world.sink.records) {
        came.set(textOf(body), (came.get(textOf(body)) ?? 0) + Number(attributes[COUNT] ?? 1));
      }
      let more = 0;
      for (const [key, count] of given) {
        expect(came.get(key) ?? 0).toBeGreaterThanOrEqual(count);
        more += (came.get(key) ?? 0) - count;
      }
      expect(more).toBeLessThanOrEqual(isExact ? world.repeated : Number.POSITIVE_INFINITY);
      expect(world.problems).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
