import type { ExporterFactory } from '#component';
import { check, schema, type RemoteWriteConfig } from './config.ts';
import { RemoteWriteExporter } from './remote-write-exporter.ts';

export const factory: ExporterFactory<RemoteWriteConfig> = {
  kind: 'exporter',
  type: 'prometheus_remote_write',
  aliases: ['prometheusremotewrite'],
  stability: 'alpha',
  summary: 'Makes metrics of log records and pushes them to Prometheus, or to whatever takes its remote write.',
  schema,
  check,
  create: (config, settings) => new RemoteWriteExporter(config, settings),
};
