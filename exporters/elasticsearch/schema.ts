import { duration, size, type ConfigSchema } from '#component';
import { httpClientProperties, unusedHttpClientProperties } from '#net';
import { sendingQueueSchema } from '#queue';
import type { ElasticsearchConfig, EsRetryConfig, IndexTemplateConfig } from './config.ts';

const unused = (what: string): string => `Accepted and without effect: ${what}`;

const switchOf = (fallback: boolean, description: string) =>
  ({
    type: 'object',
    additionalProperties: false,
    default: {},
    description,
    properties: { enabled: { type: 'boolean', default: fallback, description: 'Whether it is on.' } },
  }) as const;

const retrySchema: ConfigSchema<EsRetryConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Try again what failed for a reason that passes.' },
    max_retries: { type: 'integer', minimum: 0, description: unused('see `max_elapsed_time`.') },
    max_requests: { type: 'integer', minimum: 0, deprecated: true, description: unused('see `max_elapsed_time`.') },
    initial_interval: { ...duration, default: '100ms', description: 'Wait after the first failure.' },
    max_interval: { ...duration, default: '1m', description: 'The longest wait.' },
    multiplier: { type: 'number', minimum: 1, default: 2, description: 'Each further wait is longer by this factor.' },
    randomization_factor: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Each wait is longer or shorter by up to this share of it.',
    },
    max_elapsed_time: {
      ...duration,
      default: '0s',
      description: 'Give up on a request after this time; `0s` never does. The Collector gives up, and loses the data, after 2 retries.',
    },
    retry_on_status: {
      type: 'array',
      items: { type: 'integer', minimum: 400, maximum: 599 },
      default: [429],
      description: 'Answers to a request or to a document that pass. 408 and 5xx always count among them.',
    },
  },
};

const indexTemplateSchema: ConfigSchema<IndexTemplateConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', default: false, description: 'Make an index template before the first request, unless it is there.' },
    name: { type: 'string', minLength: 1, default: 'winnow-logs', description: 'Its name.' },
    patterns: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'What indexes it is for. By default those that `logs_index` or the mapping name.',
    },
    priority: { type: 'integer', minimum: 0, default: 200, description: 'Above those of Elasticsearch, 100 to 120, unless changed.' },
    overwrite: { type: 'boolean', default: false, description: 'Replace a template of that name at start.' },
    settings: {
      type: 'object',
      additionalProperties: true,
      default: {},
      description: 'Settings of the indexes, e.g. `number_of_replicas`.',
    },
  },
};

const otherSignal = { type: 'string', description: unused('only log records are sent.') } as const;
const otherSignals = { type: 'object', additionalProperties: true, description: unused('only log records are sent.') } as const;

export const schema: ConfigSchema<ElasticsearchConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: { type: 'string', default: '', description: 'Address of Elasticsearch.', examples: ['https://localhost:9200'] },
    endpoints: { type: 'array', items: { type: 'string' }, default: [], description: 'Addresses of several nodes, which take turns.' },
    cloudid: { type: 'string', default: '', description: 'Id of a deployment on Elastic Cloud, instead of an address.' },
    user: { type: 'string', default: '', description: 'User name.' },
    password: { type: 'string', default: '', secret: true, description: 'Password of that user.' },
    api_key: { type: 'string', default: '', secret: true, description: 'API key, in base64, instead of user and password.' },
    logs_index: {
      type: 'string',
      default: '',
      description:
        'Index or data stream. May hold `{resource.NAME}`, `{attributes.NAME}` and `{time:yyyy.MM.dd}`, in UTC. ' +
        'Empty: the data stream `logs-<data_stream.dataset>-<data_stream.namespace>`.',
      examples: ['logs-{resource.service.name}-prod', 'app-{time:yyyy.MM}'],
    },
    logs_dynamic_index: switchOf(true, unused('data streams are chosen by attributes when `logs_index` is empty.')),
    metrics_index: otherSignal,
    traces_index: otherSignal,
    metrics_dynamic_index: otherSignals,
    traces_dynamic_index: otherSignals,
    logs_dynamic_id: switchOf(false, 'The attribute `elasticsearch.document_id` is the id of the document.'),
    logs_dynamic_pipeline: switchOf(false, 'The attribute `elasticsearch.ingest_pipeline` names the ingest pipeline.'),
    logstash_format: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'An index a day, named as Logstash does.',
      properties: {
        enabled: { type: 'boolean', default: false, description: 'Put the date behind `logs_index`.' },
        prefix_separator: { type: 'string', default: '-', description: 'What stands between.' },
        date_format: {
          type: 'string',
          pattern: '^(%[YmdHj]|[^%])+$',
          expected: 'a format of %Y, %m, %d, %H and %j',
          default: '%Y.%m.%d',
          description: 'Of %Y, %m, %d, %H and %j, in UTC.',
        },
      },
    },
    pipeline: { type: 'string', default: '', description: 'Ingest pipeline of all documents.' },
    mapping: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What documents look like.',
      properties: {
        mode: {
          type: 'string',
          enum: ['otel', 'ecs', 'agent', 'bodymap'],
          expected: '"otel", "ecs", "agent" or "bodymap" ("none" and "raw" of the Collector are not supported)',
          default: 'otel',
          description:
            'otel: the fields of OpenTelemetry. ecs: Elastic Common Schema. agent: timestamp, agent_name, event_type, severity, message, metadata. ' +
            'bodymap: the body, where that is a map.',
        },
        allowed_modes: { type: 'array', items: { type: 'string' }, description: unused('the mode is that of the configuration.') },
      },
    },
    generated_ids: {
      type: 'boolean',
      default: false,
      description:
        'Give each document an id before it is sent, so that one that is sent twice is there once. Elasticsearch then looks for it, which costs it time.',
    },
    index_template: { ...indexTemplateSchema, default: {}, description: 'Mapping of the fields.' },
    compression: { type: 'string', enum: ['gzip', 'none', ''], default: 'gzip', description: 'Compression of the requests.' },
    compression_params: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Settings of the compression.',
      properties: { level: { type: 'integer', minimum: 1, maximum: 9, default: 1, description: 'Level of gzip.' } },
    },
    flush: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How large requests are.',
      properties: {
        bytes: {
          ...size,
          minimum: 1024,
          default: 5_000_000,
          description: 'Size of a request before compression, unless one document is larger.',
        },
        interval: { ...duration, default: '10s', description: unused('use the processor `batch`.') },
      },
    },
    ...unusedHttpClientProperties,
    ...httpClientProperties,
    timeout: { ...httpClientProperties.timeout, default: '90s' },
    num_workers: { type: 'integer', minimum: 0, deprecated: true, description: unused('see `sending_queue.num_consumers`.') },
    discover: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: unused('list the nodes in `endpoints`.'),
      properties: {
        on_start: { type: 'boolean', default: false, description: unused('see above.') },
        interval: { ...duration, default: '0s', description: unused('see above.') },
      },
    },
    retry: { ...retrySchema, default: {}, description: 'When and how long to try again.' },
    sending_queue: { ...sendingQueueSchema, default: {}, description: 'The queue between the pipeline and Elasticsearch.' },
  },
};
