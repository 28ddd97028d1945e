import { ConfigError, type ExporterFactory } from '#component';
import { OtlpExporter } from '#otlp-export';
import { check, schema, type OtlpConfig } from './config.ts';
import { GrpcTransport } from './grpc-transport.ts';
import { targetOf } from './target.ts';

export const factory: ExporterFactory<OtlpConfig> = {
  kind: 'exporter',
  type: 'otlp',
  aliases: ['otlp_grpc'],
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Sends log records and spans to any OTLP backend over gRPC, and loses none on the way.',
  schema,
  check,
  create: (config, settings) =>
    new OtlpExporter(config, settings, (host) => {
      const target = targetOf(config);
      if (!target) throw new ConfigError([{ path: 'endpoint', message: 'expected "host:port"' }]);
      return new GrpcTransport(settings.id, config, { target, host });
    }),
};
