import type { ProcessorFactory, PropertySchema } from '#component';
import { attributeActionsSchema, checkAttributeActions, keyValuesSchema } from '#operators';
import { AttributesProcessor, type AttributesConfig } from './attributes.ts';
import { checkMatch } from './match-config.ts';

const texts = (description: string): PropertySchema => ({ type: 'array', items: { type: 'string' }, description });

const match = (description: string): PropertySchema => ({
  type: 'object',
  additionalProperties: false,
  required: ['match_type'],
  description,
  properties: {
    match_type: { type: 'string', enum: ['strict', 'regexp'], description: 'Whether texts are compared or are patterns in RE2 syntax.' },
    regexp: { type: 'object', additionalProperties: true, description: 'Accepted. Nothing is cached.' },
    attributes: keyValuesSchema('Attributes that a record must have, all of them.'),
    resources: keyValuesSchema('Attributes that its resource must have, all of them.'),
    libraries: {
      type: 'array',
      description: 'What its scope must be, all of them.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string', description: 'Name of the scope.' },
          version: { type: ['string', 'null'], description: 'Its version. Without it, any.' },
        },
      },
    },
    log_bodies: texts('Texts or patterns of which the body must match one.'),
    log_severity_texts: texts('Texts or patterns of which the severity text must match one.'),
    log_severity_number: {
      type: 'object',
      additionalProperties: false,
      required: ['min'],
      description: 'The least severity.',
      properties: {
        min: { type: 'integer', minimum: 0, maximum: 24, description: 'SeverityNumber: 9 is INFO, 13 WARN, 17 ERROR.' },
        match_undefined: { type: 'boolean', description: 'Whether records without a severity match.' },
      },
    },
  },
});

export const factory: ProcessorFactory<AttributesConfig> = {
  kind: 'processor',
  type: 'attributes',
  stability: 'beta',
  summary: 'Sets, copies, deletes, hashes, extracts and converts attributes of log records.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['actions'],
    properties: {
      actions: attributeActionsSchema,
      include: match('Only records that match this are edited.'),
      exclude: match('Records that match this are not edited.'),
    },
  },
  check: (config) => [
    ...checkAttributeActions(config.actions).map(({ path, message }) => ({ path: `actions.${path}`, message })),
    ...(config.include ? checkMatch('include', config.include) : []),
    ...(config.exclude ? checkMatch('exclude', config.exclude) : []),
  ],
  create: (config, _settings, next) => new AttributesProcessor(config, next),
};
