import * as fs from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import {
  ConfigError,
  RefusedError,
  type Consumer,
  type Exporter,
  type Extension,
  type Factory,
  type Host,
  type Processor,
  type Receiver,
} from '#component';
import { LogBatch, ValueType } from '#model';
import { MetricsRegistry } from '#telemetry';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { computeBooks } from './books.ts';
import type { GraphPlan, Member, PipelinePlan } from './plan.ts';
import { Service, StartError } from './service.ts';
import { Statuses } from './statuses.ts';

// A rig of components that write what happens to them into one list.

let events: string[] = [];
beforeEach(() => (events = []));

class Recorded {
  readonly name: string;
  host: Host | undefined;
  startProblem: Error | undefined;
  shutdownWaitsFor: 'nothing' | 'deadline' | 'ever' = 'nothing';

  constructor(name: string) {
    this.name = name;
  }

  async start(host: Host): Promise<void> {
    events.push(`start ${this.name}`);
    if (this.startProblem) throw this.startProblem;
    this.host = host;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    events.push(`stop ${this.name}`);
    if (this.shutdownWaitsFor === 'ever') await new Promise(() => {});
    if (this.shutdownWaitsFor === 'deadline' && !signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
    events.push(`${signal.aborted ? 'cut' : 'stopped'} ${this.name}`);
  }
}

class TestReceiver extends Recorded implements Receiver {
  next: Consumer | undefined;

  async send(...bodies: string[]): Promise<void> {
    const batch = new LogBatch();
    for (const body of bodies) batch.setBody(batch.addRow(ValueType.none, 0, 0), body);
    deliver(batch);
    await this.next?.consume(batch);
  }
}

class TestProcessor extends Recorded implements Processor {
  readonly mutates: boolean;
  readonly #next: Consumer;

  constructor(name: string, next: Consumer, mutates: boolean) {
    super(name);
    this.#next = next;
    this.mutates = mutates;
  }

  /** Drops rows that say `drop`, and marks the others when it may. */
  async consume(batch: LogBatch): Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || !this.mutates) continue;
      if (batch.bodyText(row) === 'drop') {
        batch.drop(row, 'test');
        this.host?.metrics.counter('winnow_processor_dropped_log_records', '', { reason: 'test' }).add(1);
      } else batch.setBody(row, `${batch.bodyText(row)}+${this.name}`);
    }
    await this.#next.consume(batch);
  }
}

class TestExporter extends Recorded implements Exporter {
  readonly mutates = false;
  readonly sink: LogsSink = new LogsSink();

  async consume(batch: LogBatch): Promise<void> {
    const rows = batch.liveRows;
    await this.sink.consume(batch);
    this.host?.metrics.counter('otelcol_exporter_sent_log_records', '').add(rows);
  }
}

interface Rig {
  readonly receivers: Record<string, TestReceiver>;
  readonly exporters: Record<string, TestExporter>;
  readonly plan: GraphPlan;
}

const base = { stability: 'stable', summary: '', schema: { type: 'object', additionalProperties: false, properties: {} } } as const;
const NO_CONFIG = {} as never;

function member<F extends Factory>(id: string, factory: F): [string, Member<F>] {
  return [id, { id, factory, config: NO_CONFIG }];
}

/** Names in lower case: processors that begin with `edit` mutate. */
function rig(pipelines: readonly PipelinePlan[], extensions: readonly Extension[] = []): Rig {
  const ids = (lane: 'receivers' | 'processors' | 'exporters'): string[] => [...new Set(pipelines.flatMap((pipeline) => pipeline[lane]))];
  const receivers = Object.fromEntries(ids('receivers').map((id) => [id, new TestReceiver(id)]));
  const exporters = Object.fromEntries(ids('exporters').map((id) => [id, new TestExporter(id)]));
  const named = extensions.map((extension, i) => [`extension_${i}`, extension] as const);
  return {
    receivers,
    exporters,
    plan: {
      receivers: new Map(
        Object.entries(receivers).map(([id, receiver]) =>
          member(id, { ...base, kind: 'receiver', type: id, create: (_config, _settings, next) => Object.assign(receiver, { next }) }),
        ),
      ),
      processors: new Map(
        ids('processors').map((id) =>
          member(id, {
            ...base,
            kind: 'processor',
            type: id,
            create: (_config, { pipeline }, next) => new TestProcessor(`${id}@${pipeline}`, next, id.startsWith('edit')),
          }),
        ),
      ),
      exporters: new Map(
        Object.entries(exporters).map(([id, exporter]) => member(id, { ...base, kind: 'exporter', type: id, create: () => exporter })),
      ),
      connectors: new Map(),
      extensions: new Map(named.map(([id, extension]) => member(id, { ...base, kind: 'extension', type: id, create: () => extension }))),
      service: { extensions: named.map(([id]) => id), pipelines },
    },
  };
}

