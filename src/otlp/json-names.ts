import type { Signal } from '#model';

/** What the levels of a request are called in OTLP/JSON. */
export interface LevelNames {
  readonly resources: string;
  readonly scopes: string;
  readonly records: string;
}

export const NAMES: Readonly<Record<Signal, LevelNames>> = {
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', records: 'logRecords' },
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', records: 'spans' },
};
