import { duration, parseDuration, type ConfigProblem, type ConfigSchema } from '#component';
import type { Signal } from '#model';
import { httpClientProblems, httpClientProperties, parseHttpUrl, type HttpClientConfig } from '#net';
import { otlpExportProblems, otlpExportProperties, type OtlpExportConfig } from '#otlp-export';

interface KeepaliveConfig {
  enabled: boolean;
  idle_conn_timeout: string;
  max_idle_conns: number;
  max_idle_conns_per_host: number;
}

export interface OtlpHttpConfig extends HttpClientConfig, OtlpExportConfig {
  endpoint: string;
  logs_endpoint: string;
  traces_endpoint: string;
  metrics_endpoint: string;
  profiles_endpoint: string;
  encoding: 'proto' | 'json';
  max_conns_per_host: number;
  keepalive?: KeepaliveConfig;
  max_idle_conns?: number;
  max_idle_conns_per_host?: number;
  idle_conn_timeout?: string;
  disable_keep_alives?: boolean;
  read_buffer_size: number;
  write_buffer_size: number;
  force_attempt_http2: boolean;
  http2_read_idle_timeout: string;
  http2_ping_timeout: string;
}

const NO_EFFECT = 'Accepted and without effect';
const unused = (what: string): string => `${NO_EFFECT}: ${what}`;
const otherSignal = { type: 'string', default: '', description: unused('only logs and traces are sent.') } as const;

const keepaliveSchema: ConfigSchema<KeepaliveConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Keep connections for further requests.' },
    idle_conn_timeout: {
      ...duration,
      default: '90s',
      description: 'How long an idle connection is kept; `0s` until the server closes it.',
    },
    max_idle_conns: { type: 'integer', minimum: 0, default: 100, description: 'Idle connections kept at most; 0 means no bound.' },
    max_idle_conns_per_host: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'The same for each host; 0 means as many as `sending_queue.num_consumers`.',
    },
  },
};

export const schema: ConfigSchema<OtlpHttpConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      default: '',
      description: 'Base address of the backend; `/v1/logs` or `/v1/traces` is added. This or the full address must be given.',
      examples: ['http://localhost:4318'],
    },
    logs_endpoint: { type: 'string', default: '', description: 'Full address for logs, used as it is.' },
    traces_endpoint: {
      type: 'string',
      default: '',
      description: 'Full address for traces, used as it is. Without it, `endpoint` with `/v1/traces` added.',
    },
    metrics_endpoint: otherSignal,
    profiles_endpoint: otherSignal,
    encoding: { type: 'string', enum: ['proto', 'json'], default: 'proto', description: 'Format of the requests: protobuf or OTLP/JSON.' },
    ...otlpExportProperties,
    ...httpClientProperties,
    max_conns_per_host: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Connections at most; 0 means as many as `num_consumers`.',
    },
    keepalive: { ...keepaliveSchema, description: 'How connections are kept.' },
    max_idle_conns: { type: 'integer', minimum: 0, deprecated: true, description: 'Older form of `keepalive.max_idle_conns`.' },
    max_idle_conns_per_host: {
      type: 'integer',
      minimum: 0,
      deprecated: true,
      description: 'Older form of `keepalive.max_idle_conns_per_host`.',
    },
    idle_conn_timeout: { ...duration, deprecated: true, description: 'Older form of `keepalive.idle_conn_timeout`.' },
    disable_keep_alives: { type: 'boolean', deprecated: true, description: 'Older form of `keepalive.enabled`, the other way round.' },
    read_buffer_size: { type: 'integer', minimum: 0, default: 0, description: unused('Node sizes its buffers itself.') },
    write_buffer_size: { type: 'integer', minimum: 0, default: 524_288, description: unused('bodies are sent from where they are.') },
    force_attempt_http2: { type: 'boolean', default: true, description: unused('requests are sent in HTTP/1.1.') },
    http2_read_idle_timeout: { ...duration, default: '0s', description: unused('see `force_attempt_http2`.') },
    http2_ping_timeout: { ...duration, default: '0s', description: unused('see `force_attempt_http2`.') },
  },
};

/** What the schema cannot say. Header values and passwords stay out of the messages. */
export function check(config: OtlpHttpConfig): ConfigProblem[] {
  return [...endpointProblems(config), ...httpClientProblems(config), ...keepaliveProblems(config), ...otlpExportProblems(config)];
}

function endpointProblems({ endpoint, logs_endpoint: logs, traces_endpoint: traces }: OtlpHttpConfig): ConfigProblem[] {
  if (endpoint === '' && logs === '' && traces === '') {
    return [{ path: 'endpoint', message: 'expected "endpoint" or "logs_endpoint", such as "http://localhost:4318"; neither is given' }];
  }
  const problems: ConfigProblem[] = [];
  for (const [path, text] of Object.entries({ endpoint, logs_endpoint: logs, traces_endpoint: traces })) {
    if (text === '' || parseHttpUrl(text)) continue;
    const shown = text.includes('@') ? '' : `, got "${text}"`;
    problems.push({ path, message: `expected an address that begins with http:// or https://${shown}` });
  }
  return problems;
}

function keepaliveProblems(config: OtlpHttpConfig): ConfigProblem[] {
  const older = ['max_idle_conns', 'max_idle_conns_per_host', 'idle_conn_timeout', 'disable_keep_alives'] as const;
  if (config.keepalive === undefined) return [];
  return older
    .filter((key) => config[key] !== undefined)
    .map((path) => ({ path, message: 'cannot be given together with "keepalive"; move it there' }));
}

/** Where requests of a signal go; undefined when the configuration, which has been checked, does not say so. */
export function urlOf(config: OtlpHttpConfig, signal: Signal): URL | undefined {
  const own = signal === 'traces' ? config.traces_endpoint : config.logs_endpoint;
  if (own !== '') return new URL(own);
  if (config.endpoint === '') return undefined;
  const url = new URL(config.endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${signal}`;
  return url;
}

export interface Connections {
  readonly keepAlive: boolean;
  readonly idleMs: number;
  readonly idleConnectionsMax: number;
}

export function connectionsOf(config: OtlpHttpConfig): Connections {
  const { keepalive } = config;
  const perHost = (keepalive?.max_idle_conns_per_host ?? config.max_idle_conns_per_host ?? 0) || config.sending_queue.num_consumers;
  const all = (keepalive?.max_idle_conns ?? config.max_idle_conns ?? 100) || Number.POSITIVE_INFINITY;
  return {
    keepAlive: keepalive?.enabled ?? config.disable_keep_alives !== true,
    idleMs: parseDuration(keepalive?.idle_conn_timeout ?? config.idle_conn_timeout ?? '90s'),
    idleConnectionsMax: Math.min(perHost, all),
  };
}
