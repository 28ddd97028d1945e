import type { HttpServerConfig } from '#net';

type Format = 'json' | 'ndjson' | 'text' | 'auto';
type Dialect = 'elasticsearch' | 'loki' | 'splunk_hec';

export interface PathConfig {
  path: string;
  format: Format;
  attributes: Readonly<Record<string, string>>;
}

/** Which members of a JSON object are more than attributes. */
export interface FieldsConfig {
  body: readonly string[];
  time: readonly string[];
  severity: readonly string[];
  trace_id: readonly string[];
  span_id: readonly string[];
}

/** What the operator writes. */
export interface HttpConfig extends HttpServerConfig {
  paths: readonly PathConfig[];
  dialects: readonly Dialect[];
  acknowledge: 'settled' | 'accepted';
  settle_timeout: string;
  fields: FieldsConfig;
  attributes: Readonly<Record<string, string>>;
  resource: Readonly<Record<string, string>>;
  attributes_from_headers: Readonly<Record<string, string>>;
  attributes_from_query: Readonly<Record<string, string>>;
  include_client_address: boolean;
  max_batch_records: number;
}
