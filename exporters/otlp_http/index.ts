import type { ExporterFactory } from '#component';
import { OtlpExporter } from '#otlp-export';
import { check, schema, type OtlpHttpConfig } from './config.ts';
import { Destinations } from './destinations.ts';

export const factory: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Sends log records and spans to any OTLP backend over HTTP, as protobuf or JSON, and loses none on the way.',
  schema,
  check,
  create: (config, settings) => {
    const { id, signals = ['logs'] } = settings;
    return new OtlpExporter(config, settings, (host) => new Destinations(id, config, { host, signals }));
  },
};
