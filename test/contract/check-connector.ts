import * as fs from 'node:fs';
import * as fc from 'fast-check';
import { Status, type ConnectorFactory, type Consumer, type Exporter, type Host, type ProcessorFactory } from '#component';
import type { LogBatch } from '#model';
import { MetricsRegistry } from '#telemetry';
import { computeBooks, Statuses } from '../../src/pipeline/index.ts';
import type { Graph } from '../../src/pipeline/graph.ts';
import { createRandom } from '../../src/rehearsal/random.ts';
import { buildConnectorGraph } from '../helpers/connector-rig.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { MemoryStorage } from '../helpers/memory-storage.ts';
import { createTestHost } from '../helpers/test-host.ts';
import { rowSeed, type RowSeed } from './rows.ts';
import { WorldSink, type Settling, type Taking } from './world-sink.ts';
import { WorldSource, type SourceLife } from './world-source.ts';

/** Behind the connector: one drops some rows on its way, one edits, one only takes. */
export const PIPELINES = ['logs/sieve', 'logs/edits', 'logs/plain'] as const;
type Pipeline = (typeof PIPELINES)[number];

export interface ConnectorSubject {
  readonly factory: ConnectorFactory<never>;
  readonly config: object;
  /** The pipelines that all have to get a row, or `any` when one has to; `none` when other rows come out. */
  readonly wants: (row: RowSeed) => readonly Pipeline[] | 'any' | 'none';
}

type Step =
  | { readonly kind: 'give'; readonly rows: readonly RowSeed[]; readonly splits: readonly number[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'next'; readonly at: number; readonly taking: Taking; readonly settling: Settling; readonly isUp: boolean }
  | { readonly kind: 'release'; readonly at: number; readonly isDurable: boolean }
  | { readonly kind: 'crash' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('give' as const),
      rows: fc.array(rowSeed, { minLength: 1, maxLength: 12 }),
      splits: fc.array(fc.nat({ max: 12 }), { maxLength: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 60, 300, 1500, 12_000, 90_000) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('next' as const),
      at: fc.nat({ max: PIPELINES.length - 1 }),
      taking: fc.constantFrom<Taking>('takes', 'takes', 'refuses', 'waits'),
      settling: fc.constantFrom<Settling>('durable', 'durable', 'keep', 'abandon'),
      isUp: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('release' as const), at: fc.nat({ max: PIPELINES.length - 1 }), isDurable: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'restart' as const) }) },
);

const story = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 14 }), offersAgain: fc.boolean() });

/**
 * Plays random stories of one connector and the pipelines behind it, and says what the simplest one that fails has shown.
 * Pipelines refuse, do not answer, say that they are down, settle late or give up; the agent is stopped, or killed. At the
 * end all are up, and each row has to be where it belongs.
 */
export async function checkConnector(subject: ConnectorSubject, { runs, seed }: { runs: number; seed: number }): Promise<string[]> {
  const property = fc.asyncProperty(story, async ({ steps, offersAgain }) => {
    const stage = new Stage(subject, offersAgain);
    await stage.open();
    for (const one of steps) await stage.play(one);
    const problems = await stage.close();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  });
  const details = await fc.check(property, { numRuns: runs, seed, interruptAfterTimeLimit: 60_000 });
  if (!details.failed) return [];
  const said = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  return [...said.split('\n'), `seed ${seed}, path ${details.counterexamplePath ?? ''}`, JSON.stringify(details.counterexample)];
}

const REASON = 'sieved';
const isSieved = ({ variant }: RowSeed): boolean => variant === 3;

/** Drops rows whose attribute `n` is 3; those without it pass. Rows show what they are by it, see rows.ts. */
const sieve: ProcessorFactory<never> = {
  kind: 'processor',
  type: 'sieve',
  stability: 'stable',
  summary: '',
  schema: { type: 'object', additionalProperties: false, properties: {} } as never,
  create: (_config, _settings, next) => {
    let host: Host | undefined;
    return {
      mutates: true,
      start: async (own) => void (host = own),
      shutdown: async () => {},
      consume: async (batch: LogBatch) => {
        for (let row = 0; row < batch.length; row++) {
          if (batch.isDropped[row] === 1 || batch.attribute(row, 'n') !== 3) continue;
          batch.drop(row, REASON);
          host?.metrics.counter('winnow_processor_dropped_log_records', '', { reason: REASON }).add(1);
        }
        await next.consume(batch);
      },
    };
  },
};

