import type { ReceiverFactory } from '#component';
import { checkOtlp, schema, type OtlpConfig } from './config.ts';
import { OtlpReceiver } from './otlp-receiver.ts';

export const factory: ReceiverFactory<OtlpConfig> = {
  kind: 'receiver',
  type: 'otlp',
  signals: ['logs', 'traces'],
  stability: 'alpha',
  summary: 'Takes log records and spans over OTLP, by HTTP and gRPC, and answers when they are safe.',
  schema,
  check: checkOtlp,
  create: (config, settings, next) => new OtlpReceiver(config, settings, next),
};
