import type { ExporterFactory } from '#component';
import { checkSeries } from '#series';
import type { PrometheusConfig } from './config.ts';
import { PrometheusExporter } from './prometheus-exporter.ts';
import { schema } from './schema.ts';

export const factory: ExporterFactory<PrometheusConfig> = {
  kind: 'exporter',
  type: 'prometheus',
  stability: 'alpha',
  summary: 'Makes metrics of log records and answers the scrapes of Prometheus.',
  schema,
  check: (config) => checkSeries(config),
  create: (config, settings) => new PrometheusExporter(config, settings),
};
