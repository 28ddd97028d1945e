import type { ExporterFactory } from '#component';
import { check, schema, type OtlpHttpConfig } from './config.ts';
import { OtlpHttpExporter } from './otlp-http-exporter.ts';

export const factory: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Sends log records and spans to any OTLP backend over HTTP, as protobuf or JSON, and loses none on the way.',
  schema,
  check,
  create: (config, settings) => new OtlpHttpExporter(config, settings),
};
