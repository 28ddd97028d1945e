import * as fs from 'node:fs';
import type { Consumer, Logger, Processor, ProcessorFactory } from '#component';
import type { LogBatch } from '#model';
import { MetricsRegistry } from '#telemetry';
import { computeBooks, Statuses } from '../../src/pipeline/index.ts';
import { buildGraph, type Graph } from '../../src/pipeline/graph.ts';
import type { GraphPlan, Member } from '../../src/pipeline/plan.ts';
import { createRandom } from '../../src/rehearsal/random.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import type { MemoryStorage } from '../helpers/memory-storage.ts';
import type { WorldSink } from './world-sink.ts';

export type ProcessorMember = Member<ProcessorFactory<never>>;

export interface LifeOptions {
  readonly member: ProcessorMember;
  readonly sink: WorldSink;
  readonly storage: MemoryStorage;
  readonly now: number;
}

/** What became of the rows of one pipeline. */
export type PipelineBook = ReturnType<typeof computeBooks>['pipelines'][number];

/**
 * One processor in the agent's own graph, between a source and a sink, with a clock and a storage that the test owns:
 * from a start until it is stopped or killed.
 */
export class Life {
  readonly clock: FakeClock;
  readonly storage: MemoryStorage;
  readonly sink: WorldSink;
  /** Bugs the component has told the host of, and its log lines at ERROR. */
  readonly complaints: string[] = [];
  readonly #metrics = new MetricsRegistry();
  readonly #graph: Graph;
  #head: Consumer | undefined;

  constructor({ member, sink, storage, now }: LifeOptions) {
    this.clock = new FakeClock(now);
    this.storage = storage;
    this.sink = sink;
    const plan = planOf({ member, sink, storage }, (next) => (this.#head = next));
    const environment = {
      clock: this.clock,
      random: createRandom(now),
      fs,
      log: this.#createLog(),
      metrics: this.#metrics,
      statuses: new Statuses(this.clock),
      storageFor: (component: string) => storage.client(component),
      fatal: (problem: unknown) => void this.complaints.push(`fatal: ${String(problem)}`),
    };
    this.#graph = buildGraph(plan, environment, new AbortController().signal);
  }

  get head(): Consumer {
    if (!this.#head) throw new Error('the graph has no head');
    return this.#head;
  }

  get processor(): Processor {
    const [instance] = this.#graph.between;
    if (!instance || !('consume' in instance.component)) throw new Error('the graph has no processor');
    // It was made by a ProcessorFactory.
    return instance.component as Processor;
  }

  get mayEdit(): boolean {
    return this.processor.mutates || this.sink.mutates;
  }

  async start(): Promise<void> {
    const { exporters, between, receivers } = this.#graph;
    for (const { component, host } of [...exporters, ...between, ...receivers]) await component.start(host);
  }

  /** Stops the processor, time passing meanwhile; says what went wrong. */
  async stop(signal: AbortSignal = new AbortController().signal): Promise<string[]> {
    const state = { isStopped: false, problems: [] as string[] };
    void this.processor.shutdown(signal).then(
      () => (state.isStopped = true),
      (error: unknown) => {
        state.isStopped = true;
        state.problems.push(`shutdown rejects: ${String(error)}`);
      },
    );
    for (let turn = 0; turn < 200 && !state.isStopped; turn++) await this.clock.advance(turn < 100 ? 100 : 10_000);
    return state.isStopped ? state.problems : ['shutdown takes more than 16 minutes of the clock'];
  }

  get book(): PipelineBook {
    const [book] = computeBooks(this.#metrics).pipelines;
    if (!book) throw new Error('the pipeline has no book');
    return book;
  }

  #createLog(): Logger {
    const log: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (message, _facts, problem) =>
        void this.complaints.push(`logged at ERROR: ${message} ${problem instanceof Error ? problem.message : ''}`),
      with: () => log,
    };
    return log;
  }
}

const quiet = { start: async (): Promise<void> => {}, shutdown: async (): Promise<void> => {} };

const FACTS = {
  stability: 'stable',
  summary: 'Of the test.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
} as const;

function planOf({ member, sink, storage }: Omit<LifeOptions, 'now'>, onHead: (head: Consumer) => void): GraphPlan {
  // None of the three reads its configuration.
  const config = {} as never;
  const source = {
    ...FACTS,
    kind: 'receiver',
    type: 'source',
    create: (_config: never, _settings: unknown, next: Consumer) => {
      onHead(next);
      return quiet;
    },
  } as const;
  const exporter = {
    ...FACTS,
    kind: 'exporter',
    type: 'sink',
    create: () => ({ ...quiet, mutates: sink.mutates, consume: (batch: LogBatch) => sink.consume(batch) }),
  } as const;
  const extension = {
    ...FACTS,
    kind: 'extension',
    type: 'file_storage',
    create: () => ({ ...quiet, directory: '/nowhere', client: (component: string) => storage.client(component) }),
  } as const;
  const storages = storageIdsOf(member.config);
  return {
    extensions: new Map(storages.map((id) => [id, { id, factory: extension, config }])),
    receivers: new Map([['source', { id: 'source', factory: source, config }]]),
    processors: new Map([[member.id, member]]),
    exporters: new Map([['sink', { id: 'sink', factory: exporter, config }]]),
    connectors: new Map(),
    service: { extensions: storages, pipelines: [{ id: 'logs', receivers: ['source'], processors: [member.id], exporters: ['sink'] }] },
  };
}

/** The storage extensions a configuration names. */
function storageIdsOf(config: object): string[] {
  const named = 'storage' in config && typeof config.storage === 'string' ? [config.storage] : [];
  return [...new Set(['file_storage', ...named])];
}
