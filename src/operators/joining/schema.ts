import { duration, size, type PropertySchema } from '#component';
import { JOINING_DEFAULTS, type JoiningConfig } from './config.ts';

const condition = {
  type: 'string',
  minLength: 1,
  expected: 'a condition such as body matches "^\\\\d{4}-"',
} as const;
const pattern = { type: 'string', minLength: 1 } as const;

export const joiningOptions: Readonly<Record<keyof JoiningConfig, PropertySchema>> = {
  is_first_entry: { ...condition, description: 'Records for which this is true begin a group.' },
  is_last_entry: { ...condition, description: 'Records for which this is true end a group.' },
  line_start_pattern: { ...pattern, description: 'Texts that match this begin a group: a pattern in RE2 syntax.' },
  line_end_pattern: { ...pattern, description: 'Texts that match this end a group.' },
  combine_field: { type: 'string', default: JOINING_DEFAULTS.combine_field, description: 'The text that is joined: body or an attribute.' },
  combine_with: { type: 'string', default: JOINING_DEFAULTS.combine_with, description: 'What stands between the texts.' },
  overwrite_with: {
    type: 'string',
    enum: ['oldest', 'newest'],
    default: JOINING_DEFAULTS.overwrite_with,
    description: 'The record whose time, severity and attributes the joined one has.',
  },
  source_identifier: {
    type: 'string',
    description: 'The attribute that tells sources apart. Default: file, stream, resource and sender.',
  },
  force_flush_period: {
    ...duration,
    default: JOINING_DEFAULTS.force_flush_period,
    description: 'A group is sent when its source has been silent for so long.',
  },
  max_batch_size: {
    type: 'integer',
    minimum: 1,
    default: JOINING_DEFAULTS.max_batch_size,
    description: 'Records that one group may have.',
  },
  max_log_size: {
    ...size,
    default: JOINING_DEFAULTS.max_log_size,
    description: 'Bytes that the joined text may have. 0: as many as max_held_bytes.',
  },
  max_unmatched_batch_size: {
    type: 'integer',
    minimum: 0,
    default: JOINING_DEFAULTS.max_unmatched_batch_size,
    description: 'Records joined before the first that begins a group. 1 joins none, 0 all.',
  },
  max_sources: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: JOINING_DEFAULTS.max_sources,
    description: 'Sources with an open group. The group of the one silent longest is sent for a new one.',
  },
  max_held_bytes: {
    ...size,
    minimum: 1,
    default: JOINING_DEFAULTS.max_held_bytes,
    description: 'Bytes of all open groups; beyond that the oldest are sent.',
  },
  unfinished_at_shutdown: {
    type: 'string',
    enum: ['auto', 'flush', 'abandon'],
    default: JOINING_DEFAULTS.unfinished_at_shutdown,
    description: 'Open groups are sent (flush) or left to the source (abandon). auto leaves those of files, which are read again.',
  },
};
