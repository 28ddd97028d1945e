import type { ReceiverFactory } from '#component';
import { check, schema, type KafkaReceiverConfig } from './config.ts';
import { KafkaReceiver } from './kafka-receiver.ts';

export const factory: ReceiverFactory<KafkaReceiverConfig> = {
  kind: 'receiver',
  type: 'kafka',
  stability: 'alpha',
  summary: 'Reads topics of Apache Kafka, and shares them with the others of its group.',
  schema,
  check,
  create: (config, settings, next) => new KafkaReceiver(config, settings, next),
};
