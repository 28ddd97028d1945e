import { duration, parseSize, size, type ConfigProblem, type ConfigSchema } from '#component';

export interface DeadLetterConfig {
  enabled: boolean;
  /** Without it: `dead-letter.ndjson` in the component's folder of the storage. */
  path?: string;
  max_size: number | string;
  max_records: number;
}

/** How the Collector's queue joins requests. Here that is the pipeline's work. */
interface QueueBatchConfig {
  flush_timeout: string;
  min_size: number | string;
  max_size: number | string;
  sizer: 'items' | 'bytes';
}

/** The Collector's keys, with defaults that lose nothing, and a few of ours. */
export interface SendingQueueConfig {
  enabled: boolean;
  num_consumers: number;
  wait_for_result: boolean;
  block_on_overflow: boolean;
  sizer: 'requests' | 'items' | 'bytes';
  queue_size: number | string;
  bytes_max?: number | string;
  storage?: string;
  batch?: QueueBatchConfig;
  on_destination_error: 'hold' | 'drop';
  dead_letter: DeadLetterConfig;
}

export interface RetryConfig {
  enabled: boolean;
  initial_interval: string;
  randomization_factor: number;
  multiplier: number;
  max_interval: string;
  max_elapsed_time: string;
}

const deadLetterSchema: ConfigSchema<DeadLetterConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      default: true,
      description: 'Write records that the backend refuses for good to a file before they are dropped.',
    },
    path: {
      type: 'string',
      minLength: 1,
      description: 'The file. By default `dead-letter.ndjson` in the storage folder of the component.',
    },
    max_size: { ...size, default: '16MiB', description: 'Bytes on disk at most; beyond, the older half of the letters is deleted.' },
    max_records: {
      type: 'integer',
      minimum: 2,
      default: 10_000,
      description: 'Letters at most; beyond, the older half is deleted. A letter holds one refused request, mostly a single record.',
    },
  },
};

const NO_BATCHES = 'Accepted and without effect: requests hold what the pipeline gives at once. The `batch` processor makes them larger.';

const queueBatchSchema: ConfigSchema<QueueBatchConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    flush_timeout: { ...duration, default: '200ms', description: NO_BATCHES },
    min_size: { ...size, default: 8192, description: NO_BATCHES },
    max_size: {
      ...size,
      default: 0,
      description:
        'With `sizer: bytes` the size of a request at most, for `otlp_http`. Otherwise only 0, no bound, is supported: `send_batch_max_size` of the `batch` processor is one.',
    },
    sizer: { type: 'string', enum: ['items', 'bytes'], default: 'items', description: 'What the sizes count: log records or bytes.' },
  },
};

export const sendingQueueSchema: ConfigSchema<SendingQueueConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      default: true,
      description: 'Without a queue the pipeline waits for the answer of the backend to each batch.',
    },
    num_consumers: {
      type: 'integer',
      minimum: 1,
      default: 10,
      description: 'Requests in flight at most. Of one source there is at most one, so that its order is kept.',
    },
    wait_for_result: {
      type: 'boolean',
      default: false,
      description: 'Take the next batch only when the backend has answered for this one. Not together with `storage`.',
    },
    block_on_overflow: {
      type: 'boolean',
      default: true,
      description:
        'A full queue slows the sources down. With `false` it refuses, and the receiver tells its sender. The Collector has `false`.',
    },
    sizer: {
      type: 'string',
      enum: ['requests', 'items', 'bytes'],
      default: 'requests',
      description: 'What `queue_size` counts: requests, log records (`items`) or bytes of the bodies.',
    },
    queue_size: {
      ...size,
      minimum: 1,
      default: 1000,
      description: 'How much may wait, requests in flight included, in the unit of `sizer`.',
    },
    bytes_max: {
      ...size,
      description: 'Bytes of the bodies that may wait, whatever the `sizer`. By default 16MiB in memory and 1GiB with `storage`.',
    },
    storage: {
      type: 'string',
      minLength: 1,
      description:
        'The `file_storage` extension to keep the queue in. Without it the queue lives in memory, and sources read again after a restart what was not answered.',
    },
    batch: { ...queueBatchSchema, description: 'How the Collector joins requests in its queue.' },
    on_destination_error: {
      type: 'string',
      enum: ['hold', 'drop'],
      default: 'hold',
      description:
        'What to do when the destination is at fault (401, 403, 404, a certificate): keep the data and try now and then until it is mended, or drop and count them.',
    },
    dead_letter: { ...deadLetterSchema, default: {}, description: 'Where records go that the backend refuses for good.' },
  },
};

export const retrySchema: ConfigSchema<RetryConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Try again what failed for a reason that passes.' },
    initial_interval: { ...duration, default: '5s', description: 'Wait after the first failure.' },
    randomization_factor: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Each wait is longer or shorter by up to this share of it, so that many agents do not come at once.',
    },
    multiplier: { type: 'number', minimum: 1, default: 1.5, description: 'Each further wait is longer by this factor.' },
    max_interval: { ...duration, default: '30s', description: 'The longest wait, unless the backend asks for a longer one.' },
    max_elapsed_time: {
      ...duration,
      default: '0s',
      description: 'Give up on a request after this time; `0s` never does. The Collector gives up, and loses the data, after 300s.',
    },
  },
};

/** What `batch` says of the bytes of a request; Infinity when it says nothing. */
export function requestBytesMaxOf({ batch }: SendingQueueConfig): number {
  return (batch?.sizer === 'bytes' && parseSize(batch.max_size)) || Infinity;
}

/** What the schemas cannot say. `boundsBytes`: the exporter keeps to `requestBytesMaxOf`. */
export function checkSendingQueue(
  config: SendingQueueConfig,
  { boundsBytes = false }: { readonly boundsBytes?: boolean } = {},
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.wait_for_result && config.storage !== undefined) {
    const message = 'cannot be true together with "storage": a queue on disk answers before the backend does; leave one of them out';
    problems.push({ path: 'sending_queue.wait_for_result', message });
  }
  const isBound = config.batch?.sizer === 'bytes' && boundsBytes;
  if (config.batch && !isBound && parseSize(config.batch.max_size) > 0) {
    const message = 'is not supported; put a "batch" processor with "send_batch_max_size" at the end of the pipeline, and leave this out';
    problems.push({ path: 'sending_queue.batch.max_size', message });
  }
  return problems;
}
