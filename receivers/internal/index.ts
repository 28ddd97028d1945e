import type { ReceiverFactory } from '#component';
import { check, schema, type InternalConfig } from './config.ts';
import { InternalReceiver } from './internal.ts';

export const factory: ReceiverFactory<InternalConfig> = {
  kind: 'receiver',
  type: 'internal',
  stability: 'alpha',
  summary: "Makes records of the agent's own log and of the anomalies it finds.",
  schema,
  check,
  create: (config, _settings, next) => new InternalReceiver(config, next),
};
