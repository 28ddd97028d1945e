import type { ExporterFactory } from '#component';
import { check, schema, type LokiConfig } from './config.ts';
import { LokiExporter } from './loki-exporter.ts';

export const factory: ExporterFactory<LokiConfig> = {
  kind: 'exporter',
  type: 'loki',
  stability: 'alpha',
  summary: 'Pushes log records to Grafana Loki, with labels out of their resource and everything else beside the line.',
  schema,
  check,
  create: (config, settings) => new LokiExporter(config, settings),
};
