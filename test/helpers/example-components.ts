import {
  duration,
  size,
  type ConfigProblem,
  type ConnectorFactory,
  type Consumer,
  type ExporterFactory,
  type ExtensionFactory,
  type Factory,
  type ProcessorFactory,
  type ReceiverFactory,
} from '#component';
import type { Registry, RegistryEntry } from '../../src/config/index.ts';

export interface TailConfig {
  include: string[];
  start_at: string;
  poll_interval: string;
  max_log_size: number | string;
  operators: unknown[];
}

export interface DedupeConfig {
  interval: string;
  max_keys: number;
  rotation?: { max_megabytes: number; localtime: boolean };
}

export interface SendConfig {
  endpoint: string;
  headers: Record<string, string>;
  compression: string;
  tls: { insecure: boolean; ca_file?: string };
  sending_queue: { enabled: boolean; queue_size: number; max_bytes?: number };
  password?: string;
}

const idle = { start: async (): Promise<void> => {}, shutdown: async (): Promise<void> => {} };
const passOn = (next: Consumer): Consumer => ({ mutates: false, consume: (batch) => next.consume(batch) });
const settle: Consumer = { mutates: false, consume: async (batch) => batch.settleDurable() };

const operator = (type: string, more: Record<string, object>): object => ({
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: { type: { type: 'string', const: type }, on_error: { type: 'string', enum: ['send', 'drop'], default: 'send' }, ...more },
});

/** A receiver whose options have every form a schema can express. */
export const tail: ReceiverFactory<TailConfig> = {
  kind: 'receiver',
  type: 'file_log',
  aliases: ['filelog'],
  stability: 'alpha',
  summary: 'Reads nothing.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['include'],
    properties: {
      include: { type: 'array', items: { type: 'string' }, minItems: 1, description: 'Which files.' },
      start_at: { type: 'string', enum: ['beginning', 'end'], default: 'end', description: 'Where to begin.' },
      poll_interval: { ...duration, default: '200ms', description: 'How often to look.' },
      max_log_size: { ...size, default: '1MiB', description: 'Longest line.' },
      operators: {
        type: 'array',
        default: [],
        description: 'What is done to each line.',
        items: {
          discriminator: { propertyName: 'type' },
          oneOf: [
            operator('json_parser', { parse_to: { type: 'string', default: 'attributes' } }),
            operator('regex_parser', { regex: { type: 'string' } }),
          ],
        },
      },
    },
  },
  create: () => idle,
};

export const dedupe: ProcessorFactory<DedupeConfig> = {
  kind: 'processor',
  type: 'dedupe',
  stability: 'alpha',
  summary: 'Passes everything on.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      interval: { ...duration, default: '10s', description: 'Length of a window, in event time.' },
      max_keys: { type: 'integer', minimum: 1, default: 10_000, description: 'Records remembered at once.' },
      rotation: {
        type: 'object',
        additionalProperties: false,
        description: 'Rotates when it is there.',
        properties: {
          max_megabytes: { type: 'integer', minimum: 1, default: 100, description: 'Largest file.' },
          localtime: { type: 'boolean', default: false, description: 'Names in local time.' },
        },
      },
    },
  },
  check: (config): ConfigProblem[] => (config.interval === '13s' ? [{ path: 'interval', message: 'expected another number than 13' }] : []),
  create: (_config, _settings, next) => ({ ...idle, ...passOn(next) }),
};

export const send: ExporterFactory<SendConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  stability: 'alpha',
  summary: 'Takes everything.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['endpoint'],
    properties: {
      endpoint: { type: 'string', minLength: 1, expected: 'a URL', description: 'Where to send.' },
      headers: { type: 'object', additionalProperties: { type: 'string', secret: true }, default: {}, description: 'Headers.' },
      compression: { type: 'string', enum: ['gzip', 'zstd', 'none', ''], default: 'gzip', description: 'How bodies are compressed.' },
      tls: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'How to trust.',
        properties: {
          insecure: { type: 'boolean', default: false, description: 'No TLS.' },
          ca_file: { type: 'string', description: 'Whom to trust.' },
        },
      },
      sending_queue: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'What waits.',
        properties: {
          enabled: { type: 'boolean', default: true, description: 'Whether there is one.' },
          queue_size: { type: 'integer', minimum: 1, default: 1000, description: 'How many may wait.' },
          max_bytes: { type: 'integer', minimum: 1, description: 'How much may wait.' },
        },
      },
      password: { type: 'string', secret: true, description: 'Who we are.' },
    },
  },
  create: () => ({ ...idle, ...settle }),
};

export const debug: ExporterFactory<{ verbosity: string }> = {
  kind: 'exporter',
  type: 'debug',
  stability: 'alpha',
  summary: 'Takes everything.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { verbosity: { type: 'string', default: 'basic', description: 'How much is told.' } },
  },
  create: () => ({ ...idle, ...settle }),
};

/** A connector that names pipelines. */
const route: ConnectorFactory<{ default_pipelines: string[] }> = {
  kind: 'connector',
  type: 'routing',
  stability: 'alpha',
  summary: 'Goes by one way.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { default_pipelines: { type: 'array', items: { type: 'string' }, default: [], description: 'Where to.' } },
  },
  pipelinesOf: (config) => config.default_pipelines.map((pipeline, i) => ({ path: `default_pipelines.${i}`, pipeline })),
  create: (_config, _settings, outlets) => ({ ...idle, ...passOn(outlets.to(outlets.pipelines)) }),
};

const forward: ConnectorFactory<Record<string, never>> = {
  kind: 'connector',
  type: 'forward',
  stability: 'alpha',
  summary: 'Passes everything on.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  create: (_config, _settings, outlets) => ({ ...idle, ...passOn(outlets.to(outlets.pipelines)) }),
};

const storage: ExtensionFactory<{ directory: string }> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'alpha',
  summary: 'Stores nothing.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { directory: { type: 'string', default: '/var/lib/winnow', description: 'Where.' } },
  },
  create: () => idle,
};

export function entryOf(factory: Factory): RegistryEntry {
  return { kind: factory.kind, type: factory.type, aliases: factory.aliases ?? [], load: async () => factory };
}

/** A registry of components that do nothing, for tests of what comes before they run. */
export const exampleRegistry: Registry = [tail, dedupe, send, debug, route, forward, storage].map(entryOf);
