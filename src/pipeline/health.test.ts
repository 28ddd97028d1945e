import { expect, test } from 'vitest';
import { Status, type Connector } from '#component';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { Health } from './health.ts';
import type { GraphPlan } from './plan.ts';
import { Statuses } from './statuses.ts';

/** `logs/in` ends in a connector that feeds `logs/a` and `logs/b`, which have an exporter each. */
const PLAN = {
  connectors: new Map([['c', {}]]),
  service: {
    extensions: [],
    pipelines: [
      { id: 'logs/in', receivers: ['in'], processors: [], exporters: ['c'] },
      { id: 'logs/a', receivers: ['c'], processors: [], exporters: ['x'] },
      { id: 'traces/a', receivers: ['in'], processors: [], exporters: ['x'] },
      { id: 'logs/b', receivers: ['c'], processors: [], exporters: ['y'] },
    ],
  },
} as unknown as GraphPlan;

function create(connector: Partial<Connector>): { readonly health: Health; readonly statuses: Statuses } {
  const statuses = new Statuses(new FakeClock());
  const health = new Health(PLAN, statuses);
  health.add('c', connector as Connector);
  return { health, statuses };
}

test('a pipeline is up until one of its exporters says that it cannot deliver', () => {
  const { health, statuses } = create({});
  expect(health.isUp('logs/a')).toBe(true);

  for (const [status, isUp] of [
    [Status.starting, true],
    [Status.recoverable, false],
    [Status.ok, true],
    [Status.permanent, false],
  ] as const) {
    statuses.set('exporter:x', status);
    expect(health.isUp('logs/a')).toBe(isUp);
  }
  expect(health.isUp('logs/b')).toBe(true);
});

test('an exporter that cannot deliver spans is up for logs', () => {
  const { health, statuses } = create({});

  statuses.setFor('exporter:x', 'traces', { status: Status.permanent, message: '404' });
  expect(statuses.get('exporter:x')).toMatchObject({ status: Status.permanent, message: '404' });
  expect([health.isUp('logs/a'), health.isUp('traces/a')]).toEqual([true, false]);

  statuses.setFor('exporter:x', 'logs', { status: Status.recoverable, message: '503' });
  statuses.setFor('exporter:x', 'traces', { status: Status.ok, message: undefined });
  expect(statuses.get('exporter:x')).toMatchObject({ status: Status.recoverable, message: '503' });
  expect([health.isUp('logs/a'), health.isUp('traces/a')]).toEqual([false, true]);
});

test('of a connector that does not say, all that it feeds have to be up', () => {
  const { health, statuses } = create({});
  expect(health.isUp('logs/in')).toBe(true);

  statuses.set('exporter:y', Status.recoverable);

  expect(health.isUp('logs/in')).toBe(false);
});

test('a connector that knows is believed', () => {
  const { health, statuses } = create({ isUp: true });
  statuses.set('exporter:y', Status.recoverable);

  expect(health.isUp('logs/in')).toBe(true);
  expect(create({ isUp: false }).health.isUp('logs/in')).toBe(false);
});
