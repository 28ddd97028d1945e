import type { ProcessorFactory, PropertySchema } from '#component';
import { ERROR_MODES, checkOttl } from '#ottl';
import { Transform, groupsOf, type Group, type TransformConfig } from './transform.ts';

const texts = (description: string): PropertySchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: [],
  description,
});

const group: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['statements'],
  properties: {
    context: {
      type: 'string',
      enum: ['log', 'scope', 'resource'],
      description: 'Whose fields need no prefix, and what the statements run once for. Found out by the prefixes when not given.',
    },
    error_mode: { type: 'string', enum: ERROR_MODES, description: 'As above, for this group.' },
    conditions: texts('One of them must hold, or the statements do not run.'),
    statements: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Statements in OTTL, run in order.' },
  },
};

const otherSignal = (signal: string): PropertySchema => ({
  type: 'array',
  default: [],
  description: `Accepted, so that a configuration can be shared. Concerns ${signal} only.`,
});

export const factory: ProcessorFactory<TransformConfig> = {
  kind: 'processor',
  type: 'transform',
  stability: 'beta',
  summary: 'Edits log records by statements in OTTL, the transformation language of the OpenTelemetry Collector.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      error_mode: {
        type: 'string',
        enum: ERROR_MODES,
        default: 'ignore',
        description:
          'When a statement fails on a record: go on with the next one and log it (ignore) or not (silent), or drop the record (propagate).',
      },
      flatten_data: {
        type: 'boolean',
        default: true,
        description: 'Accepted. A record whose resource or scope is edited always gets one of its own, as with true in the Collector.',
      },
      log_statements: {
        type: 'array',
        default: [],
        items: { anyOf: [{ type: 'string', minLength: 1 }, group], expected: 'a statement, or a group with statements' },
        description: 'Statements, or groups of them.',
      },
      trace_statements: otherSignal('traces'),
      metric_statements: otherSignal('metrics'),
      profile_statements: otherSignal('profiles'),
    },
  },
  check: (config) =>
    groupsOf(config).flatMap((own) => checkOttl(own, own.context).map(({ path, message }) => ({ path: placeOf(own, path), message }))),
  create: (config, _settings, next) => new Transform(config, next),
};

/** Statements without a group stand in the list itself. */
function placeOf({ first, isPlain }: Group, path: string): string {
  return isPlain ? `log_statements.${first + Number(path.split('.')[1])}` : `log_statements.${first}.${path}`;
}