function serviceOf({ plan }: Rig) {
  const clock = new FakeClock();
  const { log, lines } = createTestHost();
  const metrics = new MetricsRegistry();
  const statuses = new Statuses(clock);
  const storage = new MemoryStorage();
  const fatals: unknown[] = [];
  const service = new Service(plan, {
    clock,
    random: () => 0,
    fs,
    log,
    metrics,
    statuses,
    fatal: (problem) => void fatals.push(problem),
    openStorage: async () => {
      events.push('open storage');
      return {
        directory: '/state',
        client: (component) => storage.client(component),
        close: async () => void events.push('close storage'),
      };
    },
    onDrained: async () => void events.push('drained'),
    shutdownTimeoutMs: 25_000,
  });
  return { service, clock, lines, metrics, statuses, fatals };
}

const pipeline = (id: string, receivers: string[], processors: string[], exporters: string[]): PipelinePlan => ({
  id,
  receivers,
  processors,
  exporters,
});

test('starts what is downstream first and stops what is upstream first', async () => {
  const { service } = serviceOf(rig([pipeline('logs', ['in'], ['first', 'second'], ['out'])], [new Recorded('health')]));

  await service.start();
  expect(events.splice(0)).toEqual(['open storage', 'start health', 'start out', 'start second@logs', 'start first@logs', 'start in']);
  expect(service.isReady).toBe(true);

  await service.stop();
  await service.stop();
  expect(events.filter((event) => !event.startsWith('stopped'))).toEqual([
    'stop in',
    'stop first@logs',
    'stop second@logs',
    'stop out',
    'drained',
    'stop health',
    'close storage',
  ]);
});

test('one receiver and one exporter serve all pipelines that name them; each pipeline has its own processors', async () => {
  const graph = rig([pipeline('logs/a', ['in'], ['edit'], ['out', 'audit']), pipeline('logs/b', ['in', 'other'], [], ['out'])]);
  const { service, metrics } = serviceOf(graph);
  await service.start();

  await graph.receivers['in']?.send('x', 'drop');
  await graph.receivers['other']?.send('y');

  expect(graph.exporters['out']?.sink.bodies.toSorted()).toEqual(['drop', 'x', 'x+edit@logs/a', 'y']);
  expect(graph.exporters['audit']?.sink.bodies).toEqual(['x+edit@logs/a']);
  const counted = (name: string): Record<string, number> =>
    Object.fromEntries(metrics.samples(name).map(({ labels, value }) => [Object.values(labels).join(' '), value]));
  expect(counted('otelcol_receiver_accepted_log_records')).toEqual({ 'in ': 2, 'other ': 1 });
  expect(counted('winnow_pipeline_accepted_log_records')).toEqual({ 'logs/a': 2, 'logs/b': 3 });
  expect(counted('otelcol_processor_incoming_items')).toEqual({ 'edit logs/a logs': 2 });
  expect(counted('otelcol_processor_outgoing_items')).toEqual({ 'edit logs/a logs': 1 });
});

test('a processor that edits behind one that only reads does not edit the batch of another pipeline', async () => {
  const graph = rig([pipeline('logs/a', ['in'], ['reader', 'edit'], ['a']), pipeline('logs/b', ['in'], [], ['b'])]);
  await serviceOf(graph).service.start();

  await graph.receivers['in']?.send('x');

  expect([graph.exporters['a']?.sink.bodies, graph.exporters['b']?.sink.bodies]).toEqual([['x+edit@logs/a'], ['x']]);
});

test('the books of pipelines and exporters balance', async () => {
  const graph = rig([pipeline('logs', ['in'], ['edit'], ['out'])]);
  const { service, metrics } = serviceOf(graph);
  await service.start();

  await graph.receivers['in']?.send('x', 'drop', 'y');

  const { receivers, pipelines, exporters } = computeBooks(metrics);
  expect(receivers).toEqual([{ receiver: 'in', accepted: 3, refused: 0 }]);
  expect(pipelines).toMatchObject([{ pipeline: 'logs', accepted: 3, passed: 2, dropped: { test: 1 }, difference: 0 }]);
  expect(exporters).toMatchObject([{ exporter: 'out', accepted: 2, sent: 2, difference: 0 }]);
});

test('a refusal reaches the receiver and is counted there', async () => {
  const graph = rig([pipeline('logs', ['in'], ['reader'], ['out'])]);
  const { service, metrics } = serviceOf(graph);
  await service.start();
  const { in: receiver, out } = { ...graph.receivers, ...graph.exporters } as { in: TestReceiver; out: TestExporter };
  out.sink.isRefusing = true;

  await expect(receiver.send('x', 'y')).rejects.toThrow(RefusedError);

  expect(computeBooks(metrics).receivers).toEqual([{ receiver: 'in', accepted: 0, refused: 2 }]);
});

