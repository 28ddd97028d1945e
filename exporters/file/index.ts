import { duration, type ExporterFactory } from '#component';
import { checkFileConfig, type FileConfig } from './config.ts';
import { FileExporter } from './file-exporter.ts';

export const factory: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  stability: 'beta',
  summary: 'Writes log records to files, as OTLP, plain JSON or text, and rotates them.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        minLength: 1,
        description: 'The file to write. With group_by it has one `*`, where the value goes.',
        examples: ['/var/log/winnow/records.jsonl', '/var/log/winnow/*.jsonl'],
      },
      append: {
        type: 'boolean',
        default: true,
        description: 'Keep what the file has at start. false empties it, unless rotation is configured.',
      },
      rotation: {
        type: ['object', 'null'],
        additionalProperties: false,
        description: 'Rename the file when it has grown enough and begin a new one. `rotation:` alone takes all defaults.',
        properties: {
          max_megabytes: { type: 'integer', minimum: 1, default: 100, description: 'Size at which the file is renamed, in MiB.' },
          max_age: { ...duration, default: '0s', description: 'Age at which the file is renamed. 0 means never.' },
          at: {
            type: 'array',
            items: { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', expected: 'a time of day such as "00:00"' },
            default: [],
            description: 'Times of day at which the file is renamed, in UTC unless localtime is true.',
            examples: [['00:00']],
          },
          max_days: { type: 'integer', minimum: 0, default: 0, description: 'Rotated files older than this are deleted. 0 means never.' },
          max_backups: { type: 'integer', minimum: 0, default: 100, description: 'Rotated files kept. 0 means all.' },
          localtime: {
            type: 'boolean',
            default: false,
            description: 'Local time instead of UTC in the names of rotated files and in `at`.',
          },
          compression: {
            type: 'string',
            enum: ['none', 'gzip', 'zstd'],
            default: 'none',
            description: 'Rotated files are compressed in the background and get `.gz` or `.zst` behind their name.',
          },
        },
      },
      format: {
        type: 'string',
        enum: ['json', 'proto', 'flat_json', 'text'],
        default: 'json',
        description:
          'How records are written. json: one OTLP/JSON request per line. proto: OTLP requests in protobuf, each after its length in ' +
          '4 bytes, big-endian. flat_json: one readable object per record and line. text: a line of the template per record.',
      },
      template: {
        type: 'string',
        minLength: 1,
        default: '{time} {severity} {body}',
        description:
          'Line of `format: text`: {time}, {observed_time}, {severity}, {severity_number}, {body}, {event_name}, {trace_id}, {span_id}, ' +
          '{scope}, {attributes}, {resource}, {attributes.NAME}, {resource.NAME}. `{{` and `}}` are braces.',
      },
      newlines: {
        type: 'string',
        enum: ['escape', 'keep'],
        default: 'escape',
        description: 'With `format: text`: line ends inside of values are written as `\\n` and `\\r`, so that a record is a line, or kept.',
      },
      encoding: { type: 'string', description: 'Not supported.' },
      compression: {
        type: 'string',
        enum: ['', 'none', 'zstd'],
        default: '',
        description: 'With zstd each request is compressed, and its length put before it, in 4 bytes, big-endian, also with format json.',
      },
      compression_params: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Settings of the compression.',
        properties: { level: { type: 'integer', minimum: 0, maximum: 22, default: 0, description: 'Level of zstd. 0 means its default.' } },
      },
      flush_interval: {
        ...duration,
        default: '1s',
        description: 'How often `fsync: flush` writes to the disk, and how often a moved or deleted file is noticed.',
      },
      fsync: {
        type: 'string',
        enum: ['never', 'flush', 'always'],
        default: 'never',
        description:
          'When records count as safe. never: written to the kernel, which survives the death of the process. ' +
          'flush: on the disk, once every flush_interval. always: on the disk, after each write.',
      },
      create_directory: { type: 'boolean', default: false, description: 'Make the folder of the file if it is missing.' },
      directory_permissions: {
        type: 'string',
        pattern: '^0?[0-7]{3}$',
        expected: 'three octal digits such as "0700"',
        default: '0700',
        description: 'Mode of a folder that is made.',
      },
      group_by: {
        type: ['object', 'null'],
        additionalProperties: false,
        description: 'One file for each value of an attribute.',
        properties: {
          enabled: { type: 'boolean', description: 'Has to be written when another option of group_by is.' },
          resource_attribute: {
            type: 'string',
            minLength: 1,
            default: 'fileexporter.path_segment',
            description: 'The resource attribute with the value.',
          },
          attribute: {
            type: 'string',
            default: '',
            description: 'The log attribute with the value, instead of the resource attribute.',
            examples: ['winnow.category'],
          },
          fallback: { type: 'string', minLength: 1, default: '_', description: 'The value of records that have none.' },
          max_open_files: { type: 'integer', minimum: 1, default: 100, description: 'Files open at once.' },
          max_files: {
            type: 'integer',
            minimum: 1,
            default: 10_000,
            description: 'Values with a file of their own since the start; the records of further ones go to the fallback file.',
          },
        },
      },
    },
  },
  check: checkFileConfig,
  fileOf: ({ path }) => path,
  create: (config, settings) => new FileExporter(config, settings),
};
