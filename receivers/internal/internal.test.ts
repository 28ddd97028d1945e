import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import type { Host, OwnRecord } from '#component';
import { createLogs, OwnRecordBus } from '#telemetry';
import { loadConfig } from '../../src/config/index.ts';
import { Service, Statuses } from '../../src/pipeline/index.ts';
import { MetricsRegistry } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { InternalConfig } from './config.ts';
import { factory } from './index.ts';

const validate = new Ajv({ useDefaults: true, strict: false }).compile<InternalConfig>(factory.schema);

async function start(given: object = {}) {
  const config: unknown = { ...given };
  if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
  const clock = new FakeClock();
  const sink = new LogsSink();
  const bus = new OwnRecordBus({ 'service.name': 'winnow' });
  const own: TestHost = createTestHost({ clock });
  const host: Host = { ...own, ownRecords: bus };
  const receiver = factory.create(config, { id: 'internal' }, sink);
  await receiver.start(host);
  return { receiver, clock, sink, bus, host: own };
}

const line = (body: string, more: Partial<OwnRecord> = {}): OwnRecord => ({
  kind: 'log',
  timeMs: 1000,
  severity: 13,
  severityText: 'WARN',
  eventName: '',
  body,
  attributes: { held: 7 },
  ...more,
});

test('lines become records, together, after a moment', async () => {
  const { sink, bus, clock } = await start({ attributes: { team: 'a' } });

  bus.publish(line('Queue is full.'));
  bus.publish(line('An anomaly.', { kind: 'event', eventName: 'winnow.anomaly', attributes: { 'winnow.anomaly.score': 0.5 } }));
  expect(sink.batches).toBe(0);
  await clock.advance(200);

  expect(sink.batches).toBe(1);
  expect(sink.records).toMatchObject([
    { body: 'Queue is full.', severity: 13, severityText: 'WARN', timeMs: 1000, attributes: { held: 7, team: 'a' } },
    { body: 'An anomaly.', attributes: { 'winnow.anomaly.score': 0.5, team: 'a' } },
  ]);
});

test('takes what is asked for: by level, and by kind', async () => {
  const { sink, bus, clock } = await start({ level: 'error', anomalies: false });

  bus.publish(line('a warning'));
  bus.publish(line('an error', { severity: 17 }));
  bus.publish(line('an event', { kind: 'event', severity: 21 }));
  await clock.advance(200);

  expect(sink.bodies).toEqual(['an error']);
});

test('holds nobody up: while the pipeline refuses, as many wait as may, and the others are counted', async () => {
  const { sink, bus, clock, host, receiver } = await start({ max_records: 3 });
  sink.isRefusing = true;
  bus.publish(line('0'));
  await clock.advance(300);

  for (let i = 1; i <= 5; i++) bus.publish(line(String(i)));
  sink.isRefusing = false;
  await clock.advance(2000);

  expect(sink.bodies).toEqual(['0', '1', '2', '3']);
  expect(host.metric('winnow_internal_dropped_log_records')).toBe(2);
  sink.mode = 'abandon';
  bus.publish(line('6'));
  await receiver.shutdown(new AbortController().signal);
  expect(host.metric('winnow_internal_lost_log_records')).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

/** Goal: no circle. A pipeline that makes noise about each of its own lines still hears only of the others. */
test('what its own pipelines say is left out, also behind a connector; what others say is not', async () => {
  const clock = new FakeClock();
  const sink = new LogsSink();
  const settings = {
    level: 'info',
    outputs: [],
    initialFields: {},
    encoding: 'json',
    hasColors: false,
    hasStacks: false,
    otlp: [],
  } as const;
  const logs = await createLogs({ settings: { ...settings, repeats: { windowMs: 0, shownMax: 1 } }, resource: {}, clock });
  const hosts = new Map<string, Host>();
  const end = (id: string) => ({
    start: async (host: Host) => void hosts.set(id, host),
    shutdown: async () => {},
    mutates: false,
    consume: async (batch: Parameters<LogsSink['consume']>[0]) => {
      if (id === 'debug/own') await sink.consume(batch);
      else batch.settleDurable();
      // A circle would never end.
      if (sink.batches < 10) hosts.get(id)?.log.info('I have something to say.', { said: id });
    },
  });
  const { registry } = await import('../../src/registry.ts');
  const text = `
receivers: { internal: , stdin: { on_end: wait } }
connectors: { forward: }
exporters: { debug/own: , debug/other: }
service:
  pipelines:
    logs/first: { receivers: [internal], exporters: [forward] }
    logs/second: { receivers: [forward], exporters: [debug/own] }
    logs/other: { receivers: [stdin], exporters: [debug/other] }
`;
  const config = await loadConfig({ sources: [`yaml:${text}`], env: {}, cwd: '/', registry });
  const exporters = new Map(
    [...config.exporters].map(([id, member]) => [id, { ...member, factory: { ...member.factory, create: () => end(id) } }]),
  );
  const receivers = new Map([...config.receivers].filter(([id]) => id === 'internal'));
  receivers.set('stdin', { ...receivers.get('internal'), factory: { ...factory, create: () => end('stdin') } } as never);
  const plain = createTestHost({ clock });
  const service = new Service(
    { ...config, receivers, exporters },
    {
      clock,
      random: () => 0.5,
      fs: plain.fs,
      log: logs.log,
      ownRecords: logs.records,
      metrics: new MetricsRegistry(),
      statuses: new Statuses(clock),
      fatal: (problem) => expect.fail(String(problem)),
      openStorage: async () => ({ directory: '/', client: () => plain.storage, close: async () => {} }),
      shutdownTimeoutMs: 1000,
    },
  );
  await service.start();

  hosts.get('debug/other')?.log.warn('Somebody else has trouble.', { held: 3 });
  hosts.get('debug/own')?.log.error('The exporter of the own pipeline has trouble.');
  for (const [id, host] of hosts) host.ownRecords?.publish(line(`An event of ${id}.`, { kind: 'event' }));
  for (let i = 0; i < 20; i++) await clock.advance(200);

  expect(sink.records.map(({ body, attributes }) => [body, attributes['component']])).toEqual([
    ['Somebody else has trouble.', 'debug/other'],
    ['An event of debug/other.', undefined],
    ['An event of stdin.', undefined],
  ]);
  await service.stop();
});
