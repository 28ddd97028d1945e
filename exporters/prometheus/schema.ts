import { duration, type ConfigSchema, type PropertySchema } from '#component';
import { BUILT_IN, PRESETS, type PrometheusConfig } from './config.ts';

const label: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, description: 'Name of the label.' },
    attribute: { type: 'string', minLength: 1, description: 'Attribute of the record, or else of its resource, that is the value.' },
    value: { type: 'string', minLength: 1, description: 'Or an OTTL value, such as `severity_text`.' },
  },
};

const metric: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type'],
  properties: {
    name: {
      type: 'string',
      pattern: '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      expected: 'a metric name such as "http_requests_total"',
      description: 'Name of the metric. Entries of the same name feed the same metric.',
    },
    type: { type: 'string', enum: ['counter', 'gauge', 'histogram'], description: 'Type of the metric.' },
    description: { type: 'string', description: 'Help text.' },
    unit: {
      type: 'string',
      pattern: '^[a-zA-Z][a-zA-Z0-9_]*$',
      expected: 'a unit such as "seconds" or "bytes"',
      description: 'Unit, put behind the name if it does not end so.',
    },
    attribute: {
      type: 'string',
      minLength: 1,
      description:
        'Attribute of the record, or else of its resource, with the number to add, show or observe. A record without it is passed over.',
    },
    value: { type: 'string', minLength: 1, description: 'Or an OTTL value. With neither, each record counts as 1.' },
    scale: { type: 'number', description: 'What the number is multiplied by, as 0.001 to make seconds of milliseconds.' },
    where: { type: 'string', minLength: 1, description: 'OTTL condition that chooses the records.' },
    operation: {
      type: 'string',
      enum: ['set', 'add', 'subtract'],
      description: 'What is done to a gauge. set when not given.',
    },
    labels: { type: 'array', items: label, description: 'Labels of the metric.' },
    buckets: {
      type: 'array',
      minItems: 1,
      maxItems: 200,
      items: { type: 'number' },
      description: 'Upper bounds of a histogram, rising. When not given: 0.005 to 10.',
    },
    max_series: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'Instead of the max_series above.' },
    expiration: { ...duration, description: 'Instead of metric_expiration.' },
  },
};

export const schema: ConfigSchema<PrometheusConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      pattern: ':[0-9]{1,5}$',
      expected: 'an address such as "localhost:9464" or "0.0.0.0:9464"',
      default: 'localhost:9464',
      description: 'Where to listen. Without a host, as in ":9464", on all addresses.',
    },
    path: {
      type: 'string',
      pattern: '^/',
      expected: 'a path such as "/metrics"',
      default: '/metrics',
      description: 'The path that is answered; others are 404.',
    },
    namespace: {
      type: 'string',
      pattern: '^([a-zA-Z_:][a-zA-Z0-9_:]*)?$',
      expected: 'a prefix such as "shop"',
      default: '',
      description: 'Put before the name of each metric, with an underscore.',
    },
    const_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that each series gets.',
    },
    built_in: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', enum: BUILT_IN },
      default: [...BUILT_IN],
      description: 'Which of the built-in metrics are kept.',
    },
    presets: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', enum: PRESETS },
      default: [],
      description: 'Ready-made metrics: agents, streams.',
    },
    metrics: { type: 'array', items: metric, default: [], description: 'Metrics of your own.' },
    max_series: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      description: 'Label sets held for each metric. What comes beyond is counted in one series, otel_metric_overflow="true".',
    },
    max_label_length: {
      type: 'integer',
      minimum: 8,
      maximum: 4096,
      default: 128,
      description: 'Bytes of a label value; longer ones are cut.',
    },
    metric_expiration: {
      ...duration,
      default: '24h',
      description: 'A series that no record has touched for so long is forgotten. 0: never.',
    },
    enable_open_metrics: {
      type: 'boolean',
      default: true,
      description: 'Answer in OpenMetrics, with exemplars, where the scraper asks for it.',
    },
    target_info: { type: 'boolean', default: true, description: 'Tell the attributes of each resource in target_info.' },
  },
};
