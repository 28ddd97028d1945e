import { duration, type PropertySchema } from '#component';

// The keys are the Collector's, so that the `service` section of an existing configuration is understood.

const levels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'];
const milliseconds = { type: 'integer', minimum: 0, expected: 'milliseconds as a whole number' } as const;
const ids = { type: 'array', items: { type: 'string' } } as const;

const otlp: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint'],
  properties: {
    protocol: {
      type: 'string',
      enum: ['http/protobuf', 'http/json'],
      default: 'http/protobuf',
      description: 'How to speak to the endpoint.',
    },
    endpoint: {
      type: 'string',
      minLength: 1,
      expected: 'a URL such as "http://localhost:4318/v1/logs"',
      description: 'The full URL to send to.',
    },
    headers: {
      description: 'Headers of each request, as a map or as a list of name and value.',
      secret: true,
      anyOf: [
        {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name', 'value'],
            properties: { name: { type: 'string' }, value: { type: 'string', secret: true } },
          },
        },
        { type: 'object', additionalProperties: { type: 'string', secret: true } },
      ],
    },
    compression: { type: 'string', enum: ['gzip', 'none', ''], description: 'How the body is compressed.' },
    timeout: { ...milliseconds, description: 'Milliseconds to wait for an answer.' },
    insecure: { type: 'boolean', description: 'Accepted for the Collector; the scheme of the URL decides.' },
    certificate: { type: 'string', description: 'File of the authority to trust.' },
    client_certificate: { type: 'string', description: 'File of the certificate to show.' },
    client_key: { type: 'string', description: 'File of its key.' },
  },
};

const exporter: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'Where to send.',
  properties: { otlp, console: { type: 'object', description: 'To standard output.' } },
};

const logsProcessor: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    batch: {
      type: 'object',
      additionalProperties: false,
      required: ['exporter'],
      description: 'Sends in batches.',
      properties: {
        schedule_delay: { ...milliseconds, default: 1000, description: 'Longest time a line waits.' },
        export_timeout: { ...milliseconds, default: 30_000, description: 'Longest time an attempt may take.' },
        max_queue_size: { type: 'integer', minimum: 1, default: 2048, description: 'Lines that may wait; more are lost.' },
        max_export_batch_size: { type: 'integer', minimum: 1, default: 512, description: 'Lines in one request.' },
        exporter,
      },
    },
    simple: {
      type: 'object',
      additionalProperties: false,
      required: ['exporter'],
      description: 'Sends line by line.',
      properties: { exporter },
    },
  },
};

const logs: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: "The agent's own log.",
  properties: {
    level: {
      type: 'string',
      enum: [...levels, ...levels.map((level) => level.toUpperCase())],
      expected: 'one of "debug", "info", "warn", "error"',
      description: 'The lowest level that is written. LOG_LEVEL wins; without both, info.',
    },
    encoding: {
      type: 'string',
      enum: ['console', 'json'],
      description: 'Readable lines or JSON. Without it a terminal gets readable lines.',
    },
    output_paths: { ...ids, default: ['stderr'], description: 'Files, or stdout and stderr.' },
    error_output_paths: { ...ids, default: ['stderr'], description: 'Accepted for the Collector; not used.' },
    initial_fields: { type: 'object', default: {}, description: 'Facts added to every line.' },
    development: { type: 'boolean', default: false, description: 'Accepted for the Collector; APP_ENV decides.' },
    disable_caller: { type: 'boolean', default: false, description: 'Accepted for the Collector; lines name no caller.' },
    disable_stacktrace: { type: 'boolean', default: false, description: 'Leaves stacks of errors out.' },
    disable_zap_resource: { type: 'boolean', default: false, description: 'Leaves the resource out of each line.' },
    sampling: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How repeats of one message are summed up.',
      properties: {
        enabled: { type: 'boolean', default: true, description: 'False writes every repeat.' },
        tick: { ...duration, default: '10s', description: 'Length of a window.' },
        initial: {
          type: 'integer',
          minimum: 0,
          default: 10,
          description: 'Lines of one message written in a window, if their facts differ; the rest is summed up.',
        },
        thereafter: { type: 'integer', minimum: 0, default: 100, description: 'Accepted for the Collector; all the rest is in the sum.' },
      },
    },
    processors: { type: 'array', items: logsProcessor, default: [], description: 'Sends the log to an OTLP backend as well.' },
  },
};

