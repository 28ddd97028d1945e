import type { ExporterFactory } from '#component';
import { check, type ElasticsearchConfig } from './config.ts';
import { ElasticsearchExporter } from './elasticsearch-exporter.ts';
import { schema } from './schema.ts';

export const factory: ExporterFactory<ElasticsearchConfig> = {
  kind: 'exporter',
  type: 'elasticsearch',
  stability: 'alpha',
  summary: 'Sends log records to Elasticsearch, into data streams or indexes, and reads the answer to each document.',
  schema,
  check,
  create: (config, settings) => new ElasticsearchExporter(config, settings),
};
