import * as nodeFs from 'node:fs';
import * as fc from 'fast-check';
import assert from 'node:assert';
import { expect, test } from 'vitest';
import { Delivery, DestinationError, PermanentError, RetryableError, type StorageClient } from '#component';
import type { Claim } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { MortalProcess } from '../../test/helpers/mortal-process.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { SendingQueue, type Payload, type SendResult, type SendingQueueConfig } from './index.ts';

/*
 * Goal: whatever happens, in whatever order, every record arrives; the records of a source arrive in order; nothing arrives
 * twice except what had no answer when the agent died; and the books balance at every moment.
 *
 * Method: random offers of sources that behave like receivers (they go on reading when an offer was taken, and after a
 * restart begin behind the position they stored), random answers of a backend, a disk that refuses now and then, shutdowns
 * and crashes. A crash is a storage and a file system that stop working for the old queue, and garbage behind the last
 * segment. In the end the backend takes everything, and what arrived is compared with what the sources read.
 *
 * fast-check prints seed and path of a failure; put them into `fc.assert(…, { seed, path })` to see it again.
 */

type Action =
  | { readonly kind: 'offer'; readonly sources: readonly number[]; readonly rows: number }
  | { readonly kind: 'answer'; readonly which: number; readonly how: 'take' | 'retry' | 'throttle' | 'fault' | 'halve' | 'reject' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'disk'; readonly isFull: boolean }
  | { readonly kind: 'crash'; readonly garbage: number }
  | { readonly kind: 'restart' };

