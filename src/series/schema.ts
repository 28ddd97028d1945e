import { duration, type PropertySchema } from '#component';
import { BUILT_IN, PRESETS, type SeriesConfig } from './config.ts';

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

type Named = Exclude<keyof SeriesConfig, 'const_labels' | 'target_info'>;

/** For the schema of an exporter, which has its own names for the labels of all series and for target_info. */
export const seriesProperties: { readonly [Key in Named]-?: PropertySchema } = {
  namespace: {
    type: 'string',
    pattern: '^([a-zA-Z_:][a-zA-Z0-9_:]*)?$',
    expected: 'a prefix such as "shop"',
    default: '',
    description: 'Put before the name of each metric, with an underscore.',
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
};
