import * as fs from 'node:fs';
import type { Clock, Facts, FileSystem, Host, Logger, Metrics, StatusName } from '#component';
import { FakeClock } from './fake-clock.ts';
import { MemoryStorage } from './memory-storage.ts';

interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Facts;
}

export interface TestHost extends Host {
  readonly clock: Clock;
  readonly lines: LogLine[];
  /** Values of counters and gauges; of a histogram by `name_sum` and `name_count`. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
  readonly reported: { status: StatusName; message: string | undefined }[];
  readonly fatals: unknown[];
}

export interface TestHostOptions {
  readonly id?: string;
  readonly clock?: Clock;
  readonly storage?: MemoryStorage;
  readonly fs?: FileSystem;
  readonly random?: () => number;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A host whose time, storage and output a test owns. */
export function createTestHost(options: TestHostOptions = {}): TestHost {
  const lines: LogLine[] = [];
  const counters = new Map<string, { value: number }>();
  const gauges = new Map<string, () => number>();
  const reported: TestHost['reported'] = [];
  const fatals: unknown[] = [];
  const storage = (options.storage ?? new MemoryStorage()).client(options.id ?? 'test');
  return {
    clock: options.clock ?? new FakeClock(),
    random: options.random ?? (() => 0.5),
    fs: options.fs ?? fs,
    log: createLogger(lines, {}),
    metrics: createMetrics(counters, gauges),
    storage,
    storageOf: () => storage,
    extension: <T>(id: string, isCapable: (extension: unknown) => extension is T): T => {
      const extension = options.extensions?.[id];
      if (!isCapable(extension)) throw new Error(`no extension ${id}`);
      return extension;
    },
    report: (status, message) => void reported.push({ status, message }),
    statuses: () => new Map(),
    fatal: (problem) => void fatals.push(problem),
    lines,
    reported,
    fatals,
    metric: (name, labels = {}) => {
      const id = idOf(name, labels);
      return counters.get(id)?.value ?? gauges.get(id)?.() ?? Number.NaN;
    },
  };
}

function idOf(name: string, labels: Readonly<Record<string, string>>): string {
  return name + JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function createLogger(lines: LogLine[], own: Facts): Logger {
  const at =
    (level: LogLine['level']) =>
    (message: string, facts: Facts = {}) =>
      void lines.push({ level, message, facts: { ...own, ...facts } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (facts) => createLogger(lines, { ...own, ...facts }),
  };
}

function createMetrics(counters: Map<string, { value: number }>, gauges: Map<string, () => number>): Metrics {
  const counter: Metrics['counter'] = (name, _help, labels = {}) => {
    const id = idOf(name, labels);
    const state = counters.get(id) ?? { value: 0 };
    counters.set(id, state);
    return {
      add: (amount) => void (state.value += amount),
      get value() {
        return state.value;
      },
    };
  };
  return {
    counter,
    gauge: (name, _help, read, labels = {}) => void gauges.set(idOf(name, labels), read),
    histogram: (name, help, _buckets, labels) => {
      const [sum, count] = [counter(`${name}_sum`, help, labels), counter(`${name}_count`, help, labels)];
      return {
        observe: (value) => {
          sum.add(value);
          count.add(1);
        },
      };
    },
  };
}
