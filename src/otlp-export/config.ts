import { size, type ConfigProblem, type PropertySchema } from '#component';
import { checkSendingQueue, retrySchema, sendingQueueSchema, type RetryConfig, type SendingQueueConfig } from '#queue';

/** What every exporter of OTLP can be told. */
export interface OtlpExportConfig {
  compression: 'gzip' | 'zstd' | 'none' | '';
  compression_params: { level: number };
  request_bytes_max: number | string;
  retry_on_failure: RetryConfig;
  sending_queue: SendingQueueConfig;
}

/** The options, for a component's own schema. */
export const otlpExportProperties: { readonly [Key in keyof OtlpExportConfig]-?: PropertySchema } = {
  compression: {
    type: 'string',
    enum: ['gzip', 'zstd', 'none', ''],
    expected: '"gzip", "zstd" or "none" (the other kinds of the Collector are not supported)',
    default: 'gzip',
    description: 'zstd is smaller and takes half the CPU time, if the backend understands it.',
  },
  compression_params: {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Settings of the compression.',
    properties: {
      level: {
        type: 'integer',
        minimum: -2,
        maximum: 22,
        default: 0,
        description: 'gzip: 1 to 9, -1 for 6. zstd: 1 to 22. 0 means 1, the fastest of both; the Collector takes 6 for gzip.',
      },
    },
  },
  request_bytes_max: {
    ...size,
    minimum: 1024,
    default: '4MiB',
    description: 'Size of a request before compression, unless one record is larger.',
  },
  retry_on_failure: { ...retrySchema, default: {}, description: 'When and how long to try again.' },
  sending_queue: { ...sendingQueueSchema, default: {}, description: 'The queue between the pipeline and the backend.' },
};

/** What the schema cannot say. */
export function otlpExportProblems(config: OtlpExportConfig): ConfigProblem[] {
  return [...compressionProblems(config), ...checkSendingQueue(config.sending_queue, { boundsBytes: true })];
}

function compressionProblems({ compression, compression_params: { level } }: OtlpExportConfig): ConfigProblem[] {
  const path = 'compression_params.level';
  if (compression === 'gzip' && level > 9) return [{ path, message: `expected -2 to 9 for gzip, got ${level}` }];
  if (compression === 'zstd' && level < 0) return [{ path, message: `expected 0 to 22 for zstd, got ${level}` }];
  return [];
}
