import { duration, size, type ConfigProblem, type ProcessorFactory } from '#component';
import { BatchProcessor, type BatchConfig } from './batch.ts';

export const factory: ProcessorFactory<BatchConfig> = {
  kind: 'processor',
  type: 'batch',
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Gathers log records of many small batches into larger ones, by number, bytes and time.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      timeout: {
        ...duration,
        default: '200ms',
        description: 'A record waits no longer than this, whatever the size of its batch. 0 sends at once.',
      },
      send_batch_size: {
        type: 'integer',
        minimum: 0,
        default: 8192,
        description: 'A batch is sent as soon as it has this many records. 0 sends at once.',
      },
      send_batch_max_size: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: 'Larger batches are split. 0 means no limit; otherwise at least send_batch_size.',
      },
      send_batch_bytes_max: {
        ...size,
        minimum: 1,
        default: '4MiB',
        description: 'A batch is sent as soon as its bodies and attributes take this many bytes, however few records it has.',
      },
      metadata_keys: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'Accepted. Receivers pass no request metadata on, so all records share one batch.',
      },
      metadata_cardinality_limit: {
        type: 'integer',
        minimum: 0,
        default: 1000,
        description: 'Accepted. See metadata_keys.',
      },
    },
  },
  check,
  create: (config, settings, next) => new BatchProcessor(config, settings, next),
};

function check(config: BatchConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { send_batch_size: enough, send_batch_max_size: max, metadata_keys: keys } = config;
  if (max > 0 && max < enough) {
    const message = `expected 0 or at least send_batch_size (${enough}), got ${max}; a batch would be split before it is full`;
    problems.push({ path: 'send_batch_max_size', message });
  }
  const seen = new Set<string>();
  for (const [i, key] of keys.entries()) {
    const name = key.toLowerCase();
    if (seen.has(name)) problems.push({ path: `metadata_keys.${i}`, message: `"${key}" is listed twice; case does not count` });
    seen.add(name);
  }
  return problems;
}
