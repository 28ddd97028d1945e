import type { Counter, Host } from '#component';
import type { LogBatch } from '#model';
import { Environment } from '#ottl';
import type { SeriesConfig } from './config.ts';
import type { Format } from './exposition.ts';
import type { Family, Leaves } from './family.ts';
import { MetricSet } from './metric-set.ts';
import type { TargetInfo } from './target-info.ts';
import { Unusable } from './unusable.ts';

/** Makes series of records, and counts what it does. How others learn of the series is up to the exporter. */
export class Meter {
  readonly #environment = new Environment();
  readonly #unusable = new Unusable();
  readonly #set: MetricSet;
  #sent: Counter | undefined;
  #overflowed: Counter | undefined;

  constructor(config: SeriesConfig) {
    this.#set = new MetricSet(config, { environment: this.#environment, unusable: this.#unusable });
  }

  get families(): readonly Family[] {
    return this.#set.families;
  }

  get targets(): TargetInfo | undefined {
    return this.#set.targets;
  }

  start(host: Host): void {
    this.#environment.start(host);
    this.#unusable.start(host);
    this.#sent = host.metrics.counter('otelcol_exporter_sent_log_records', 'Log records counted.');
    host.metrics.gauge('winnow_exporter_prometheus_series', 'Series held, without those of overflow.', () => this.#set.series);
    const help = 'Updates that found no room and went to an overflow series.';
    this.#overflowed = host.metrics.counter('winnow_exporter_prometheus_overflowed_updates', help);
  }

  /** Counts the live rows. They are not settled by it. */
  count(batch: LogBatch, nowMs: number): void {
    this.#environment.beginBatch();
    this.#set.count(batch, nowMs);
    this.#unusable.report();
    this.#sent?.add(batch.liveRows);
    const overflowed = this.#set.overflowed - (this.#overflowed?.value ?? 0);
    if (overflowed > 0) this.#overflowed?.add(overflowed);
  }

  /** Forgets what has expired, each series after `leaves` has looked at it. */
  expire(nowMs: number, leaves?: Leaves): void {
    this.#set.expire(nowMs, leaves);
  }

  /** Everything as a scraper reads it. */
  expose(format: Format): string {
    return this.#set.expose(format);
  }

  /** Tells what has not been told yet. */
  stop(): void {
    this.#unusable.flush();
  }
}
