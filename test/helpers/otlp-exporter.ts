import { Ajv } from 'ajv';
import type { Exporter, ExporterFactory, Outcome } from '#component';
import { LogBatch, ValueType } from '#model';
import { factory as overGrpc } from '../../exporters/otlp/index.ts';
import { factory as overHttp } from '../../exporters/otlp_http/index.ts';
import type { OtlpConfig } from '../../exporters/otlp/config.ts';
import type { OtlpHttpConfig } from '../../exporters/otlp_http/config.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { deliver } from './logs-sink.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './test-host.ts';

/** What an operator would write. */
export type GivenConfig = { readonly [Name in keyof OtlpHttpConfig]?: unknown };

const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: false });

/** The configuration with all defaults, as the loader gives it to `create`. */
export function filled(given: GivenConfig): OtlpHttpConfig {
  return filledFor(overHttp, given);
}

function filledFor<Config>({ schema }: ExporterFactory<Config>, given: object): Config {
  const config: unknown = structuredClone(given);
  const validate = ajv.compile<Config>(schema);
  if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
  return config;
}

export interface Rig {
  readonly exporter: Exporter;
  readonly host: TestHost;
  /** Gives these bodies to the exporter as one batch. */
  send(bodies: readonly string[], source?: number): { accepted: Promise<void>; outcome: Promise<Outcome> };
  stop(graceMs?: number): Promise<void>;
}

/** A started exporter in real time, with short pauses between attempts. */
export function startExporter(given: GivenConfig, hostOptions: TestHostOptions = {}): Promise<Rig> {
  return start(overHttp, given, hostOptions);
}

/** The same over gRPC. */
export function startGrpcExporter(
  given: { readonly [Name in keyof OtlpConfig]?: unknown },
  hostOptions: TestHostOptions = {},
): Promise<Rig> {
  return start(overGrpc, given, hostOptions);
}

async function start<Config>(factory: ExporterFactory<Config>, given: object, hostOptions: TestHostOptions): Promise<Rig> {
  const host = createTestHost({ clock: systemClock, ...hostOptions });
  const retry = { initial_interval: '20ms', max_interval: '50ms' };
  const exporter = factory.create(filledFor(factory, { retry_on_failure: retry, ...given }), { id: `${factory.type}/test` });
  await exporter.start(host);
  return {
    exporter,
    host,
    send: (bodies, source) => {
      const batch = batchOf(bodies);
      const { outcome } = deliver(batch, source);
      const accepted = exporter.consume(batch).then(() => {
        // From here on the bytes are the caller's again: nobody may see what happens to them.
        batch.space.bytes.fill(0x21);
      });
      return { accepted, outcome };
    },
    stop: (graceMs = 5000) => exporter.shutdown(AbortSignal.timeout(graceMs)),
  };
}

export function batchOf(bodies: readonly string[]): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(bodies.join('')));
  let at = 0;
  for (const body of bodies) {
    const length = Buffer.byteLength(body);
    batch.addRow(ValueType.string, at, length);
    at += length;
  }
  return batch;
}

/** Bodies `seq=from …` to `seq=to-1 …`, padded to a length. */
export function sequence(from: number, to: number, length: number = 100): string[] {
  return Array.from({ length: to - from }, (_, i) => `seq=${from + i} `.padEnd(length, 'x'));
}