const SOURCES = 3;

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('offer' as const),
      sources: fc.uniqueArray(fc.integer({ min: 0, max: SOURCES - 1 }), { minLength: 1, maxLength: 2 }),
      rows: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(5),
      how: fc.constantFrom('take', 'take', 'take', 'retry', 'throttle', 'fault', 'halve', 'reject'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk' as const), isFull: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), garbage: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

interface Request {
  readonly records: readonly string[];
  readonly resolve: (result: SendResult) => void;
  readonly reject: (problem: Error) => void;
}

class World {
  readonly clock = new FakeClock();
  readonly memory = new MemoryStorage();
  readonly client: StorageClient = this.memory.client('test');
  readonly config: SendingQueueConfig;
  life = new MortalProcess(this.client);
  host: TestHost = createTestHost();
  queue: SendingQueue | undefined;
  requests: Request[] = [];
  /** What the backend took, in the order of its answers. */
  readonly arrived: string[] = [];
  readonly mayRepeat = new Set<string>();
  /** Records of one offer, by each of them. */
  readonly groups = new Map<string, readonly string[]>();
  /** Where each source reads on, how far it has ever come, and whether its offer waits for room. */
  readonly next = Array.from({ length: SOURCES }, () => 0);
  readonly read = Array.from({ length: SOURCES }, () => 0);
  readonly isBusy = Array.from({ length: SOURCES }, () => false);

  constructor(config: SendingQueueConfig) {
    this.config = config;
  }

  async begin(): Promise<void> {
    this.life = new MortalProcess(this.client);
    this.requests = [];
    this.host = createTestHost({ clock: this.clock, fs: this.life.fs });
    const { storage } = this.life;
    const host = { ...this.host, storage, storageOf: () => storage };
    const retry = {
      enabled: true,
      initial_interval: '5s',
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: '30s',
      max_elapsed_time: '0s',
    };
    this.queue = new SendingQueue({ id: 'test', queue: this.config, retry, send: this.#sendOf(this.life), split: halve, host });
    for (let source = 0; source < SOURCES; source++) {
      this.next[source] = Number(Buffer.from(storage.get(`position/${source}`) ?? '0').toString());
      this.isBusy[source] = false;
    }
    await this.queue.start();
    await this.life.quiesce();
  }

  async do(step: Action): Promise<void> {
    if (step.kind === 'offer') this.offer(step.sources, step.rows);
    if (step.kind === 'answer') this.answer(step.which, step.how);
    if (step.kind === 'wait') await this.clock.advance(step.ms);
    if (step.kind === 'disk') this.life.isDiskFull = step.isFull;
    if (step.kind === 'crash') await this.crash(step.garbage);
    if (step.kind === 'restart') await this.restart();
    await this.life.quiesce();
    this.checkBooks();
  }

  offer(sources: readonly number[], rows: number): void {
    const free = sources.filter((source) => !this.isBusy[source]);
    if (free.length === 0) return;
    const records: string[] = [];
    const claims: Claim[] = [];
    for (const source of free) {
      const from = this.next[source] ?? 0;
      for (let i = 0; i < rows; i++) records.push(`${source}:${from + i}`);
      this.next[source] = from + rows;
      this.read[source] = Math.max(this.read[source] ?? 0, from + rows);
      this.isBusy[source] = true;
      claims.push({ delivery: this.#deliveryOf(source, from + rows, rows), rows });
    }
    for (const record of records) this.groups.set(record, records);
    const payload = payloadOf(records);
    void this.queue?.offer(payload, claims).then(
      () => {
        for (const source of free) this.isBusy[source] = false;
      },
      () => {},
    );
  }

  answer(which: number, how: string): void {
    const [request] = this.requests.splice(which % Math.max(1, this.requests.length), 1);
    if (!request) return;
    if (how === 'retry') return request.reject(new RetryableError('502'));
    if (how === 'throttle') return request.reject(new RetryableError('503', { retryAfterMs: 10_000 }));
    if (how === 'fault') return request.reject(new DestinationError('401'));
    if (how === 'halve' && request.records.length > 1) return request.reject(new PermanentError('413', { tooLarge: true }));
    this.arrived.push(...request.records);
    // Which record was rejected makes no difference to the queue: it counts them, and sends none again.
    request.resolve({ rejected: how === 'reject' ? 1 : 0 });
  }

  async crash(garbage: number): Promise<void> {
    this.life.isDead = true;
    while (this.life.pending > 0) await new Promise((resolve) => setImmediate(resolve));
    this.#endMortalProcess();
    const folder = this.client.directory('queue');
    const last = nodeFs.existsSync(folder) ? nodeFs.readdirSync(folder).toSorted().at(-1) : undefined;
    if (last !== undefined) nodeFs.appendFileSync(`${folder}/${last}`, Buffer.alloc(garbage, 0x57));
    await this.begin();
  }

  async restart(): Promise<void> {
    const deadline = new AbortController();
    const stopped = this.queue?.shutdown(deadline.signal);
    deadline.abort();
    await stopped;
    this.checkBooks();
    this.#endMortalProcess();
    await this.begin();
  }

  /** A request of which only a part was answered is repeated as a whole. */
  #endMortalProcess(): void {
    const answered = new Set(this.arrived);
    for (const record of answered) {
      const group = this.groups.get(record) ?? [];
      if (group.some((other) => !answered.has(other))) for (const other of group) this.mayRepeat.add(other);
    }
  }

  #sendOf(life: MortalProcess) {
    return ({ body }: Payload, signal: AbortSignal): Promise<SendResult> =>
      new Promise((resolve, reject) => {
        if (life.isDead) return;
        const records = recordsOf(body);
        const sources = new Set(records.map(sourceOf));
        const clash = this.requests.find((other) => other.records.some((record) => sources.has(sourceOf(record))));
        assert(!clash, 'two unanswered requests of one source');
        const request = { records, resolve, reject };
        this.requests.push(request);
        signal.addEventListener('abort', () => reject(new RetryableError('aborted')), { once: true });
      });
  }

  #deliveryOf(source: number, position: number, rows: number): Delivery {
    const { storage } = this.life;
    return new Delivery(rows, source, (outcome, given) => {
      if (outcome.abandoned > 0) return;
      const transaction = given && storage.owns(given) ? given : storage.begin();
      storage.put(transaction, `position/${source}`, String(position));
      if (transaction !== given) void storage.commit(transaction);
    });
  }

  checkBooks(): void {
    const of = (name: string, labels = {}): number => this.host.metric(name, labels) || 0;
    const rejected = of('winnow_exporter_dropped_log_records', { reason: 'partial_success' });
    const lost = of('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' });
    const held = of('winnow_exporter_held_log_records');
    const left = of('winnow_exporter_accepted_log_records') + of('winnow_exporter_restored_log_records');
    assert.equal(of('otelcol_exporter_sent_log_records') + rejected + of('winnow_exporter_abandoned_log_records') + held, left);
    assert.equal(lost, 0);
    assert.deepEqual(this.host.fatals, []);
  }

  /** The sources read again what they have to, the backend takes everything, until nothing is left. */
  async drain(): Promise<void> {
    this.life.isDiskFull = false;
    for (let round = 0; round < 1000; round++) {
      for (let source = 0; source < SOURCES; source++) {
        const behind = (this.read[source] ?? 0) - (this.next[source] ?? 0);
        if (behind > 0) this.offer([source], behind);
      }
      while (this.requests.length > 0) {
        this.answer(0, 'take');
        await this.life.quiesce();
      }
      await this.clock.advance(1_000);
      await this.life.quiesce();
      const isIdle = this.requests.length === 0 && this.host.metric('winnow_exporter_held_log_records') === 0;
      if (isIdle && !this.isBusy.includes(true)) return;
    }
    assert.fail('the queue does not drain');
  }

  checkArrivals(): void {
    for (let source = 0; source < SOURCES; source++) {
      const all = this.arrived.filter((record) => sourceOf(record) === source);
      const first = [...new Set(all)];
      assert.deepEqual(
        first,
        Array.from({ length: this.read[source] ?? 0 }, (_, i) => `${source}:${i}`),
      );
      const seen = new Set<string>();
      const repeated = all.filter((record) => seen.size === seen.add(record).size && !this.mayRepeat.has(record));
      assert.deepEqual(repeated, []);
    }
  }
}

function payloadOf(records: readonly string[]): Payload {
  return { body: Buffer.from(JSON.stringify(records)), rows: records.length, encoding: '', contentType: 'application/json' };
}

function recordsOf(body: Buffer): string[] {
  return JSON.parse(body.toString()) as string[];
}

function sourceOf(record: string): number {
  return Number.parseInt(record, 10);
}

function halve({ body }: Payload): [Payload, Payload] {
  const records = recordsOf(body);
  const middle = Math.ceil(records.length / 2);
  return [payloadOf(records.slice(0, middle)), payloadOf(records.slice(middle))];
}

const CONFIG: SendingQueueConfig = {
  enabled: true,
  num_consumers: 2,
  wait_for_result: false,
  block_on_overflow: true,
  sizer: 'requests',
  queue_size: 5,
  on_destination_error: 'hold',
  dead_letter: { enabled: true, max_size: '1MiB', max_records: 100 },
};

for (const { where, config } of [
  { where: 'in memory', config: CONFIG },
  { where: 'on disk', config: { ...CONFIG, storage: 'file_storage' } },
]) {
  test(`loses nothing and keeps the order of each source through faults and crashes ${where}`, { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const world = new World(config);
        await world.begin();
        for (const step of actions) await world.do(step);
        await world.drain();

        world.checkArrivals();
        world.checkBooks();
        await world.queue?.shutdown(new AbortController().signal);
        const folder = world.client.directory('queue');
        expect(nodeFs.existsSync(folder) ? nodeFs.readdirSync(folder) : []).toEqual([]);
        nodeFs.rmSync(world.client.directory('.'), { recursive: true, force: true });
      }),
      { numRuns: 300 },
    );
  });
}
