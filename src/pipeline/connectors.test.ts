import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import type { Component, Consumer, ExporterFactory, ProcessorFactory, ReceiverFactory } from '#component';
import { MetricsRegistry } from '#telemetry';
import { factory as forward } from '../../connectors/forward/index.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { ConnectorRig } from '../../test/helpers/connector-rig.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { buildGraph, type Graph } from './graph.ts';
import { nameOf } from './host.ts';
import type { PipelinePlan } from './plan.ts';
import { Statuses } from './statuses.ts';

const none = {} as never;
const base = { stability: 'stable', summary: '', schema: { type: 'object', additionalProperties: false, properties: {} } } as const;
const quiet: Component = { start: async () => {}, shutdown: async () => {} };
const passOn = (next: Consumer): Component & Consumer => ({
  ...quiet,
  mutates: next.mutates,
  consume: (batch) => next.consume(batch),
});

/** Pipelines as `receivers > processors > exporters`; names that begin with `c` are forward connectors. */
function graphOf(pipelines: Readonly<Record<string, string>>): Graph {
  const plans: PipelinePlan[] = Object.entries(pipelines).map(([id, text]) => {
    const [receivers = [], processors = [], exporters = []] = text.split('>').map((list) => list.trim().split(/ +/).filter(Boolean));
    return { id, receivers, processors, exporters };
  });
  const named = (lane: 'receivers' | 'processors' | 'exporters'): string[] => [...new Set(plans.flatMap((plan) => plan[lane]))];
  const members = <F>(ids: readonly string[], factory: F): Map<string, { id: string; factory: F; config: never }> =>
    new Map(ids.map((id) => [id, { id, factory, config: none }]));
  const receiver: ReceiverFactory<never> = { ...base, kind: 'receiver', type: 'in', create: () => quiet };
  const processor: ProcessorFactory<never> = { ...base, kind: 'processor', type: 'p', create: (_config, _settings, next) => passOn(next) };
  const exporter: ExporterFactory<never> = {
    ...base,
    kind: 'exporter',
    type: 'out',
    create: () => ({ ...quiet, mutates: false, consume: async (batch) => batch.settleDurable() }),
  };
  const isConnector = (id: string): boolean => id.startsWith('c');
  const clock = new FakeClock();
  const storage = new MemoryStorage();
  return buildGraph(
    {
      extensions: new Map(),
      receivers: members(
        named('receivers').filter((id) => !isConnector(id)),
        receiver,
      ),
      processors: members(named('processors'), processor),
      exporters: members(
        named('exporters').filter((id) => !isConnector(id)),
        exporter,
      ),
      connectors: members(named('exporters').filter(isConnector), forward),
      service: { extensions: [], pipelines: plans },
    },
    {
      clock,
      random: () => 0,
      fs,
      log: createTestHost().log,
      metrics: new MetricsRegistry(),
      statuses: new Statuses(clock),
      storageFor: (component) => storage.client(component),
      fatal: () => {},
    },
    new AbortController().signal,
  );
}

test('what is behind a connector starts before it, what is before it later, in whatever order the pipelines are written', () => {
  const graph = graphOf({
    logs: 'in > first > c1 out1',
    'logs/end': 'c2 > last > out2',
    'logs/middle': 'c1 > mid > c2 out1',
  });

  expect(graph.between.map(({ identity }) => nameOf(identity))).toEqual([
    'processor:last@logs/end',
    'connector:c2',
    'processor:mid@logs/middle',
    'connector:c1',
    'processor:first@logs',
  ]);
  expect(graph.exporters.map(({ identity }) => identity.id)).toEqual(['out1', 'out2']);
  expect(graph.receivers.map(({ identity }) => identity.id)).toEqual(['in']);
});

test('one may look at what goes into a connector and at what comes out', async () => {
  const rig = await new ConnectorRig(forward, {}, ['logs/a']).start();
  const seen: string[] = [];
  for (const side of ['before', 'after'] as const) {
    rig.graph.tapPoints.watch('connector', side, { show: (batch) => void seen.push(`${side} ${batch.liveRows}`), failed: () => {} });
  }

  await rig.give('x', 'y').answered;

  expect(seen).toEqual(['before 2', 'after 2']);
});
