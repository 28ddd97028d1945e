import { duration, parseDuration, size, type ConfigProblem, type ConfigSchema } from '#component';
import { kafkaClientProblems, kafkaClientProperties, type KafkaClientConfig } from '#net';

export type Encoding = 'otlp_proto' | 'otlp_json' | 'raw' | 'text';

export interface KafkaReceiverConfig extends KafkaClientConfig {
  logs: { topics: string[]; encoding: Encoding };
  traces?: object;
  metrics?: object;
  profiles?: object;
  topic?: string;
  encoding?: Encoding;
  group_id: string;
  initial_offset: 'earliest' | 'latest';
  session_timeout: string;
  heartbeat_interval: string;
  rebalance_timeout: string;
  min_fetch_size: number | string;
  max_fetch_size: number | string;
  max_fetch_wait: string;
  max_partition_fetch_size: number | string;
  autocommit: { enable: boolean; interval: string };
  max_unsettled_bytes: number | string;
}

const encoding = {
  type: 'string',
  enum: ['otlp_proto', 'otlp_json', 'raw', 'text'],
  expected: '"otlp_proto", "otlp_json", "raw" or "text" (the other encodings of the Collector are not supported)',
} as const;
const topic = {
  type: 'string',
  pattern: '^[a-zA-Z0-9._-]{1,249}$',
  expected: 'a topic: letters, digits, dots, hyphens and underscores; patterns are not supported',
} as const;

const otherSignal = {
  type: 'object',
  additionalProperties: true,
  description: 'Accepted and without effect: only log records are read.',
} as const;

export const schema: ConfigSchema<KafkaReceiverConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...kafkaClientProperties,
    logs: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Where log records come from, and in which form.',
      properties: {
        topics: { type: 'array', minItems: 1, items: topic, default: ['otlp_logs'], description: 'The topics.' },
        encoding: {
          ...encoding,
          default: 'otlp_proto',
          description: 'OTLP in protobuf or JSON; or one record a message, its body the message as bytes (`raw`) or as `text`.',
        },
      },
    },
    traces: otherSignal,
    metrics: otherSignal,
    profiles: otherSignal,
    topic: { ...topic, deprecated: true, description: 'Older form of `logs.topics`, for one.' },
    encoding: { ...encoding, deprecated: true, description: 'Older form of `logs.encoding`.' },
    group_id: {
      type: 'string',
      pattern: '^\\S+$',
      expected: 'a name without spaces',
      default: 'otel-collector',
      description: 'Receivers of one group share the partitions. The default is that of the Collector.',
    },
    initial_offset: {
      type: 'string',
      enum: ['earliest', 'latest'],
      default: 'earliest',
      description: 'Where the group begins in a partition it has never read. The Collector has `latest`, which passes over what is there.',
    },
    session_timeout: { ...duration, default: '10s', description: 'A member that was not heard of for so long loses its partitions.' },
    heartbeat_interval: { ...duration, default: '3s', description: 'How often a member tells that it lives.' },
    rebalance_timeout: {
      ...duration,
      default: '60s',
      description: 'How long the group waits for its members when partitions are divided anew.',
    },
    min_fetch_size: { ...size, default: 1, description: 'A broker waits for so many bytes, up to `max_fetch_wait`.' },
    max_fetch_size: {
      ...size,
      minimum: 1,
      default: '4MiB',
      description: 'Bytes of one answer at most, unless one batch of messages is larger.',
    },
    max_fetch_wait: { ...duration, default: '250ms', description: 'How long a broker waits for `min_fetch_size`.' },
    max_partition_fetch_size: { ...size, minimum: 1, default: '1MiB', description: 'The same as `max_fetch_size`, for each partition.' },
    autocommit: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How the group remembers how far it has come: past records that are delivered or on disk, never further.',
      properties: {
        enable: { type: 'boolean', default: true, description: 'Accepted; cannot be switched off.' },
        interval: { ...duration, default: '1s', description: 'How often. A crash repeats what has come since.' },
      },
    },
    max_unsettled_bytes: {
      ...size,
      minimum: 1,
      default: '32MiB',
      description: 'Nothing is fetched while so many bytes of messages are neither delivered nor on disk.',
    },
  },
};

/** What the schema cannot say. */
export function check(config: KafkaReceiverConfig): ConfigProblem[] {
  const problems = kafkaClientProblems(config);
  const add = (path: string, message: string): void => void problems.push({ path, message });
  const [sessionMs, heartbeatMs, rebalanceMs] = [config.session_timeout, config.heartbeat_interval, config.rebalance_timeout].map(
    parseDuration,
  );
  if ((heartbeatMs ?? 0) >= (sessionMs ?? 0)) add('heartbeat_interval', `expected less than "session_timeout" (${config.session_timeout})`);
  if ((rebalanceMs ?? 0) < (sessionMs ?? 0)) add('rebalance_timeout', `expected at least "session_timeout" (${config.session_timeout})`);
  if (!config.autocommit.enable) {
    add('autocommit.enable', 'cannot be false: offsets are stored when records are safe, or the group would begin anew after each restart');
  }
  return problems;
}

export function topicsOf({ topic: older, logs }: KafkaReceiverConfig): readonly string[] {
  return older === undefined ? [...new Set(logs.topics)] : [older];
}
