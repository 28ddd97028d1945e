import { size, type ConfigProblem, type ProcessorFactory, type PropertySchema } from '#component';
import type { TruncateConfig } from './config.ts';
import { parseSeverity } from './limits.ts';
import { TruncateProcessor } from './truncate.ts';

const whole = { type: 'integer', minimum: 0 } as const;

const limits = {
  body_max: { ...size, default: '64KiB', description: 'Bytes of a body, the note included.' },
  attribute_max: { ...size, default: '16KiB', description: 'Bytes of an attribute, and of each text inside of a list or map.' },
  attributes_max: {
    ...whole,
    default: 256,
    description: 'Attributes of a record, and entries of each map. Those after them are removed and counted.',
  },
  array_max: { ...whole, default: 1000, description: 'Elements of a list.' },
  depth_max: { ...whole, default: 16, description: 'How deep lists and maps may nest. What is deeper becomes text.' },
  stack_head: { ...whole, default: 20, description: 'Lines kept at the beginning of a stack trace.' },
  stack_tail: { ...whole, default: 10, description: 'Lines kept at its end. With 0 for both, stack traces are texts like others.' },
  record_max: { ...size, default: '256KiB', description: 'Bytes of a record in all. Its longest parts are cut.' },
} as const satisfies Readonly<Record<string, PropertySchema>>;

function withoutDefaults(): Record<string, PropertySchema> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, { default: _default, ...rest }]) => [
      name,
      { ...rest, description: `${rest.description} As for the others unless given.` },
    ]),
  );
}

export const factory: ProcessorFactory<TruncateConfig> = {
  kind: 'processor',
  type: 'truncate',
  stability: 'beta',
  summary: 'Cuts bodies, attributes, lists, stack traces and whole records that are too long, and says what it cut.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...limits,
      fields: {
        type: 'array',
        default: [],
        description: 'Limits of their own for attributes by name.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['attributes', 'max_chars'],
          properties: {
            attributes: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 }, description: 'Names of attributes.' },
            max_chars: {
              type: 'integer',
              minimum: 1,
              description: 'Characters that are kept before the note. Lists and maps are cut as JSON.',
            },
          },
        },
      },
      preset: {
        type: 'string',
        enum: ['none', 'llm_os'],
        default: 'none',
        description: 'llm_os: answers and results of LLM calls and tools keep 500 characters, parameters 1000.',
      },
      severities: {
        type: 'array',
        default: [],
        description: 'Other limits for records from a severity on.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['min_severity'],
          properties: {
            min_severity: { type: ['integer', 'string'], description: 'A name such as ERROR, or a SeverityNumber.' },
            ...withoutDefaults(),
          },
        },
      },
      note: {
        type: 'string',
        default: '... [truncated, {original} bytes]',
        description: 'What stands at the end of a text that was cut. {original} is its bytes, {removed} how many are missing.',
      },
      mark: { type: 'boolean', default: true, description: 'Whether a record that was cut says so in attributes.' },
    },
  },
  check: (config) => [...checkSeverities(config)],
  create: (config, _settings, next) => new TruncateProcessor(config, next),
};

function* checkSeverities({ severities }: TruncateConfig): Generator<ConfigProblem> {
  for (const [i, { min_severity: severity }] of severities.entries()) {
    if (parseSeverity(severity) !== undefined) continue;
    yield {
      path: `severities.${i}.min_severity`,
      message: `expected a name such as ERROR or a number from 1 to 24, got ${JSON.stringify(severity)}`,
    };
  }
}
