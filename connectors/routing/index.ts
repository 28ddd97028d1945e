import type { ConnectorFactory, PropertySchema } from '#component';
import { ERROR_MODES } from '#ottl';
import { CONTEXTS, checkRouting, pipelinesOf, type RoutingConfig } from './config.ts';
import { Routing } from './routing.ts';

const pipelines = (description: string): PropertySchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  description,
});

const route: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['pipelines'],
  properties: {
    context: {
      type: 'string',
      enum: CONTEXTS,
      default: 'resource',
      description: 'What the condition is asked of, once each: every resource, every scope of a resource, or every record (log).',
    },
    condition: { type: 'string', minLength: 1, description: 'A condition in OTTL. What it holds for goes this way.' },
    statement: { type: 'string', minLength: 1, description: 'The older form: route() where CONDITION.' },
    categories: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description: 'Or categories: records that have one of them in category_attribute go this way.',
    },
    action: {
      type: 'string',
      enum: ['move', 'copy'],
      default: 'move',
      description: 'With move, later routes do not see the records; with copy they do.',
    },
    pipelines: { ...pipelines('Where they go; each pipeline gets all of them.'), minItems: 1 },
  },
};

export const factory: ConnectorFactory<RoutingConfig> = {
  kind: 'connector',
  type: 'routing',
  stability: 'beta',
  summary: 'Gives log records to pipelines by conditions in OTTL, or by category.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['table'],
    properties: {
      table: { type: 'array', minItems: 1, items: route, description: 'Routes, asked in order.' },
      default_pipelines: {
        ...pipelines('Where records go that no route has moved. Without it they are dropped and counted.'),
        default: [],
      },
      error_mode: {
        type: 'string',
        enum: ERROR_MODES,
        default: 'ignore',
        description:
          'When a condition fails on a record: it does not hold and that is logged (ignore) or not (silent), or the record is dropped (propagate).',
      },
      category_attribute: { type: 'string', minLength: 1, default: 'winnow.category', description: 'Attribute with the category.' },
      match_once: { type: 'boolean', deprecated: true, description: 'It has no effect: the first route that moves a record is its last.' },
    },
  },
  check: checkRouting,
  pipelinesOf,
  create: (config, _settings, outlets) => new Routing(config, outlets),
};
