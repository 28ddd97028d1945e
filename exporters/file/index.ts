import { duration, type ExporterFactory } from '#component';
import { checkFileConfig, type FileConfig } from './config.ts';
import { FileExporter } from './file-exporter.ts';

export const factory: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  stability: 'beta',
  summary: 'Writes log records to a file, as OTLP or as plain JSON lines, and rotates it.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', minLength: 1, description: 'The file to write.', examples: ['/var/log/winnow/records.jsonl'] },
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
          max_days: { type: 'integer', minimum: 0, default: 0, description: 'Rotated files older than this are deleted. 0 means never.' },
          max_backups: { type: 'integer', minimum: 0, default: 100, description: 'Rotated files kept. 0 means all.' },
          localtime: { type: 'boolean', default: false, description: 'Local time instead of UTC in the names of rotated files.' },
        },
      },
      format: {
        type: 'string',
        enum: ['json', 'proto', 'flat_json'],
        default: 'json',
        description:
          'How records are written. json: one OTLP/JSON request per line. proto: OTLP requests in protobuf, each after its length in ' +
          '4 bytes, big-endian. flat_json: one readable object per record and line.',
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
      group_by: { type: 'object', additionalProperties: true, description: 'Not supported yet.' },
    },
  },
  check: checkFileConfig,
  create: (config, settings) => new FileExporter(config, settings),
};
