import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '#component';
import { EMPTY_ORIGIN, LogBatch, createResource, resourceAttributes, type AttributeValue } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { AnomalyProcessor } from './anomaly.ts';
import type { AnomalyConfig } from './config.ts';

const START_MS = Date.UTC(2026, 0, 30, 12);
const RULE = { name: 'refused', condition: 'IsMatch(body, "refused")', count: 2, within: '1m', type: 'content' } as const;
const DEFAULTS: AnomalyConfig = {
  dry_run: false,
  warm_up: '24h',
  false_alarms_per_day: 0.2,
  novelty_per_day: 3,
  history_days: 14,
  quiet: '10m',
  source_attributes: ['service.name'],
  session_attributes: ['session.id'],
  duration_attributes: ['duration_ms'],
  rules: [RULE],
  sources_max: 10,
  templates_max: 100,
  sessions_max: 100,
  events_max: 10,
  snapshot_interval: '5m',
};

interface Rig {
  readonly processor: AnomalyProcessor;
  readonly sink: LogsSink;
  readonly clock: FakeClock;
  readonly host: TestHost;
}

async function start(config: Partial<AnomalyConfig> = {}, { storage = new MemoryStorage(), sink = new LogsSink() } = {}): Promise<Rig> {
  const clock = new FakeClock(START_MS);
  const processor = new AnomalyProcessor({ ...DEFAULTS, ...config }, { id: 'anomaly' }, sink);
  const host = createTestHost({ clock, storage });
  await processor.start(host);
  return { processor, sink, clock, host };
}

function batchOf(
  bodies: readonly string[],
  atMs: number = START_MS,
  about: Readonly<Record<string, AttributeValue>> = {},
): { batch: LogBatch; outcome: Promise<Outcome> } {
  const batch = new LogBatch();
  const resource = batch.addResource(createResource({ 'service.name': 'bank', ...about }));
  for (const [i, body] of bodies.entries()) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = 9;
    batch.timeMs[row] = atMs + i;
    batch.resourceOf[row] = resource;
  }
  return { batch, outcome: deliver(batch).outcome };
}

/** Notes the resources of events. */
class EventResources extends LogsSink {
  readonly found: unknown[] = [];

  override async consume(batch: LogBatch): Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      if (batch.attribute(row, 'winnow.anomaly.phase') === undefined) continue;
      this.found.push(resourceAttributes(batch.resources[batch.resourceOf[row] as number] ?? EMPTY_ORIGIN));
    }
    await super.consume(batch);
  }
}

const stop = ({ processor }: Rig): Promise<void> => processor.shutdown(new AbortController().signal);
const isEvent = ({ attributes }: SunkRecord): boolean => attributes['winnow.anomaly.phase'] !== undefined;
const events = ({ sink }: Rig): SunkRecord[] => sink.records.filter(isEvent);
const passed = ({ sink }: Rig): SunkRecord[] => sink.records.filter((record) => !isEvent(record));

