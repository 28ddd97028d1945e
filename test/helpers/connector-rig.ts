import * as fs from 'node:fs';
import {
  RefusedError,
  type ConnectorFactory,
  type Consumer,
  type Exporter,
  type Host,
  type Outcome,
  type ProcessorFactory,
  type StatusName,
} from '#component';
import { createResource, LogBatch, ValueType, type AttributeValue, type Origin } from '#model';
import { MetricsRegistry } from '#telemetry';
import { nodeOf } from '../../src/config/node.ts';
import { createFixedSource } from '../../src/config/place.ts';
import { Report } from '../../src/config/report.ts';
import { Validator } from '../../src/config/validate.ts';
import { computeBooks, Statuses } from '../../src/pipeline/index.ts';
import { buildGraph, type Graph } from '../../src/pipeline/graph.ts';
import type { Environment } from '../../src/pipeline/host.ts';
import type { GraphPlan, PipelinePlan } from '../../src/pipeline/plan.ts';
import { FakeClock } from './fake-clock.ts';
import { deliver, LogsSink } from './logs-sink.ts';
import { MemoryStorage } from './memory-storage.ts';
import { createTestHost } from './test-host.ts';

/** The end of a pipeline behind a connector. */
export class RigExporter extends LogsSink implements Exporter {
  override readonly mutates: false;
  #host: Host | undefined;
  #opened: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(mutates: boolean) {
    super();
    // LogsSink says false as a type; whether a batch may be edited here is part of what is tested.
    this.mutates = mutates as false;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
  }

  async shutdown(): Promise<void> {}

  override async consume(batch: LogBatch): Promise<void> {
    while (this.#closed) await this.#closed;
    const rows = batch.liveRows;
    await super.consume(batch);
    this.#host?.metrics.counter('otelcol_exporter_sent_log_records', '').add(rows);
    if (this.mutates) for (let row = 0; row < batch.length; row++) batch.setBody(row, 'edited');
  }

  report(status: StatusName): void {
    this.#host?.report(status, 'the test says so');
  }

  /** From now on `consume` does not answer. */
  block(): void {
    this.#closed ??= new Promise((resolve) => (this.#opened = resolve));
  }

  unblock(): void {
    this.#closed = undefined;
    this.#opened?.();
  }
}

export interface Given {
  readonly outcome: Promise<Outcome>;
  /** Undefined until `consume` has answered. */
  answer: 'taken' | 'refused' | undefined;
  readonly answered: Promise<void>;
  readonly batch: LogBatch;
}

export interface RigRecord {
  readonly body: string;
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly resource?: Readonly<Record<string, AttributeValue>>;
}

const quiet = { start: async (): Promise<void> => {}, shutdown: async (): Promise<void> => {} };
const facts = { stability: 'stable', summary: '', schema: { type: 'object', additionalProperties: false, properties: {} } } as const;
const none = {} as never;

const resources = new Map<string, Origin>();

/** Equal resources are one object, as receivers have it. */
function resourceOf(attributes: Readonly<Record<string, AttributeValue>>): Origin {
  const id = JSON.stringify(attributes);
  const known = resources.get(id) ?? createResource(attributes);
  resources.set(id, known);
  return known;
}

/** One connector in the agent's own graph: a pipeline that ends in it, and some that begin with it. */
export class ConnectorRig {
  readonly clock: FakeClock = new FakeClock();
  readonly sinks: Readonly<Record<string, RigExporter>>;
  readonly metrics: MetricsRegistry = new MetricsRegistry();
  readonly statuses: Statuses = new Statuses(this.clock);
  readonly lines: ReturnType<typeof createTestHost>['lines'];
  readonly fatals: unknown[] = [];
  readonly deadline: AbortController = new AbortController();
  readonly graph: Graph;
  #head: Consumer | undefined;

