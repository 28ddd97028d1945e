import type { ConnectorFactory, PropertySchema } from '#component';
import { checkCount, type CountConfig } from './config.ts';
import { Count } from './count.ts';

const counted: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    description: { type: 'string', description: 'What is counted, for readers of the configuration.' },
    conditions: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Conditions in OTTL, of which one must hold. Without any, every record counts.',
    },
    attributes: {
      type: 'array',
      default: [],
      description: 'Attributes by whose values records are counted apart.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['key'],
        properties: {
          key: { type: 'string', minLength: 1, description: 'Name of the attribute, of the record or else of its resource.' },
          value: { type: 'string', minLength: 1, description: 'A value in OTTL, such as severity_text, to be called by that name.' },
          default_value: {
            type: ['string', 'number', 'boolean'],
            description: 'Value for records without it. When not given, those are not counted.',
          },
        },
      },
    },
  },
};

const otherSignal = (signal: string): PropertySchema => ({
  type: 'object',
  description: `Accepted, so that a configuration can be shared. Concerns ${signal} only.`,
});

export const factory: ConnectorFactory<CountConfig> = {
  kind: 'connector',
  type: 'count',
  stability: 'alpha',
  summary: 'Counts log records and gives the counts on as log records, for metrics to be made of.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      logs: {
        type: 'object',
        additionalProperties: counted,
        description: 'Counts by name. When not given, all records are counted as log.record.count.',
      },
      spans: otherSignal('traces'),
      spanevents: otherSignal('traces'),
      metrics: otherSignal('metrics'),
      datapoints: otherSignal('metrics'),
      profiles: otherSignal('profiles'),
    },
  },
  check: checkCount,
  create: (config, _settings, outlets) => new Count(config, outlets),
};
