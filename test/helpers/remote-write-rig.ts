import type { RemoteWriteConfig } from '../../exporters/prometheus_remote_write/config.ts';
import { factory } from '../../exporters/prometheus_remote_write/index.ts';
import { startExporterOf, type ExporterRig } from './exporter-rig.ts';
import { FakeClock, settleMicrotasks } from './fake-clock.ts';
import { batchOf, type RecordSpec } from './prometheus-rig.ts';
import { RemoteWriteSink } from './remote-write-sink.ts';
import type { TestHostOptions } from './test-host.ts';

export interface RemoteWriteRig extends ExporterRig {
  readonly sink: RemoteWriteSink;
  readonly clock: FakeClock;
  count(this: void, ...records: readonly RecordSpec[]): Promise<void>;
  /** Lets an interval pass and waits until nothing is held any more. */
  push(this: void): Promise<void>;
  /** Waits until nothing is held any more. */
  sent(this: void): Promise<void>;
}

export const INTERVAL_MS = 15_000;

/** A running exporter before a sink of its own, that keeps nothing but what `given` asks for. */
export async function startRemoteWrite(given: object = {}, options: TestHostOptions = {}): Promise<RemoteWriteRig> {
  const sink = new RemoteWriteSink();
  await sink.start();
  const clock = options.clock instanceof FakeClock ? options.clock : new FakeClock();
  // No timeout: the clock of a test does not know how long a socket takes.
  const quiet = {
    endpoint: sink.url,
    timeout: '0s',
    built_in: [],
    target_info: { enabled: false },
    external_labels: { job: 'j', instance: 'i' },
  };
  const rig = await startExporterOf<RemoteWriteConfig>(factory, { ...quiet, ...given }, { ...options, clock });
  const sent = (): Promise<void> => until(() => rig.host.metric('winnow_exporter_prometheus_held_samples') === 0);
  return {
    ...rig,
    sink,
    clock,
    sent,
    count: (...records) => rig.exporter.consume(batchOf(records)),
    push: async () => {
      await clock.advance(INTERVAL_MS);
      await sent();
    },
  };
}

/** Waits for what goes through a socket. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000 && !isTrue(); turn++) await settleMicrotasks();
  if (!isTrue()) throw new Error('what the test waits for has not come true');
}
