import { duration, parseDuration, size, type ConfigProblem, type ConfigSchema } from '#component';
import { headersOf, httpClientProblems, httpClientProperties, unusedHttpClientProperties, parseHttpUrl, type HttpClientConfig } from '#net';
import { retrySchema, type RetryConfig } from '#queue';
import { checkSeries, seriesProperties, type SeriesConfig } from '#series';

interface WriteQueueConfig {
  queue_size: number;
  bytes_max: number | string;
}

type Series = Omit<SeriesConfig, 'const_labels' | 'target_info'>;

export interface RemoteWriteConfig extends Series, HttpClientConfig {
  endpoint: string;
  interval: string;
  external_labels: Record<string, string>;
  target_info: { enabled: boolean };
  send_metadata: boolean;
  send_exemplars: boolean;
  max_samples_per_send: number;
  max_batch_size_bytes: number | string;
  retry_on_failure: RetryConfig;
  remote_write_queue: WriteQueueConfig;
}

const INTERVAL_MS_MIN = 1000;
/** What the protocol decides. */
const PROTOCOL_HEADERS = new Set(['content-type', 'content-encoding', 'content-length', 'x-prometheus-remote-write-version']);

const queueSchema: ConfigSchema<WriteQueueConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    queue_size: {
      type: 'integer',
      minimum: 1,
      default: 10_000,
      description: 'Requests that may wait, the one in flight included. For each one beyond, the oldest is dropped and counted.',
    },
    bytes_max: { ...size, minimum: 1024, default: '16MiB', description: 'The same for the bytes of the compressed requests.' },
  },
};

export const schema: ConfigSchema<RemoteWriteConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint'],
  properties: {
    endpoint: {
      type: 'string',
      minLength: 1,
      description: 'Where to push, used as it is.',
      examples: ['http://localhost:9090/api/v1/write'],
    },
    interval: { ...duration, default: '15s', description: 'How often every series is pushed; at least 1s.' },
    external_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that each series gets. A series without `job` or `instance` gets "winnow" and the name of the host.',
    },
    ...seriesProperties,
    target_info: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The attributes of each resource.',
      properties: { enabled: { type: 'boolean', default: true, description: 'Push them as labels of target_info.' } },
    },
    send_metadata: { type: 'boolean', default: false, description: 'Push type, help text and unit of each metric too.' },
    send_exemplars: { type: 'boolean', default: true, description: 'Push the last trace seen at each counter and bucket.' },
    max_samples_per_send: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      description: 'Samples in one request at most.',
    },
    max_batch_size_bytes: {
      ...size,
      minimum: 1024,
      default: 3_000_000,
      description: 'Size of a request before compression, unless one series is larger.',
    },
    ...unusedHttpClientProperties,
    ...httpClientProperties,
    timeout: { ...httpClientProperties.timeout, default: '5s' },
    retry_on_failure: { ...retrySchema, default: {}, description: 'When and how long to try again.' },
    remote_write_queue: { ...queueSchema, default: {}, description: 'Requests that wait for the backend, in memory.' },
  },
};

/** What the schema cannot say. */
export function check(config: RemoteWriteConfig): ConfigProblem[] {
  const { endpoint, headers, interval } = config;
  const problems: ConfigProblem[] = [];
  if (!parseHttpUrl(endpoint)) {
    const shown = endpoint.includes('@') ? '' : `, got "${endpoint}"`;
    problems.push({ path: 'endpoint', message: `expected an address that begins with http:// or https://${shown}` });
  }
  if (parseDuration(interval) < INTERVAL_MS_MIN) problems.push({ path: 'interval', message: `expected at least "1s", got "${interval}"` });
  for (const [name] of headersOf(headers)) {
    if (!PROTOCOL_HEADERS.has(name.toLowerCase())) continue;
    problems.push({ path: `headers.${name}`, message: 'the protocol says what is in this header; leave it out' });
  }
  return [...problems, ...httpClientProblems(config), ...checkSeries(seriesConfigOf(config), 'external_labels')];
}

/** The same in the terms of `#series`. */
export function seriesConfigOf(config: RemoteWriteConfig): SeriesConfig {
  return { ...config, const_labels: config.external_labels, target_info: config.target_info.enabled };
}
