import type { ExporterFactory } from '#component';
import { checkDebugConfig, type DebugConfig } from './config.ts';
import { DebugExporter } from './debug-exporter.ts';

export const factory: ExporterFactory<DebugConfig> = {
  kind: 'exporter',
  type: 'debug',
  aliases: ['logging'],
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Prints log records to the terminal, readable.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      verbosity: {
        type: 'string',
        enum: ['basic', 'normal', 'detailed'],
        default: 'basic',
        description: 'How much is printed. basic: one line per batch. normal: one line per record. detailed: every field of every record.',
      },
      loglevel: {
        type: 'string',
        deprecated: true,
        description: 'Older form of `verbosity`: `debug` is `detailed`, all else `basic`.',
      },
      sampling_initial: {
        type: 'integer',
        minimum: 0,
        default: 2,
        description: 'Batches printed in each second before sampling begins.',
      },
      sampling_thereafter: {
        type: 'integer',
        minimum: 0,
        default: 1,
        description: 'Of the batches after these, every how many-th is printed. 1 means all, 0 none.',
      },
      output_paths: {
        type: 'array',
        minItems: 1,
        maxItems: 1,
        items: { type: 'string' },
        default: ['stdout'],
        description: 'Where to print: stdout or stderr.',
      },
      use_internal_logger: {
        type: 'boolean',
        default: true,
        description: 'Accepted. Records never go through the log of the agent itself.',
      },
      sending_queue: {
        type: ['object', 'null'],
        additionalProperties: true,
        default: {},
        description: 'Accepted. There is nothing to wait for.',
      },
    },
  },
  check: checkDebugConfig,
  create: (config, settings) => new DebugExporter(config, settings, config.output_paths[0] === 'stderr' ? process.stderr : process.stdout),
};
