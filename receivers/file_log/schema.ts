import { duration, size, type ConfigSchema, type PropertySchema } from '#component';
import { operatorsSchema } from '#operators';
import type { FileLogConfig } from './config.ts';

const globs = { type: 'array', items: { type: 'string', minLength: 1 } } as const;
const flag = { type: 'boolean', default: false } as const;

const multiline: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'Records of several lines. Exactly one of the two patterns (RE2).',
  properties: {
    line_start_pattern: { type: 'string', default: '', description: 'Matches where a record begins.' },
    line_end_pattern: { type: 'string', default: '', description: 'Matches where a record ends.' },
    omit_pattern: { ...flag, description: 'The matched text is no part of the record.' },
  },
};

const ordering: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'Reads only the first files of an order, for example the newest.',
  properties: {
    regex: { type: 'string', description: 'Pattern on the path with named groups to sort by. Other files are not read.' },
    top_n: { type: 'integer', minimum: 0, default: 1, description: 'Files read, of each group. 0 means 1.' },
    group_by: { type: 'string', description: 'Pattern on the path whose first group names the group.' },
    sort_by: {
      type: 'array',
      default: [],
      description: 'Rules, the most important first.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['sort_type'],
        properties: {
          sort_type: { type: 'string', enum: ['numeric', 'alphabetical', 'timestamp', 'mtime'], description: 'How keys compare.' },
          regex_key: { type: 'string', description: 'Named group of `regex` that is the key.' },
          ascending: { ...flag, description: 'Smallest first.' },
          layout: { type: 'string', description: 'Layout of the time as strptime writes it, for timestamp.' },
          location: { type: 'string', default: 'UTC', description: 'Zone of the timestamps.' },
        },
      },
    },
  },
};

const retry: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'What is done with records that the pipeline refuses, or gives up.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Offer them again. false drops what is refused.' },
    initial_interval: { ...duration, default: '1s', description: 'First pause.' },
    max_interval: { ...duration, default: '30s', description: 'Longest pause.' },
    max_elapsed_time: { ...duration, default: '0s', description: 'Refused records are dropped after this time. 0 means never.' },
  },
};

const attributeFlags = {
  include_file_name: { type: 'boolean', default: true, description: 'Attribute `log.file.name`.' },
  include_file_path: { ...flag, description: 'Attribute `log.file.path`.' },
  include_file_name_resolved: { ...flag, description: 'Attribute `log.file.name_resolved`: links followed.' },
  include_file_path_resolved: { ...flag, description: 'Attribute `log.file.path_resolved`: links followed.' },
  include_file_owner_name: { ...flag, description: 'Attribute `log.file.owner.name`.' },
  include_file_owner_group_name: { ...flag, description: 'Attribute `log.file.owner.group.name`.' },
  include_file_permissions: { ...flag, description: 'Attribute `log.file.permissions`, such as `640`.' },
  include_file_record_number: { ...flag, description: 'Attribute `log.file.record_number`, from 1; empty lines count.' },
  include_file_record_offset: { ...flag, description: 'Attribute `log.file.record_offset`, in bytes.' },
} as const;

const bounds = {
  max_concurrent_files: { type: 'integer', minimum: 1, default: 1024, description: 'Files open at once. More are read in turns.' },
  max_unsettled_bytes: { ...size, default: '32MiB', description: 'Reading pauses while so much is neither delivered nor on disk.' },
  max_unsettled_deliveries: {
    type: 'integer',
    minimum: 1,
    default: 16_384,
    description: 'Reading pauses while so many pieces are neither delivered nor on disk.',
  },
  read_chunk_size: { ...size, minimum: 4096, default: '1MiB', description: 'Read at once, and the share of a file in one turn.' },
  max_batch_records: { type: 'integer', minimum: 1, maximum: 65_535, default: 8192, description: 'Records in one batch.' },
} as const;

/** Options of the Collector that need nothing done here. */
const accepted = {
  initial_buffer_size: { ...size, default: '16KiB', description: 'Accepted; the buffer has `read_chunk_size`.' },
  max_batches: { type: 'integer', minimum: 0, default: 0, description: 'Accepted; files always take turns.' },
  polls_to_archive: { type: 'integer', minimum: 0, default: 0, description: 'Accepted; rotated files are remembered anyway.' },
  acquire_fs_lock: { ...flag, description: 'Not supported.' },
  file_cache_advise: { ...flag, description: 'Accepted, without effect.' },
  skip_unmodified_files: { ...flag, description: 'Accepted; unchanged files are never opened.' },
  header: { type: 'object', additionalProperties: true, description: 'Not supported.' },
} as const;

export const schema: ConfigSchema<FileLogConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['include'],
  properties: {
    include: { ...globs, minItems: 1, description: 'Globs of the files to follow.', examples: [['/var/log/app/*.log']] },
    exclude: { ...globs, default: [], description: 'Globs of files to leave out, compared with the paths that `include` gives.' },
    exclude_older_than: { ...duration, default: '0s', description: 'Files not written for longer are not begun. 0 means off.' },
    start_at: {
      type: 'string',
      enum: ['beginning', 'end'],
      default: 'end',
      description: 'Where files are begun that are there at the very first start. Files found later are read from the beginning.',
    },
    poll_interval: {
      ...duration,
      default: '200ms',
      description: 'How often files are looked at: growing ones a third more often, dormant ones at least once a second.',
    },
    watch: { type: 'boolean', default: false, description: 'Let the kernel tell of new files and of idle files that grow.' },
    fingerprint_size: { ...size, minimum: 16, default: 1000, description: 'First bytes of a file that tell it from others.' },
    max_log_size: { ...size, minimum: 1, default: '1MiB', description: 'Longest record.' },
    max_log_size_behavior: {
      type: 'string',
      enum: ['split', 'truncate'],
      default: 'split',
      description: 'A longer record becomes several, or is cut.',
    },
    encoding: {
      type: 'string',
      default: 'utf-8',
      description:
        'What the bytes mean: utf-8, utf-16le, utf-16be, latin1, ascii, nop (bytes as they are) or another name that IANA knows.',
    },
    multiline,
    force_flush_period: {
      ...duration,
      default: '500ms',
      description: 'A last line without its end is a record when nothing has followed for so long. 0 waits for ever.',
    },
    preserve_leading_whitespaces: { ...flag, description: 'Keep white space at the beginning of a record.' },
    preserve_trailing_whitespaces: { ...flag, description: 'Keep white space at the end of a record.' },
    ...attributeFlags,
    compression: {
      type: 'string',
      enum: ['', 'gzip', 'zstd', 'auto'],
      default: '',
      description: 'What the files are compressed with; auto looks at their first bytes.',
    },
    on_truncate: {
      type: 'string',
      enum: ['read_whole_file', 'read_new', 'ignore'],
      default: 'read_whole_file',
      description: 'What is read of a file that has become shorter and begins as before.',
    },
    delete_after_read: { ...flag, description: 'Delete files whose records are all safe. Needs `start_at: beginning`.' },
    ordering_criteria: ordering,
    attributes: { type: 'object', additionalProperties: { type: 'string' }, default: {}, description: 'Attributes of every record.' },
    resource: { type: 'object', additionalProperties: { type: 'string' }, default: {}, description: 'Attributes of the resource.' },
    operators: operatorsSchema,
    storage: { type: 'string', description: 'Id of the extension that keeps the positions. Default: the storage of the agent.' },
    retry_on_failure: retry,
    ...bounds,
    ...accepted,
  },
};
