import type { ProcessorFactory, PropertySchema } from '#component';
import { Category, type CategoryConfig } from './category.ts';
import { checkRules } from './check.ts';
import { PRESETS } from './presets.ts';

const texts = (description: string): PropertySchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  minItems: 1,
  description,
});

export const factory: ProcessorFactory<CategoryConfig> = {
  kind: 'processor',
  type: 'category',
  stability: 'alpha',
  summary: 'Names the category of each record by rule, for routing and for one file a category.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rules: {
        type: 'array',
        default: [],
        description: 'Asked in order, before those of the preset; the first that matches names the category.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['category'],
          properties: {
            category: {
              type: 'string',
              minLength: 1,
              description: 'The name. {1} stands for what the first * of the pattern in loggers, services or paths has matched.',
            },
            if: { type: 'string', minLength: 1, description: 'A condition in OTTL.' },
            loggers: texts('Patterns of which the logger must match one. * stands for any characters, ? for one.'),
            services: texts('Patterns of which service.name of the resource must match one.'),
            paths: texts('Patterns of which the path or the name of the file must match one.'),
            keywords: texts('Words of which the text of the body must have one, whole, in any case.'),
            attributes: texts('Attributes of which the record must have one: NAME, or NAME=VALUE for a text.'),
            severity: {
              type: 'string',
              enum: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'],
              description: 'The least severity.',
            },
          },
        },
      },
      preset: {
        type: 'string',
        enum: ['none', ...Object.keys(PRESETS)],
        default: 'none',
        description:
          'Rules that come with the program: llm_os (user, system, tool, llm, security, performance) or plugin_logs (the name of the agent).',
      },
      default: {
        type: 'string',
        default: '',
        description: 'Category of records that no rule matches. Empty: they get none, or the one of the preset.',
      },
      attribute: { type: 'string', minLength: 1, default: 'winnow.category', description: 'Where the name is written.' },
      override: { type: 'boolean', default: false, description: 'Whether a category that a record has already is replaced.' },
      logger_attributes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: ['logger', 'logger.name', 'log.logger', 'code.namespace'],
        description: 'Attributes that name the logger where the scope of a record does not.',
      },
    },
  },
  check: checkRules,
  create: (config, _settings, next) => new Category(config, next),
};