test('a component that cannot start stops what had started, and is named', async () => {
  const graph = rig([pipeline('logs', ['in'], ['first'], ['out', 'broken'])]);
  const broken = graph.exporters['broken'] as TestExporter;
  broken.startProblem = new Error('port 4317 is taken');
  const { service, statuses } = serviceOf(graph);

  await expect(service.start()).rejects.toThrow(new StartError('exporter:broken', broken.startProblem));

  expect(events.filter((event) => !event.startsWith('stopped'))).toEqual([
    'open storage',
    'start out',
    'start broken',
    'stop out',
    'stop broken',
    'drained',
    'close storage',
  ]);
  expect(statuses.get('exporter:broken')).toMatchObject({ status: 'permanent', message: 'port 4317 is taken' });
});

test('a wrong configuration that shows only at start stays a ConfigError', async () => {
  const graph = rig([pipeline('logs', ['in'], [], ['out'])]);
  const problem = new ConfigError([{ path: 'exporters.out', message: 'no such file' }]);
  (graph.exporters['out'] as TestExporter).startProblem = problem;

  await expect(serviceOf(graph).service.start()).rejects.toBe(problem);
});

test('at the deadline the signal cuts what still waits, and the rest is stopped as well', async () => {
  const graph = rig([pipeline('logs', ['in'], [], ['out'])]);
  (graph.exporters['out'] as TestExporter).shutdownWaitsFor = 'deadline';
  const { service, clock, lines } = serviceOf(graph);
  await service.start();

  const stopped = service.stop();
  await clock.advance(24_999);
  expect(events.at(-1)).toBe('stop out');
  await clock.advance(1);
  await stopped;

  expect(events.slice(-3)).toEqual(['cut out', 'drained', 'close storage']);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', facts: { timeout_ms: 25_000 } });
});

test('a component that never stops is left behind after the deadline', async () => {
  const graph = rig([pipeline('logs', ['in'], [], ['out'])]);
  (graph.receivers['in'] as TestReceiver).shutdownWaitsFor = 'ever';
  const { service, clock, lines } = serviceOf(graph);
  await service.start();

  const stopped = service.stop();
  await clock.advance(27_000);
  await stopped;

  expect(events.at(-1)).toBe('close storage');
  expect(lines).toContainEqual(expect.objectContaining({ level: 'error', message: expect.stringContaining('left behind') }));
});

test('a storage extension takes the place of the default storage and starts before the others', async () => {
  const storage = new MemoryStorage();
  const extension = Object.assign(new Recorded('store'), {
    directory: '/var/lib/winnow',
    client: (component: string) => storage.client(component),
  });
  const graph = rig([pipeline('logs', ['in'], [], ['out'])], [new Recorded('health'), extension]);
  const { service } = serviceOf(graph);

  await service.start();

  expect(events.slice(0, 2)).toEqual(['start store', 'start health']);
  expect(service.storageDirectory).toBe('/var/lib/winnow');
  const { host } = graph.exporters['out'] as TestExporter;
  expect(host?.storageOf('extension_1').list()).toEqual([]);
  expect(() => host?.storageOf('extension_9')).toThrow(
    'storage "extension_9" is not listed in service.extensions; listed: extension_0, extension_1',
  );
  expect(() => host?.storageOf('extension_0')).toThrow(ConfigError);
  await service.stop();
  expect(events.slice(-2)).toEqual(['stop store', 'stopped store']);
});

test('what a component says of itself is shown until it changes', async () => {
  const graph = rig([pipeline('logs', ['in'], [], ['out'])]);
  const { service, clock, statuses, fatals } = serviceOf(graph);
  expect(statuses.get('exporter:out')?.status).toBe('starting');
  await service.start();
  expect(statuses.get('exporter:out')).toMatchObject({ status: 'ok', message: undefined });
  const { host } = graph.exporters['out'] as TestExporter;

  await clock.advance(1000);
  host?.report('recoverable', 'the backend does not answer');
  const since = clock.now();
  await clock.advance(1000);
  host?.report('recoverable', 'the backend answers 503');
  expect(statuses.get('exporter:out')).toEqual({ status: 'recoverable', message: 'the backend answers 503', since });

  host?.fatal(new Error('bug'));
  expect(fatals).toEqual([new Error('bug')]);
  await service.stop();
  await settleMicrotasks();
  expect(statuses.get('exporter:out')?.status).toBe('stopped');
});

test('gauges end with their component, counters stay', async () => {
  const graph = rig([pipeline('logs', ['in'], [], ['out'])]);
  const { service, metrics } = serviceOf(graph);
  await service.start();
  const { host } = graph.exporters['out'] as TestExporter;
  host?.metrics.gauge('queue_size', '', () => 7);
  host?.metrics.counter('sent', '').add(3);

  expect(metrics.samples('queue_size')).toEqual([{ name: 'queue_size', labels: { exporter: 'out' }, value: 7 }]);
  await service.stop();

  expect(metrics.samples('queue_size')).toEqual([]);
  expect(metrics.samples('sent')).toMatchObject([{ value: 3 }]);
});