describe('the anomaly processor', () => {
  test('tags the record that makes an anomaly, and no other', async () => {
    const rig = await start();

    await rig.processor.consume(batchOf(['fine', 'card refused', 'fine', 'card refused']).batch);

    const types = passed(rig).map(({ attributes }) => attributes['winnow.anomaly.type']);
    expect(types).toEqual([undefined, undefined, undefined, 'content']);
    const last = passed(rig)[3]?.attributes;
    expect(last?.['winnow.anomaly.method']).toBe('rule_based');
    expect(last?.['winnow.anomaly.id']).toMatch(/^[0-9a-f]{16}$/);
    await stop(rig);
  });

  test('emits one event with all it knows, and another when the anomaly is over', async () => {
    const rig = await start();

    await rig.processor.consume(batchOf(['card refused', 'card refused', 'card refused']).batch);
    await rig.clock.advance(11 * 60_000);

    expect(events(rig).map(({ attributes }) => attributes['winnow.anomaly.phase'])).toEqual(['opened', 'closed']);
    const { attributes = {}, body } = events(rig)[0] ?? {};
    expect(body).toBe('A record of bank meets the rule "refused": ');
    for (const field of [
      'id',
      'type',
      'method',
      'description',
      'confidence',
      'severity',
      'affected',
      'window',
      'baseline',
      'impact',
      'recommendations',
    ]) {
      expect(attributes, field).toHaveProperty([`winnow.anomaly.${field}`]);
    }
    expect(attributes['winnow.anomaly.affected']).toMatchObject({ records: 2, components: ['bank'] });
    expect(events(rig)[1]?.attributes['winnow.anomaly.affected']).toMatchObject({ records: 3 });
    expect(rig.host.metric('winnow_anomaly_anomalies', { type: 'content', severity: 'low' })).toBe(1);
    expect(rig.host.metric('winnow_processor_created_log_records')).toBe(2);
    await stop(rig);
  });

  test('an event has the resource of its source, also when the anomaly ends after a restart', async () => {
    const storage = new MemoryStorage();
    const sink = new EventResources();
    const about = { 'host.name': 'alpha', 'cloud.zones': ['a', 'b'] };
    const first = await start({}, { storage, sink });
    await first.processor.consume(batchOf(['card refused', 'card refused'], START_MS, about).batch);
    await stop(first);
    const second = await start({}, { storage, sink });
    await second.processor.consume(batchOf(['fine'], START_MS + 11 * 60_000, about).batch);

    expect(events(second).map(({ attributes }) => attributes['winnow.anomaly.phase'])).toEqual(['opened', 'closed']);
    expect(sink.found).toEqual([
      { 'service.name': 'bank', ...about },
      { 'service.name': 'bank', ...about },
    ]);
    await stop(second);
  });

  test('an event about a source on several hosts names what they have in common', async () => {
    const sink = new EventResources();
    const rig = await start({}, { sink });

    await rig.processor.consume(batchOf(['fine'], START_MS, { 'host.name': 'alpha', 'cloud.region': 'north' }).batch);
    await rig.processor.consume(
      batchOf(['card refused', 'card refused'], START_MS, { 'host.name': 'beta', 'cloud.region': 'north' }).batch,
    );

    expect(sink.found).toEqual([{ 'service.name': 'bank', 'cloud.region': 'north' }]);
    await stop(rig);
  });

  test('passes records as they came in a dry run, and says what it would have done', async () => {
    const rig = await start({ dry_run: true });

    await rig.processor.consume(batchOf(['card refused', 'card refused']).batch);

    expect(rig.processor.mutates).toBe(false);
    expect(rig.sink.records.map(({ attributes }) => attributes)).toEqual([{}, {}]);
    expect(rig.host.lines.map(({ message }) => message)).toContain('An anomaly would have been told.');
    await stop(rig);
  });

  test('sends an event again after a restart when nobody had answered for it', async () => {
    const storage = new MemoryStorage();
    const sink = new LogsSink();
    sink.mode = 'keep';
    const first = await start({}, { storage, sink });
    await first.processor.consume(batchOf(['card refused', 'card refused']).batch);
    expect(events(first)).toHaveLength(1);

    // The process dies here: nothing is released, nothing shut down.
    const second = await start({}, { storage });
    await second.processor.consume(batchOf(['fine']).batch);
    expect(events(second)).toHaveLength(1);
    await stop(second);

    const third = await start({}, { storage });
    await third.processor.consume(batchOf(['fine']).batch);
    expect(events(third)).toEqual([]);
    await stop(third);
  });

  test('keeps events while the next component refuses, at most events_max of them', async () => {
    const rules = Array.from({ length: 15 }, (_, i) => ({ ...RULE, name: `r${i}`, count: 1 }));
    const rig = await start({ rules });
    const { batch } = batchOf(['card refused']);
    rig.sink.isRefusing = true;
    await expect(rig.processor.consume(batch)).rejects.toThrow('the test says no');
    expect(rig.host.metric('winnow_anomaly_events_waiting')).toBe(10);
    expect(rig.host.metric('winnow_anomaly_events_dropped')).toBe(5);

    rig.sink.isRefusing = false;
    await rig.processor.consume(batch);
    expect(events(rig)).toHaveLength(10);
    // The batch that was offered twice was judged once.
    expect(passed(rig)).toHaveLength(1);
    await stop(rig);
  });

  test('keeps what it learned over a restart', async () => {
    const storage = new MemoryStorage();
    const first = await start({}, { storage });
    await first.processor.consume(batchOf(['fine', 'fine']).batch);
    await stop(first);

    const second = await start({}, { storage });

    expect(second.host.metric('winnow_anomaly_sources')).toBe(1);
    await stop(second);
  });

  /** Goal: nothing is lost or made up. Method: random batches; the rows that come out are those that went in, each settled once. */
  test('passes each record once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom('fine', 'card refused', '', '\u0000'), { minLength: 1, maxLength: 20 }), { maxLength: 8 }),
        async (batches) => {
          const rig = await start();
          const outcomes: Promise<Outcome>[] = [];
          for (const [i, bodies] of batches.entries()) {
            const { batch, outcome } = batchOf(bodies, START_MS + i * 90_000);
            outcomes.push(outcome);
            await rig.processor.consume(batch);
          }
          await stop(rig);

          expect(passed(rig).map(({ body }) => body)).toEqual(batches.flat());
          for (const [i, outcome] of (await Promise.all(outcomes)).entries()) expect(outcome.durable).toBe(batches[i]?.length);
        },
      ),
      { numRuns: 30 },
    );
  });
});
