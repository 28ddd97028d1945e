import { duration, size, type ProcessorFactory } from '#component';
import { COLLECTOR_NAMES, checkDedupe, type DedupeConfig } from './config.ts';
import { Dedupe } from './dedupe.ts';
import { TemplateEncoder } from './template-encoder.ts';

export const factory: ProcessorFactory<DedupeConfig> = {
  kind: 'processor',
  type: 'dedupe',
  aliases: COLLECTOR_NAMES,
  stability: 'alpha',
  summary: 'Lets the first of equal log records pass and sums up the others, window by window.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      interval: {
        ...duration,
        default: '10s',
        description: 'Length of a window, in the time of the records; it also closes after as long by the clock.',
      },
      by: {
        type: 'string',
        enum: ['content', 'template'],
        default: 'content',
        description: 'What makes records equal: all they say, or the template that the `template` processor has found.',
      },
      template_variables: {
        type: 'array',
        items: { type: 'integer', minimum: 0 },
        default: [],
        description: 'With `by: template`: variables that have to be equal too, counted from 0.',
      },
      include_fields: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'Only these fields count: `body`, `body.user.id`, `attributes.code`; a dot in a name may be written `\\.`.',
      },
      exclude_fields: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'Fields of body or attributes that do not count.',
      },
      conditions: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'OTTL conditions. Records for which none of them is true pass untouched; without conditions all are meant.',
      },
      pass_severity: {
        type: ['integer', 'string'],
        expected: 'none, a name such as ERROR or a number from 1 to 24',
        description: 'Records of this severity and above pass untouched. `ERROR` if it is not written; under the name `log_dedup` `none`.',
      },
      log_count_attribute: {
        type: 'string',
        minLength: 1,
        description:
          'Name of the attribute with the count. `winnow.dedupe.count` if it is not written; under the name `log_dedup` `log_count`.',
      },
      timezone: { type: 'string', default: 'UTC', description: 'Time zone in which first and last time are written.' },
      samples: {
        type: 'integer',
        minimum: 0,
        maximum: 100,
        default: 3,
        description: 'How many examples of what differed a summary carries, unless the whole content counts.',
      },
      max_keys: {
        type: 'integer',
        minimum: 1,
        maximum: 16_777_216,
        default: 65_536,
        description: 'Windows open at once. When there is one more, the oldest is summed up early.',
      },
      max_held_bytes: {
        ...size,
        minimum: 1,
        default: '16MiB',
        description: 'Bytes held for summaries. When there are more, the oldest windows are summed up early.',
      },
      hold_max: {
        ...duration,
        default: '200ms',
        description: 'Counted records are in storage after at most so long, and are then settled. `0s` stores nothing.',
      },
      storage: {
        type: 'string',
        description: 'The file_storage extension that keeps what is counted, such as `file_storage/main`, instead of the default one.',
      },
      encode: {
        type: 'string',
        enum: ['none', 'template'],
        default: 'none',
        description: '`template`: nothing is summed up; records travel as template and variables, and `expand` restores them.',
      },
      encode_refresh: {
        ...duration,
        default: '1m',
        description: 'With `encode: template`: how often the text of a template travels again.',
      },
    },
  },
  check: checkDedupe,
  create: (config, settings, next) =>
    config.encode === 'template' ? new TemplateEncoder(config, settings, next) : new Dedupe(config, settings, next),
};