/** The connector in the agent's own graph, from a start until it is stopped or killed. */
class ConnectorLife implements SourceLife {
  readonly clock: FakeClock;
  readonly sinks: readonly WorldSink[];
  readonly complaints: string[] = [];
  readonly metrics: MetricsRegistry = new MetricsRegistry();
  readonly #hosts: (Host | undefined)[] = [];
  readonly #graph: Graph;
  #head: Consumer | undefined;

  constructor({ factory, config }: ConnectorSubject, known: ReadonlySet<string>, now: number) {
    this.clock = new FakeClock(now);
    this.sinks = PIPELINES.map((id) => new WorldSink(known, id === 'logs/edits'));
    const storage = new MemoryStorage();
    const exporters = this.sinks.map((sink, i): Exporter => ({
      mutates: sink.mutates,
      start: async (host) => void (this.#hosts[i] = host),
      shutdown: async () => {},
      consume: (batch) => sink.consume(batch),
    }));
    this.#graph = buildConnectorGraph({
      factory,
      config,
      exporters: Object.fromEntries(PIPELINES.map((id, i) => [id, exporters[i] as Exporter])),
      processors: [{ pipeline: 'logs/sieve', factory: sieve }],
      environment: {
        clock: this.clock,
        random: createRandom(now),
        fs,
        log: createTestHost().log,
        metrics: this.metrics,
        statuses: new Statuses(this.clock),
        storageFor: (component) => storage.client(component),
        fatal: (problem) => void this.complaints.push(`fatal: ${String(problem)}`),
      },
      deadline: new AbortController().signal,
      onHead: (head) => (this.#head = head),
    });
  }

