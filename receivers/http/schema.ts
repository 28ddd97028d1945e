import { duration, type ConfigSchema, type PropertySchema } from '#component';
import { httpServerProperties } from '#net';
import type { HttpConfig } from './config.ts';

const texts: PropertySchema = { type: 'object', additionalProperties: { type: 'string' }, default: {} };
const names = { type: 'array', items: { type: 'string', minLength: 1 } } as const;

const paths: PropertySchema = {
  type: 'array',
  default: [{ path: '/logs' }],
  description: 'Paths of our own. POST and PUT are answered.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', pattern: '^/', expected: 'a path such as "/logs"', description: 'The path, without a query.' },
      format: {
        type: 'string',
        enum: ['json', 'ndjson', 'text', 'auto'],
        default: 'auto',
        description: 'What a body is: an object or an array of objects, an object on each line, a record on each line. `auto` looks.',
      },
      attributes: { ...texts, description: 'Attributes of all records that come here.' },
    },
  },
};

const fields: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'Members of JSON objects that are more than attributes; all others become attributes. A name with a dot, such as `log.level`, is found as `log: {level: …}` too. An empty list switches one off.',
  properties: {
    body: { ...names, default: ['message', 'msg'], description: 'The text of the record. Without one the object as it came is the body.' },
    time: { ...names, default: ['@timestamp', 'timestamp', 'time', 'ts'], description: 'The time: ISO 8601, or a count since 1970.' },
    severity: {
      ...names,
      default: ['severity', 'level', 'log.level'],
      description: 'The severity, as the loggers of all languages name it.',
    },
    trace_id: { ...names, default: ['trace_id', 'traceId', 'trace.id'], description: 'The trace id, in hex.' },
    span_id: { ...names, default: ['span_id', 'spanId', 'span.id'], description: 'The span id, in hex.' },
  },
};

export const schema: ConfigSchema<HttpConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties('localhost:8088'),
    paths,
    dialects: {
      type: 'array',
      items: { type: 'string', enum: ['elasticsearch', 'loki', 'splunk_hec'] },
      uniqueItems: true,
      default: ['elasticsearch', 'loki', 'splunk_hec'],
      description: 'Protocols of others that are answered on their usual paths.',
    },
    acknowledge: {
      type: 'string',
      enum: ['settled', 'accepted'],
      default: 'settled',
      description:
        '`settled`: 200 when the records are delivered or on disk. `accepted`: 202 as soon as the pipeline has them; a crash loses them.',
    },
    settle_timeout: {
      ...duration,
      default: '8s',
      description: 'How long a request waits for its records; then it is answered 503, and its sender sends again.',
    },
    fields,
    attributes: { ...texts, description: 'Attributes of all records.' },
    resource: { ...texts, description: 'Attributes of the resource of all records.' },
    attributes_from_headers: { ...texts, description: 'Headers that become attributes, as `header: attribute`.' },
    attributes_from_query: { ...texts, description: 'Query parameters that become attributes, as `parameter: attribute`.' },
    include_client_address: { type: 'boolean', default: false, description: 'Add the address of the sender as `client.address`.' },
    max_batch_records: {
      type: 'integer',
      minimum: 1,
      maximum: 65_000,
      default: 8192,
      description: 'Longer bodies are handed on in several batches.',
    },
  },
};
