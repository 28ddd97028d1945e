import { expect, test } from 'vitest';
import { MetricsRegistry } from '../telemetry/metrics.ts';
import { createReport, type ReportSources } from './report.ts';

test('the queue of an exporter is the sum of those of its signals', () => {
  const metrics = new MetricsRegistry();
  const scope = metrics.scope({ exporter: 'otlp_http' });
  const add = (size: number, labels: Readonly<Record<string, string>>): void => {
    scope.gauge('otelcol_exporter_queue_size', 'Size.', () => size, labels);
    scope.gauge('otelcol_exporter_queue_capacity', 'Capacity.', () => 1000, labels);
  };
  add(900, {});
  add(5, { otel_signal: 'traces' });
  const sources = { metrics, statuses: { all: new Map() }, service: { isReady: true, storageDirectory: '/tmp' } };

  const report = createReport(sources as unknown as ReportSources);

  expect(report.queues).toEqual([{ exporter: 'otlp_http', size: 905, capacity: 2000 }]);
});
