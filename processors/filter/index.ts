import type { ProcessorFactory, PropertySchema } from '#component';
import { keyValuesSchema } from '#operators';
import { ERROR_MODES } from '#ottl';
import { checkFilter } from './check.ts';
import type { FilterConfig } from './config.ts';
import { Filter } from './filter.ts';

const texts = (description: string): PropertySchema => ({ type: 'array', items: { type: 'string', minLength: 1 }, description });

const match = (description: string): PropertySchema => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties: {
    match_type: {
      type: 'string',
      enum: ['strict', 'regexp'],
      description: 'Whether texts are compared or are patterns in RE2 syntax. Needed by all but severity_number.',
    },
    resource_attributes: keyValuesSchema('Attributes that its resource must have, all of them.'),
    record_attributes: keyValuesSchema('Attributes that a record must have, all of them.'),
    severity_texts: texts('Texts or patterns of which the severity text must match one.'),
    bodies: texts('Texts or patterns of which the body must match one.'),
    severity_number: {
      type: 'object',
      additionalProperties: false,
      description: 'The least severity.',
      properties: {
        min: {
          type: ['string', 'integer'],
          pattern:
            '^(?:|[1-9]|1[0-9]|2[0-4]|[Tt][Rr][Aa][Cc][Ee][2-4]?|[Dd][Ee][Bb][Uu][Gg][2-4]?|[Ii][Nn][Ff][Oo][2-4]?|[Ww][Aa][Rr][Nn][2-4]?|[Ee][Rr][Rr][Oo][Rr][2-4]?|[Ff][Aa][Tt][Aa][Ll][2-4]?)$',
          minimum: 1,
          maximum: 24,
          expected: 'a severity such as INFO, WARN2 or 9',
          description: 'A name such as INFO, or its number.',
        },
        match_undefined: { type: 'boolean', default: false, description: 'Whether records without a severity match.' },
      },
    },
  },
});

const conditions = (what: string): PropertySchema => texts(`Conditions in OTTL. ${what}`);

const group: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['conditions'],
  properties: {
    context: {
      type: 'string',
      enum: ['log', 'scope', 'resource'],
      description: 'Whose fields need no prefix. Found out by the prefixes when not given.',
    },
    error_mode: { type: 'string', enum: ERROR_MODES, description: 'As above, for this group.' },
    conditions: conditions('Records for which one holds are dropped.'),
  },
};

const otherSignal = (type: 'object' | 'array', signal: string): PropertySchema => ({
  type,
  description: `Accepted, so that a configuration can be shared. Concerns ${signal} only.`,
});

export const factory: ProcessorFactory<FilterConfig> = {
  kind: 'processor',
  type: 'filter',
  stability: 'beta',
  summary: 'Drops log records by conditions in OTTL, or by include and exclude.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      error_mode: {
        type: 'string',
        enum: ERROR_MODES,
        default: 'ignore',
        description:
          'When a condition fails on a record: it does not hold and that is logged (ignore) or not (silent), or the record is dropped (propagate).',
      },
      log_conditions: {
        type: 'array',
        items: { anyOf: [{ type: 'string', minLength: 1 }, group], expected: 'a condition, or a group with conditions' },
        description: 'Conditions in OTTL, or groups of them. Records for which one holds are dropped.',
      },
      logs: {
        type: 'object',
        additionalProperties: false,
        description: 'The older form.',
        properties: {
          resource: conditions('Records of a resource for which one holds are dropped.'),
          log_record: conditions('Records for which one holds are dropped.'),
          include: match('Records that do not match are dropped.'),
          exclude: match('Records that match are dropped.'),
        },
      },
      traces: otherSignal('object', 'traces'),
      metrics: otherSignal('object', 'metrics'),
      profiles: otherSignal('object', 'profiles'),
      spans: otherSignal('object', 'traces'),
      trace_conditions: otherSignal('array', 'traces'),
      metric_conditions: otherSignal('array', 'metrics'),
      profile_conditions: otherSignal('array', 'profiles'),
    },
  },
  check: checkFilter,
  create: (config, _settings, next) => new Filter(config, next),
};