  get head(): Consumer {
    if (!this.#head) throw new Error('the graph has no head');
    return this.#head;
  }

  get mayEdit(): boolean {
    return this.head.mutates;
  }

  async start(): Promise<void> {
    const { exporters, between } = this.#graph;
    for (const { component, host } of [...exporters, ...between]) await component.start(host);
  }

  async stop(): Promise<void> {
    for (const { component } of this.#graph.between.toReversed()) await component.shutdown(new AbortController().signal);
  }

  report(at: number, isUp: boolean): void {
    this.#hosts[at]?.report(isUp ? Status.ok : Status.recoverable, 'the test says so');
  }

  openUp(): void {
    for (const [at, sink] of this.sinks.entries()) {
      this.report(at, true);
      sink.settling = 'durable';
      sink.answer('takes');
      sink.release();
    }
  }
}

class Stage {
  readonly #subject: ConnectorSubject;
  readonly #source: WorldSource;
  readonly #problems: string[] = [];
  readonly #lives: ConnectorLife[] = [];
  readonly #seeds = new Map<string, RowSeed>();

  constructor(subject: ConnectorSubject, offersAgain: boolean) {
    this.#subject = subject;
    this.#source = new WorldSource(offersAgain);
  }

  get #life(): ConnectorLife {
    return this.#lives.at(-1) as ConnectorLife;
  }

  async open(): Promise<void> {
    const now = this.#lives.length === 0 ? Date.UTC(2026, 0, 30, 12) : this.#life.clock.now();
    const life = new ConnectorLife(this.#subject, this.#source.known, now);
    this.#lives.push(life);
    this.#source.enter(life);
    await life.start();
    await this.#turn(0);
  }

  async play(one: Step): Promise<void> {
    const life = this.#life;
    if (one.kind === 'give') {
      const before = this.#source.known.size;
      this.#source.add(one.rows, one.splits);
      for (const [i, id] of [...this.#source.known].slice(before).entries()) this.#seeds.set(id, one.rows[i] as RowSeed);
    } else if (one.kind === 'next') {
      const sink = life.sinks[one.at] as WorldSink;
      sink.settling = one.settling;
      sink.answer(one.taking);
      life.report(one.at, one.isUp);
    } else if (one.kind === 'release') life.sinks[one.at]?.release(one.isDurable);
    else if (one.kind === 'crash') {
      for (const sink of life.sinks) sink.isDead = true;
      await this.open();
    } else if (one.kind === 'restart') {
      await this.#drain();
      await life.stop();
      await this.open();
    }
    await this.#turn(one.kind === 'wait' ? one.ms : 0);
  }

  /** Opens everything up, lets time pass, and looks where every row has gone. */
  async close(): Promise<string[]> {
    await this.#drain();
    const { connectors, pipelines } = computeBooks(this.#life.metrics);
    for (const book of [...connectors, ...pipelines]) {
      if (book.difference !== 0 || book.held !== 0) this.#problems.push(`the books do not balance: ${JSON.stringify(book)}`);
    }
    await this.#life.stop();
    await this.#life.clock.advance(3_600_000);
    if (this.#life.clock.pendingTimers > 0) this.#problems.push('timers outlive shutdown');
    if (!this.#source.isSettled) this.#problems.push('rows are not settled at the end');
    this.#account();
    return [...new Set([...this.#problems, ...this.#lives.flatMap(({ complaints }) => complaints)])];
  }

  async #turn(ms: number): Promise<void> {
    void this.#source.pump();
    await this.#life.clock.advance(ms);
    this.#problems.push(...this.#source.problems.splice(0));
    for (const sink of this.#life.sinks) this.#problems.push(...sink.problems.splice(0));
  }

  async #drain(): Promise<void> {
    this.#life.openUp();
    for (let turn = 0; turn < 60 && (turn < 2 || this.#source.isBusy || !this.#source.isSettled); turn++) {
      this.#life.openUp();
      await this.#turn(turn < 50 ? 1000 : 600_000);
    }
    if (this.#source.isBusy) this.#problems.push('with everything open, consume still refuses or does not answer');
  }

  #account(): void {
    const safe = PIPELINES.map((_, at) => new Set(this.#lives.flatMap(({ sinks }) => [...(sinks[at]?.safe.keys() ?? [])])));
    for (const id of this.#source.settledIds) {
      const seed = this.#seeds.get(id) as RowSeed;
      const wants = this.#subject.wants(seed);
      if (wants === 'none') continue;
      const mayBeDropped = isSieved(seed);
      const lacks = wants === 'any' ? [] : wants.filter((pipeline) => !safe[PIPELINES.indexOf(pipeline)]?.has(id));
      const isAnywhere = safe.some((ids) => ids.has(id));
      if (wants === 'any' && !isAnywhere && !mayBeDropped) this.#problems.push(`row ${id} is settled and nowhere`);
      for (const pipeline of lacks) {
        if (!(pipeline === 'logs/sieve' && mayBeDropped)) this.#problems.push(`row ${id} is settled and not in ${pipeline}`);
      }
      if (wants !== 'any') this.#checkStrayed(id, wants);
    }
    if (this.#subject.wants(ANY_ROW) !== 'none') this.#checkExcess();
  }

  #checkStrayed(id: string, wants: readonly Pipeline[]): void {
    for (const [at, pipeline] of PIPELINES.entries()) {
      const came = this.#lives.some(({ sinks }) => sinks[at]?.came.has(id));
      if (came && !wants.includes(pipeline)) this.#problems.push(`row ${id} came to ${pipeline}`);
    }
  }

  /** A row comes to a pipeline, or with `any` to all of them together, at most as often as it was given. */
  #checkExcess(): void {
    for (const [id, given] of this.#source.given) {
      const seed = this.#seeds.get(id) as RowSeed;
      const came = PIPELINES.map((_, at) => this.#lives.reduce((sum, { sinks }) => sum + (sinks[at]?.came.get(id) ?? 0), 0));
      const most = this.#subject.wants(seed) === 'any' ? came.reduce((sum, times) => sum + times, 0) : Math.max(...came);
      if (most > given) this.#problems.push(`row ${id} came ${most} times and was given ${given} times`);
    }
  }
}

const ANY_ROW: RowSeed = { content: 0, variant: 0, severity: 0, timeOffset: 0, origin: 0, isDropped: false };
