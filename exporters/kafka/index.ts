import type { ExporterFactory } from '#component';
import { check, schema, type KafkaExporterConfig } from './config.ts';
import { KafkaExporter } from './kafka-exporter.ts';

export const factory: ExporterFactory<KafkaExporterConfig> = {
  kind: 'exporter',
  type: 'kafka',
  stability: 'alpha',
  summary: 'Sends log records to Apache Kafka, each source in order.',
  schema,
  check,
  create: (config, settings) => new KafkaExporter(config, settings),
};
