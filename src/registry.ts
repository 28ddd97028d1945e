import type { Factory, Kind } from '#component';
import type { Signal } from '#model';
import type { Registry, RegistryEntry } from './config/index.ts';

function entry(
  kind: Kind,
  type: string,
  load: () => Promise<{ readonly factory: Factory }>,
  aliases: readonly string[] = [],
  signals?: readonly Signal[],
): RegistryEntry {
  return { kind, type, aliases, signals, load: async () => (await load()).factory };
}

/** Those that take spans too. */
const BOTH: readonly Signal[] = ['logs', 'traces'];

/**
 * The one list of built-in components. Kind, type and aliases are repeated here so that a component's code is loaded
 * only when a configuration names it; the contract tests compare them with the factory.
 */
export const registry: Registry = [
  entry('receiver', 'file_log', () => import('../receivers/file_log/index.ts'), ['filelog']),
  entry('receiver', 'http', () => import('../receivers/http/index.ts')),
  entry('receiver', 'internal', () => import('../receivers/internal/index.ts')),
  entry('receiver', 'kafka', () => import('../receivers/kafka/index.ts')),
  entry('receiver', 'otlp', () => import('../receivers/otlp/index.ts'), [], BOTH),
  entry('receiver', 'journald', () => import('../receivers/journald/index.ts')),
  entry('receiver', 'stdin', () => import('../receivers/stdin/index.ts')),
  entry('receiver', 'syslog', () => import('../receivers/syslog/index.ts')),
  entry('processor', 'anomaly', () => import('../processors/anomaly/index.ts')),
  entry('processor', 'attributes', () => import('../processors/attributes/index.ts')),
  entry('processor', 'batch', () => import('../processors/batch/index.ts'), [], BOTH),
  entry('processor', 'category', () => import('../processors/category/index.ts')),
  entry('processor', 'dedupe', () => import('../processors/dedupe/index.ts'), ['log_dedup', 'logdedup']),
  entry('processor', 'expand', () => import('../processors/expand/index.ts')),
  entry('processor', 'filter', () => import('../processors/filter/index.ts')),
  entry('processor', 'groupbyattrs', () => import('../processors/groupbyattrs/index.ts')),
  entry('processor', 'memory_limiter', () => import('../processors/memory_limiter/index.ts'), [], BOTH),
  entry('processor', 'multiline', () => import('../processors/multiline/index.ts'), ['recombine']),
  entry('processor', 'noise', () => import('../processors/noise/index.ts')),
  entry('processor', 'parse', () => import('../processors/parse/index.ts')),
  entry('processor', 'rate_limit', () => import('../processors/rate_limit/index.ts')),
  entry('processor', 'redact', () => import('../processors/redact/index.ts'), ['redaction']),
  entry('processor', 'resource', () => import('../processors/resource/index.ts'), [], BOTH),
  entry('processor', 'resource_detection', () => import('../processors/resource_detection/index.ts'), ['resourcedetection'], BOTH),
  entry('processor', 'sample', () => import('../processors/sample/index.ts'), ['probabilistic_sampler']),
  entry('processor', 'template', () => import('../processors/template/index.ts'), ['drain']),
  entry('processor', 'transform', () => import('../processors/transform/index.ts')),
  entry('processor', 'truncate', () => import('../processors/truncate/index.ts')),
  entry('exporter', 'debug', () => import('../exporters/debug/index.ts'), ['logging'], BOTH),
  entry('exporter', 'elasticsearch', () => import('../exporters/elasticsearch/index.ts')),
  entry('exporter', 'file', () => import('../exporters/file/index.ts')),
  entry('exporter', 'kafka', () => import('../exporters/kafka/index.ts')),
  entry('exporter', 'loki', () => import('../exporters/loki/index.ts')),
  entry('exporter', 'otlp', () => import('../exporters/otlp/index.ts'), ['otlp_grpc'], BOTH),
  entry('exporter', 'otlp_http', () => import('../exporters/otlp_http/index.ts'), ['otlphttp'], BOTH),
  entry('exporter', 'prometheus', () => import('../exporters/prometheus/index.ts')),
  entry('exporter', 'prometheus_remote_write', () => import('../exporters/prometheus_remote_write/index.ts'), ['prometheusremotewrite']),
  entry('connector', 'count', () => import('../connectors/count/index.ts')),
  entry('connector', 'failover', () => import('../connectors/failover/index.ts'), [], BOTH),
  entry('connector', 'forward', () => import('../connectors/forward/index.ts'), [], BOTH),
  entry('connector', 'round_robin', () => import('../connectors/round_robin/index.ts'), ['roundrobin'], BOTH),
  entry('connector', 'routing', () => import('../connectors/routing/index.ts')),
  entry('extension', 'basic_auth', () => import('../extensions/basic_auth/index.ts'), ['basicauth']),
  entry('extension', 'bearer_token_auth', () => import('../extensions/bearer_token_auth/index.ts'), ['bearertokenauth']),
  entry('extension', 'file_storage', () => import('../extensions/file_storage/index.ts')),
  entry('extension', 'health_check', () => import('../extensions/health_check/index.ts')),
  entry('extension', 'zpages', () => import('../extensions/zpages/index.ts'), ['pprof', 'memory_ballast']),
];
