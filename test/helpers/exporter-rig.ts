import type { Exporter, ExporterFactory, Outcome } from '#component';
import type { LogBatch } from '#model';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { validate } from '../contract/subject.ts';
import { deliver } from './logs-sink.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './test-host.ts';

export interface ExporterRig {
  readonly exporter: Exporter;
  readonly host: TestHost;
  /** Gives a batch to the exporter, and spoils its bytes as soon as that is allowed. */
  send(batch: LogBatch, source?: number): Promise<Outcome>;
  stop(graceMs?: number): Promise<void>;
}

/** A started exporter, with the configuration as an operator would write it, in real time. */
export async function startExporterOf<Config>(
  factory: ExporterFactory<Config>,
  written: object,
  options: TestHostOptions = {},
): Promise<ExporterRig> {
  const { config, problems } = validate(factory, written);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const host = createTestHost({ clock: systemClock, ...options });
  const exporter = factory.create(config as Config, { id: `${factory.type}/test` });
  await exporter.start(host);
  return {
    exporter,
    host,
    send: async (batch, source) => {
      const { outcome } = deliver(batch, source);
      await exporter.consume(batch);
      batch.space.bytes.fill(0x21);
      batch.reset(Buffer.alloc(0));
      return outcome;
    },
    stop: (graceMs = 5000) => exporter.shutdown(AbortSignal.timeout(graceMs)),
  };
}
