import { parseDuration } from '#component';
import type { LogBatch } from '#model';
import type { Environment } from '#ottl';
import { BuiltIn } from './built-in.ts';
import type { MetricConfig, SeriesConfig } from './config.ts';
import { escapeLabel, exposeFamily, type Format } from './exposition.ts';
import { Family, type FamilySettings, type Leaves } from './family.ts';
import { baseName, rulesOf } from './names.ts';
import { Rule } from './rule.ts';
import { TargetInfo } from './target-info.ts';
import type { Unusable } from './unusable.ts';

/** The Prometheus client libraries' own, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Circumstances {
  readonly environment: Environment;
  readonly unusable: Unusable;
}

/** All metrics of one exporter: the built-in ones and those of the configuration. */
export class MetricSet {
  readonly #config: SeriesConfig;
  readonly #builtIn: BuiltIn;
  readonly #rules: readonly Rule[];
  readonly families: readonly Family[];
  readonly targets: TargetInfo | undefined;
  readonly #constantLabels: string;

  constructor(config: SeriesConfig, circumstances: Circumstances) {
    this.#config = config;
    const entries = rulesOf(config);
    const byName = new Map<string, Family>();
    this.#rules = entries.map((entry) => {
      const name = baseName(entry, config.namespace);
      const family = byName.get(name) ?? this.#create(entry, entries);
      byName.set(name, family);
      return new Rule(entry, { family, ...circumstances });
    });
    this.#builtIn = new BuiltIn(config.built_in, (own) => new Family({ ...this.#common(), ...own, name: this.#named(own.name) }));
    this.families = [...this.#builtIn.families, ...byName.values()];
    const expirationMs = parseDuration(config.metric_expiration);
    const limits = {
      max: config.max_series,
      expirationMs,
      valueBytesMax: config.max_label_length,
      constantNames: new Set(Object.keys(config.const_labels)),
    };
    this.targets = config.target_info ? new TargetInfo(limits) : undefined;
    const labels = Object.entries(config.const_labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
    this.#constantLabels = labels.join(',');
  }

  get series(): number {
    let series = 0;
    for (const { sets } of this.families) series += sets.size;
    return series;
  }

  get overflowed(): number {
    let updates = 0;
    for (const { overflowed } of this.families) updates += overflowed;
    return updates;
  }

  count(batch: LogBatch, nowMs: number): void {
    for (const family of this.families) family.begin(nowMs);
    this.targets?.see(batch, nowMs);
    this.#builtIn.apply(batch);
    for (const rule of this.#rules) rule.apply(batch);
  }

  expire(nowMs: number, leaves?: Leaves): void {
    for (const family of this.families) family.expire(nowMs, leaves);
    this.targets?.expire(nowMs);
  }

  expose(format: Format): string {
    let text = this.targets?.expose(format, this.#constantLabels) ?? '';
    for (const family of this.families) text += exposeFamily(family, format, this.#constantLabels);
    return format === 'openmetrics' ? `${text}# EOF\n` : text;
  }

  #named(name: string): string {
    const { namespace } = this.#config;
    return namespace === '' ? name : `${namespace}_${name}`;
  }

  #common(): Omit<FamilySettings, 'name' | 'help' | 'labels' | 'unit'> {
    return {
      type: 'counter',
      buckets: [],
      seriesMax: this.#config.max_series,
      expirationMs: parseDuration(this.#config.metric_expiration),
      labelBytesMax: this.#config.max_label_length,
      canForgetValues: true,
    };
  }

  /** The first entry of a name says what the metric is; the others agree with it, which has been checked. */
  #create(entry: MetricConfig, entries: readonly MetricConfig[]): Family {
    const { type, description, unit = '', labels = [], buckets = BUCKETS, max_series: seriesMax, expiration } = entry;
    const same = entries.filter((other) => baseName(other, '') === baseName(entry, ''));
    const moves = same.some(({ operation }) => operation === 'add' || operation === 'subtract');
    const common = this.#common();
    return new Family({
      ...common,
      name: baseName(entry, this.#config.namespace),
      help: description ?? `Made of log records by ${entry.name}.`,
      type,
      unit,
      labels: labels.map(({ name }) => name),
      buckets: type === 'histogram' ? buckets : [],
      seriesMax: seriesMax ?? common.seriesMax,
      expirationMs: expiration === undefined ? common.expirationMs : parseDuration(expiration),
      canForgetValues: !(type === 'gauge' && moves),
    });
  }
}
