import type { Family, MetricsRegistry, Sample } from './metrics.ts';

export interface ExpositionOptions {
  /** `_total` behind counters. */
  readonly hasTypeSuffix: boolean;
  /** `_seconds` and `_bytes` behind metrics whose name does not tell their unit. */
  readonly hasUnitSuffix: boolean;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const UNITS: Readonly<Record<string, string>> = { otelcol_process_uptime: 'seconds', otelcol_process_memory_rss: 'bytes' };

/**
 * All metrics as Prometheus reads them, under the names that the Collector exposes by default, which are without
 * suffixes since version 0.150.
 */
export async function toPrometheusText(registry: MetricsRegistry, options: ExpositionOptions): Promise<string> {
  // Imported by the first scrape: it takes 8 MB and 40 ms, which an agent that nobody scrapes need not pay.
  const { Registry } = await import('prom-client');
  const exposition = new Registry();
  for (const family of [targetInfo(options), ...registry.families]) {
    const exposed = new ExposedFamily(family, nameOf(family, options));
    // prom-client asks of a metric only what ExposedFamily has; its type names its own four classes.
    exposition.registerMetric(exposed as unknown as Parameters<typeof exposition.registerMetric>[0]);
  }
  return exposition.metrics();
}

class ExposedFamily {
  readonly name: string;
  readonly #family: Family;

  constructor(family: Family, name: string) {
    this.name = name;
    this.#family = family;
  }

  async get(): Promise<object> {
    const { help, type, name: own } = this.#family;
    const values = this.#family.samples().map(({ name, labels, value }) => {
      return { metricName: this.name + name.slice(own.length), labels, value };
    });
    return { name: this.name, help, type, values, aggregator: 'sum' };
  }
}

function nameOf({ name, type }: Family, { hasTypeSuffix, hasUnitSuffix }: ExpositionOptions): string {
  const unit = hasUnitSuffix ? UNITS[name] : undefined;
  const withUnit = unit ? `${name}_${unit}` : name;
  return hasTypeSuffix && type === 'counter' ? `${withUnit}_total` : withUnit;
}

function targetInfo({ resource }: ExpositionOptions): Family {
  const labels = Object.fromEntries(Object.entries(resource).map(([key, value]) => [key.replace(/[^a-zA-Z0-9_]/g, '_'), String(value)]));
  const samples = (): Sample[] => [{ name: 'target_info', labels, value: 1 }];
  return { name: 'target_info', help: 'The agent itself.', type: 'gauge', samples };
}
