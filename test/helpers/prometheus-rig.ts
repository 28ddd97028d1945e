import { createResource, LogBatch, severityName, ValueType, type AttributeValue, type Template } from '#model';
import type { PrometheusConfig } from '../../exporters/prometheus/config.ts';
import { factory } from '../../exporters/prometheus/index.ts';
import { PrometheusExporter } from '../../exporters/prometheus/prometheus-exporter.ts';
import { validate } from '../contract/subject.ts';
import { FakeClock } from './fake-clock.ts';
import { deliver } from './logs-sink.ts';
import { createTestHost, type TestHost } from './test-host.ts';

export interface RecordSpec {
  readonly body?: string;
  readonly severity?: number;
  readonly event?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly resource?: Readonly<Record<string, AttributeValue>>;
  readonly template?: Template;
  /** Each byte of the trace id. */
  readonly trace?: number;
}

export interface PrometheusRig {
  readonly exporter: PrometheusExporter;
  readonly host: TestHost;
  readonly clock: FakeClock;
  lines(this: void, format?: 'text' | 'openmetrics'): string[];
  /** Lines without comments. */
  samples(this: void): string[];
  count(this: void, ...records: readonly RecordSpec[]): Promise<void>;
}

/** A running exporter that keeps nothing but what `given` asks for. */
export async function startPrometheus(given: object = {}): Promise<PrometheusRig> {
  const { config, problems } = validate(factory, { endpoint: 'localhost:0', built_in: [], target_info: false, ...given });
  if (problems.length > 0) throw new Error(problems.join('; '));
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const exporter = new PrometheusExporter(config as PrometheusConfig, { id: 'prometheus' });
  await exporter.start(host);
  const lines: PrometheusRig['lines'] = (format = 'text') => exporter.expose(format).split('\n').slice(0, -1);
  return {
    exporter,
    host,
    clock,
    lines,
    samples: () => lines().filter((line) => !line.startsWith('#')),
    count: (...records) => exporter.consume(batchOf(records)),
  };
}

export function batchOf(records: readonly RecordSpec[]): LogBatch {
  const batch = new LogBatch();
  for (const record of records) addRow(batch, record);
  deliver(batch);
  return batch;
}

function addRow(batch: LogBatch, record: RecordSpec): void {
  const { body = '', severity = 9, event = '', attributes = {}, resource, template, trace } = record;
  const row = batch.addRow(ValueType.none, 0, 0);
  batch.setBody(row, body);
  batch.severity[row] = severity;
  batch.setSeverityText(row, severityName(severity));
  for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  if (resource) batch.resourceOf[row] = batch.addResource(createResource(resource));
  if (template) batch.templateOf[row] = template;
  if (trace !== undefined) {
    batch.traceIdColumn().fill(trace, row * 16, row * 16 + 16);
    batch.spanIdColumn().fill(trace + 1, row * 8, row * 8 + 8);
  }
  if (event !== '') batch.setEventName(row, event);
}