const prometheus: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'A page for Prometheus to read.',
  properties: {
    host: { type: 'string', default: 'localhost', description: 'Address to listen on.' },
    port: { type: 'integer', minimum: 0, maximum: 65_535, default: 8888, description: 'Port to listen on.' },
    without_scope_info: { type: 'boolean', default: true, description: 'Leaves otel_scope labels out.' },
    without_type_suffix: { type: 'boolean', default: true, description: 'Leaves _total out of names.' },
    without_units: { type: 'boolean', default: true, description: 'Leaves units out of names.' },
    with_resource_constant_labels: {
      type: 'object',
      additionalProperties: false,
      description: 'Resource attributes that become labels.',
      properties: { included: { ...ids, description: 'Names to take.' }, excluded: { ...ids, description: 'Names to leave.' } },
    },
  },
};

const reader: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    pull: {
      type: 'object',
      additionalProperties: false,
      required: ['exporter'],
      description: 'Read by others.',
      properties: {
        exporter: {
          type: 'object',
          additionalProperties: false,
          required: ['prometheus'],
          description: 'How.',
          properties: { prometheus },
        },
      },
    },
    periodic: {
      type: 'object',
      additionalProperties: false,
      required: ['exporter'],
      description: 'Sent by us.',
      properties: {
        interval: { ...milliseconds, default: 60_000, description: 'Milliseconds between two.' },
        timeout: { ...milliseconds, default: 30_000, description: 'Longest time an attempt may take.' },
        exporter,
      },
    },
  },
};

const metrics: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: "The agent's own metrics.",
  properties: {
    level: { type: 'string', enum: ['none', 'basic', 'normal', 'detailed'], default: 'normal', description: 'How many there are.' },
    address: {
      type: 'string',
      expected: '"host:port"',
      pattern: ':[0-9]+$',
      description: 'Where the page for Prometheus is; readers take its place.',
    },
    readers: {
      type: 'array',
      items: reader,
      description: 'Who gets them. Without it, a page on localhost:8888. PROM_HOST and PROM_PORT win.',
    },
    views: { type: 'array', description: 'Accepted for the Collector; not used.' },
  },
};

const attributeValue: PropertySchema = { type: ['string', 'number', 'boolean', 'null'] };

const resource: PropertySchema = {
  type: 'object',
  default: {},
  description: "Attributes of the agent's own resource, as a map or under `attributes` as a list of name and value.",
  properties: {
    schema_url: { type: 'string', description: 'Schema of the names.' },
    attributes: {
      type: 'array',
      description: 'The attributes as a list.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: { name: { type: 'string' }, value: attributeValue, type: { type: 'string' } },
      },
    },
  },
  additionalProperties: attributeValue,
};

const pipeline: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    receivers: { ...ids, default: [], description: 'Where records come from.' },
    processors: { ...ids, default: [], description: 'What is done to them, in this order.' },
    exporters: { ...ids, default: [], description: 'Where they go; each gets all of them.' },
  },
};

/** The `service` section. What is said about pipelines beyond their form is in service.ts. */
export const serviceSchema: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    extensions: { ...ids, default: [], description: 'The extensions that are started, in this order.' },
    pipelines: { type: 'object', default: {}, additionalProperties: pipeline, description: 'Pipelines by id: "logs" or "logs/name".' },
    telemetry: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What the agent says about itself.',
      properties: {
        logs,
        metrics,
        traces: { type: 'object', description: 'Accepted for the Collector; the agent writes no traces.' },
        resource,
      },
    },
  },
};
