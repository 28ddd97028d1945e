import { expect, test } from 'vitest';
import { ConfigError } from '#component';
import type { TelemetryConfig } from '../config/index.ts';
import { resolveTelemetry, type Surroundings, type TelemetrySettings } from './settings.ts';

/** As the loader fills it in for an empty configuration. */
const EMPTY: TelemetryConfig = {
  logs: {
    output_paths: ['stderr'],
    error_output_paths: ['stderr'],
    initial_fields: {},
    development: false,
    disable_caller: false,
    disable_stacktrace: false,
    disable_zap_resource: false,
    sampling: { enabled: true, tick: '10s', initial: 10, thereafter: 100 },
    processors: [],
  },
  metrics: { level: 'normal' },
  resource: {},
};

function resolve(config: Partial<TelemetryConfig>, surroundings: Partial<Surroundings> = {}): TelemetrySettings {
  return resolveTelemetry({ ...EMPTY, ...config }, { env: {}, isTerminal: false, version: '1.2.3', ...surroundings });
}

test('JSON in production or away from a terminal, readable on one, unless the configuration says', () => {
  const encodingOf = (...args: Parameters<typeof resolve>): string => resolve(...args).logs.encoding;

  expect(encodingOf({})).toBe('json');
  expect(encodingOf({}, { isTerminal: true })).toBe('readable');
  expect(encodingOf({}, { isTerminal: true, env: { APP_ENV: 'production' } })).toBe('json');
  expect(encodingOf({ logs: { ...EMPTY.logs, encoding: 'console' } })).toBe('readable');
  expect(resolve({}, { isTerminal: true, env: { NO_COLOR: '1' } }).logs.hasColors).toBe(false);
});

test('LOG_LEVEL wins over the configuration, and a wrong one is named', () => {
  const logs = { ...EMPTY.logs, level: 'warn' as const };

  expect(resolve({ logs }).logs.level).toBe('warn');
  expect(resolve({ logs }, { env: { LOG_LEVEL: 'DEBUG' } }).logs.level).toBe('debug');
  expect(() => resolve({}, { env: { LOG_LEVEL: 'loud' } })).toThrow('LOG_LEVEL: expected debug, info, warn or error, got "loud"');
});

test('metrics are on localhost:8888 unless configuration or environment say otherwise', () => {
  const prometheus = { host: '0.0.0.0', port: 9464, without_scope_info: true, without_type_suffix: false, without_units: true };

  expect(resolve({}).metrics).toEqual({ host: 'localhost', port: 8888, hasTypeSuffix: false, hasUnitSuffix: false });
  expect(resolve({ metrics: { level: 'none' } }).metrics).toBeUndefined();
  expect(resolve({ metrics: { level: 'normal', address: ':9000' } }).metrics).toMatchObject({ host: 'localhost', port: 9000 });
  const readers = [{ pull: { exporter: { prometheus } } }];
  expect(resolve({ metrics: { level: 'normal', readers } }).metrics).toEqual({
    host: '0.0.0.0',
    port: 9464,
    hasTypeSuffix: true,
    hasUnitSuffix: false,
  });
  expect(resolve({ metrics: { level: 'normal', readers } }, { env: { PROM_HOST: '::1', PROM_PORT: '0' } }).metrics).toMatchObject({
    host: '::1',
    port: 0,
  });
  expect(() => resolve({}, { env: { PROM_PORT: 'http' } })).toThrow(ConfigError);
});

test('the resource has the defaults of the agent, those set to null taken away', () => {
  const { resource } = resolve({
    resource: { 'service.name': 'edge', 'service.instance.id': null, 'deployment.environment.name': 'prod' },
  });

  expect(resource).toEqual({ 'service.name': 'edge', 'service.version': '1.2.3', 'deployment.environment.name': 'prod' });
});

test('an OTLP processor is read in the form of the Collector', () => {
  const batch = {
    schedule_delay: 5,
    export_timeout: 6,
    max_queue_size: 7,
    max_export_batch_size: 8,
    exporter: { otlp: { endpoint: 'http://backend:4318', headers: [{ name: 'x-key', value: 'v' }] } },
  };
  expect(resolve({ logs: { ...EMPTY.logs, processors: [{ batch }] } }).logs.otlp).toEqual([
    {
      url: 'http://backend:4318/v1/logs',
      headers: { 'x-key': 'v' },
      timeoutMs: 10_000,
      isCompressed: false,
      batch: { delayMs: 5, timeoutMs: 6, queueMax: 7, sizeMax: 8 },
    },
  ]);
});
