import { duration, size, type ConfigProblem, type ConfigSchema } from '#component';
import { kafkaClientProblems, kafkaClientProperties, type KafkaClientConfig } from '#net';
import { checkSendingQueue, retrySchema, sendingQueueSchema, type RetryConfig, type SendingQueueConfig } from '#queue';

export type Encoding = 'otlp_proto' | 'otlp_json' | 'raw';
export type PartitionBy = 'source' | 'resource' | 'trace_id' | 'none';

interface ProducerConfig {
  max_message_bytes: number | string;
  required_acks: 1 | -1;
  compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  allow_auto_topic_creation: boolean;
}

export interface KafkaExporterConfig extends KafkaClientConfig {
  logs: { topic: string; encoding: Encoding };
  topic?: string;
  encoding?: Encoding;
  topic_from_attribute: string;
  partition_by: PartitionBy;
  partition_logs_by_resource_attributes: boolean;
  partition_logs_by_trace_id: boolean;
  producer: ProducerConfig;
  timeout: string;
  retry_on_failure: RetryConfig;
  sending_queue: SendingQueueConfig;
}

const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const topic = { type: 'string', pattern: TOPIC.source, expected: 'a topic: letters, digits, dots, hyphens and underscores' } as const;
const encoding = {
  type: 'string',
  enum: ['otlp_proto', 'otlp_json', 'raw'],
  expected: '"otlp_proto", "otlp_json" or "raw" (the other encodings of the Collector are not supported)',
} as const;

const producerSchema: ConfigSchema<ProducerConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_message_bytes: {
      ...size,
      minimum: 1024,
      default: 1_000_000,
      description: 'Size of a message, and of what one request brings to a partition, before compression, unless one record is larger.',
    },
    required_acks: {
      type: 'integer',
      enum: [1, -1],
      expected: '1 (the leader) or -1 (all replicas in sync); 0 would settle what nobody has',
      default: -1,
      description: 'Who must have the messages before they are settled: `-1` all replicas in sync, `1` the leader, as in the Collector.',
    },
    compression: {
      type: 'string',
      enum: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      default: 'none',
      description: 'How messages are compressed, and kept by the brokers.',
    },
    allow_auto_topic_creation: {
      type: 'boolean',
      default: true,
      description: 'Let brokers that are so minded create a topic that is not there.',
    },
  },
};

export const schema: ConfigSchema<KafkaExporterConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...kafkaClientProperties,
    logs: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Where log records go, and in which form.',
      properties: {
        topic: { ...topic, default: 'otlp_logs', description: 'The topic.' },
        encoding: {
          ...encoding,
          default: 'otlp_proto',
          description: 'OTLP in protobuf or JSON, many records a message; or `raw`, the body of one record a message and nothing else.',
        },
      },
    },
    topic: { ...topic, deprecated: true, description: 'Older form of `logs.topic`.' },
    encoding: { ...encoding, deprecated: true, description: 'Older form of `logs.encoding`.' },
    topic_from_attribute: {
      type: 'string',
      default: '',
      description: 'A resource attribute that names the topic. Where it is missing, or no name of a topic, `logs.topic` counts.',
    },
    partition_by: {
      type: 'string',
      enum: ['source', 'resource', 'trace_id', 'none'],
      default: 'source',
      description:
        'What stays in order, since it has one key and goes to one partition: a `source` (a file, a sender; of this agent), a `resource`, a trace, or nothing.',
    },
    partition_logs_by_resource_attributes: {
      type: 'boolean',
      default: false,
      description: "The Collector's word for `partition_by: resource`.",
    },
    partition_logs_by_trace_id: { type: 'boolean', default: false, description: "The Collector's word for `partition_by: trace_id`." },
    producer: { ...producerSchema, default: {}, description: 'How messages are made and taken.' },
    timeout: { ...duration, default: '5s', description: 'How long brokers may take to have a message on all replicas.' },
    retry_on_failure: { ...retrySchema, default: {}, description: 'When and how long to try again.' },
    sending_queue: { ...sendingQueueSchema, default: {}, description: 'The queue between the pipeline and the brokers.' },
  },
};

/** What the schema cannot say. */
export function check(config: KafkaExporterConfig): ConfigProblem[] {
  const problems = [...kafkaClientProblems(config), ...checkSendingQueue(config.sending_queue)];
  const asked = [
    config.partition_by !== 'source' && 'partition_by',
    config.partition_logs_by_resource_attributes && 'partition_logs_by_resource_attributes',
    config.partition_logs_by_trace_id && 'partition_logs_by_trace_id',
  ].filter((name) => name !== false);
  const [first, second] = asked;
  if (second !== undefined) problems.push({ path: second, message: `cannot be given together with "${first}"; leave one of them out` });
  return problems;
}

export function partitionByOf(config: KafkaExporterConfig): PartitionBy {
  if (config.partition_logs_by_resource_attributes) return 'resource';
  return config.partition_logs_by_trace_id ? 'trace_id' : config.partition_by;
}

export function isTopic(name: unknown): name is string {
  return typeof name === 'string' && TOPIC.test(name);
}
