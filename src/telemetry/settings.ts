import { ConfigError, parseDuration } from '#component';
import type { LogsTelemetryConfig, MetricsTelemetryConfig, OtlpTelemetryConfig, TelemetryConfig } from '../config/index.ts';
import type { RepeatsSettings } from './repeats.ts';
import { parseLevel, type Level } from './level.ts';

export interface LogsSettings {
  readonly level: Level;
  readonly encoding: 'json' | 'readable';
  readonly hasColors: boolean;
  readonly hasStacks: boolean;
  /** `stderr`, `stdout` or files. */
  readonly outputs: readonly string[];
  readonly initialFields: Readonly<Record<string, unknown>>;
  readonly repeats: RepeatsSettings;
  readonly otlp: readonly OtlpLogsSettings[];
}

export interface OtlpLogsSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
  /** How lines are gathered. Missing: each is sent by itself. */
  readonly batch: { readonly delayMs: number; readonly timeoutMs: number; readonly queueMax: number; readonly sizeMax: number } | undefined;
}

export interface MetricsSettings {
  readonly host: string;
  readonly port: number;
  readonly hasTypeSuffix: boolean;
  readonly hasUnitSuffix: boolean;
}

export type ResourceAttributes = Readonly<Record<string, string | number | boolean>>;

export interface TelemetrySettings {
  readonly logs: LogsSettings;
  /** Missing when metrics are not exposed. */
  readonly metrics: MetricsSettings | undefined;
  readonly resource: ResourceAttributes;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly version: string;
}

/** What configuration and environment ask for. The environment wins: it is nearer to the person at the keyboard. */
export function resolveTelemetry(config: TelemetryConfig, surroundings: Surroundings): TelemetrySettings {
  return {
    logs: resolveLogs(config.logs, surroundings),
    metrics: resolveMetrics(config.metrics, surroundings.env),
    resource: resolveResource(config.resource, surroundings.version),
  };
}

function resolveLogs(logs: LogsTelemetryConfig, surroundings: Surroundings): LogsSettings {
  const { env, isTerminal } = surroundings;
  const encoding = encodingOf(logs, surroundings);
  return {
    level: levelOf(logs, env),
    encoding,
    hasColors: encoding === 'readable' && isTerminal && !env['NO_COLOR'],
    hasStacks: !logs.disable_stacktrace,
    outputs: logs.output_paths,
    initialFields: logs.initial_fields,
    repeats: { windowMs: logs.sampling.enabled ? parseDuration(logs.sampling.tick) : 0, shownMax: Math.max(1, logs.sampling.initial) },
    otlp: logs.processors.flatMap(({ batch, simple }) => {
      const otlp = (batch ?? simple)?.exporter.otlp;
      if (!otlp) return [];
      const gathering = batch && {
        delayMs: batch.schedule_delay,
        timeoutMs: batch.export_timeout,
        queueMax: batch.max_queue_size,
        sizeMax: batch.max_export_batch_size,
      };
      return [resolveOtlp(otlp, gathering)];
    }),
  };
}

function levelOf(logs: LogsTelemetryConfig, env: Surroundings['env']): Level {
  const variable = env['LOG_LEVEL'];
  const name = variable || (logs.level ?? 'info');
  const level = parseLevel(name);
  if (level) return level;
  const path = variable ? 'LOG_LEVEL' : 'service.telemetry.logs.level';
  throw new ConfigError([{ path, message: `expected debug, info, warn or error, got "${name}"` }]);
}

function encodingOf({ encoding }: LogsTelemetryConfig, { env, isTerminal }: Surroundings): 'json' | 'readable' {
  if (encoding) return encoding === 'json' ? 'json' : 'readable';
  return env['APP_ENV'] === 'production' || !isTerminal ? 'json' : 'readable';
}

function resolveOtlp(
  { endpoint, headers = {}, timeout, compression }: OtlpTelemetryConfig,
  batch: OtlpLogsSettings['batch'],
): OtlpLogsSettings {
  const url = URL.parse(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  if (!url) {
    const message = `expected a URL such as "http://localhost:4318", got "${endpoint}"`;
    throw new ConfigError([{ path: 'service.telemetry.logs.processors', message }]);
  }
  // An endpoint without a path gets the one of OTLP, as in the Collector.
  if (url.pathname === '/') url.pathname = '/v1/logs';
  const pairs = Array.isArray(headers) ? headers.map(({ name, value }) => [name, value] as const) : Object.entries(headers);
  return { url: url.href, headers: Object.fromEntries(pairs), timeoutMs: timeout ?? 10_000, isCompressed: compression === 'gzip', batch };
}

const DEFAULT_PORT = 8888;

function resolveMetrics({ level, address, readers }: MetricsTelemetryConfig, env: Surroundings['env']): MetricsSettings | undefined {
  if (level === 'none') return undefined;
  const prometheus = readers?.map(({ pull }) => pull?.exporter.prometheus).find((reader) => reader !== undefined);
  // Readers that send instead of being read take the page away, as in the Collector.
  if (readers && !prometheus) return undefined;
  const [, addressHost = '', addressPort] = /^(.*):(\d+)$/.exec(address ?? '') ?? [];
  return {
    host: env['PROM_HOST'] || (prometheus?.host ?? (addressHost || 'localhost')),
    port:
      portOf(env['PROM_PORT'], 'PROM_PORT') ?? prometheus?.port ?? portOf(addressPort, 'service.telemetry.metrics.address') ?? DEFAULT_PORT,
    hasTypeSuffix: prometheus?.without_type_suffix === false,
    hasUnitSuffix: prometheus?.without_units === false,
  };
}

function portOf(text: string | undefined, path: string): number | undefined {
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new ConfigError([{ path, message: `expected a port from 0 to 65535, got "${text}"` }]);
}

function resolveResource(config: TelemetryConfig['resource'], version: string): ResourceAttributes {
  const defaults = { 'service.name': 'winnow', 'service.version': version, 'service.instance.id': randomUuid() };
  const resource: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries({ ...defaults, ...config })) if (value !== null) resource[name] = value;
  return resource;
}

/** A UUID, version 4 (RFC 9562, section 5.4). It tells instances apart and guards nothing; `crypto` would load 4 MB for it. */
function randomUuid(): string {
  const digits = Array.from({ length: 32 }, (_, i) => {
    const random = Math.floor(Math.random() * 16);
    if (i === 12) return '4';
    return (i === 16 ? (random & 3) | 8 : random).toString(16);
  }).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