  /** `pipelines` are those behind the connector; those whose name ends in `edits` have an exporter that edits. */
  constructor(factory: ConnectorFactory<never>, config: object, pipelines: readonly string[]) {
    this.sinks = Object.fromEntries(pipelines.map((id) => [id, new RigExporter(id.endsWith('edits'))]));
    const { log, lines } = createTestHost();
    this.lines = lines;
    const storage = new MemoryStorage();
    this.graph = buildConnectorGraph({
      factory,
      config,
      exporters: this.sinks,
      environment: {
        clock: this.clock,
        random: () => 0,
        fs,
        log,
        metrics: this.metrics,
        statuses: this.statuses,
        storageFor: (component) => storage.client(component),
        fatal: (problem) => void this.fatals.push(problem),
      },
      deadline: this.deadline.signal,
      onHead: (head) => (this.#head = head),
    });
  }

  async start(): Promise<this> {
    const { exporters, between, receivers } = this.graph;
    for (const { component, host } of [...exporters, ...between, ...receivers]) await component.start(host);
    return this;
  }

  async stop(signal: AbortSignal = new AbortController().signal): Promise<void> {
    for (const { component } of this.graph.between.toReversed()) await component.shutdown(signal);
  }

  /** Gives records in one batch, does not wait, and overwrites the bytes when they were taken. */
  give(...records: readonly (RigRecord | string)[]): Given {
    const batch = new LogBatch();
    const bodies = records.map((record) => Buffer.from(typeof record === 'string' ? record : record.body));
    const bytes = Buffer.concat(bodies);
    batch.reset(bytes);
    let start = 0;
    for (const [i, record] of records.entries()) {
      const row = batch.addRow(ValueType.string, start, bodies[i]?.length ?? 0);
      start += bodies[i]?.length ?? 0;
      if (typeof record === 'string') continue;
      batch.severity[row] = record.severity ?? 0;
      for (const [key, value] of Object.entries(record.attributes ?? {})) batch.setAttribute(row, key, value);
      if (record.resource) batch.resourceOf[row] = batch.addResource(resourceOf(record.resource));
    }
    return this.offer(batch, bytes);
  }

  offer(batch: LogBatch, bytes: Buffer = Buffer.alloc(0)): Given {
    const { outcome } = deliver(batch);
    if (!this.#head) throw new Error('the rig has no head');
    const given: Given = {
      outcome,
      answer: undefined,
      answered: this.#offer(this.#head, batch, (answer) => (given.answer = answer)),
      batch,
    };
    void given.answered.then(() => {
      if (given.answer !== 'taken') return;
      bytes.fill('X');
      batch.reset(Buffer.alloc(0));
    });
    return given;
  }

  get books(): ReturnType<typeof computeBooks> {
    return computeBooks(this.metrics);
  }

  bodies(pipeline: string): AttributeValue[] {
    return this.sinks[pipeline]?.bodies ?? [];
  }

  async #offer(head: Consumer, batch: LogBatch, tell: (answer: Given['answer']) => void): Promise<void> {
    try {
      await head.consume(batch);
      tell('taken');
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      tell('refused');
    }
  }
}

export interface ConnectorGraphOptions {
  readonly factory: ConnectorFactory<never>;
  readonly config: object;
  /** The exporters of the pipelines behind the connector, by pipeline. */
  readonly exporters: Readonly<Record<string, Exporter>>;
  readonly processors?: readonly { readonly pipeline: string; readonly factory: ProcessorFactory<never> }[];
  readonly environment: Environment;
  readonly deadline: AbortSignal;
  readonly onHead: (head: Consumer) => void;
}

/** Pipeline `logs` ends in `connector`, and the others begin with it. */
export function buildConnectorGraph(options: ConnectorGraphOptions): Graph {
  const { factory, config, exporters, processors = [], environment, deadline, onHead } = options;
  const created = Object.entries(exporters).map(([id, exporter]) => {
    const made = { ...facts, kind: 'exporter', type: id, create: () => exporter } as const;
    return [id, { id, factory: made, config: none }] as const;
  });
  const receiver = {
    ...facts,
    kind: 'receiver',
    type: 'in',
    create: (_config: never, _settings: unknown, next: Consumer) => (onHead(next), quiet),
  } as const;
  const behind: PipelinePlan[] = Object.keys(exporters).map((id) => ({
    id,
    receivers: ['connector'],
    processors: processors.filter(({ pipeline }) => pipeline === id).map(({ factory: own }) => own.type),
    exporters: [id],
  }));
  const plan: GraphPlan = {
    extensions: new Map(),
    receivers: new Map([['in', { id: 'in', factory: receiver, config: none }]]),
    processors: new Map(processors.map(({ factory: own }) => [own.type, { id: own.type, factory: own, config: none }])),
    exporters: new Map(created),
    connectors: new Map([['connector', { id: 'connector', factory, config: validated(factory, config) }]]),
    service: { extensions: [], pipelines: [{ id: 'logs', receivers: ['in'], processors: [], exporters: ['connector'] }, ...behind] },
  };
  return buildGraph(plan, environment, deadline);
}

function validated(factory: ConnectorFactory<never>, config: object): never {
  const report = new Report();
  const value = new Validator(report).check(factory.schema, nodeOf(config, { source: createFixedSource('', 0), offset: 0 }), '');
  report.throwIfAny();
  // It has just passed the factory's own schema.
  return value as never;
}
