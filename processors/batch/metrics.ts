import type { Counter, Histogram, Metrics } from '#component';

export type Trigger = 'size' | 'timeout' | 'shutdown';

// The Collector's, so that its dashboards fit.
const BUCKETS = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000, 30_000, 50_000, 100_000,
];

export class BatchMetrics {
  readonly #size: Histogram;
  readonly #bySize: Counter;
  readonly #byTimeout: Counter;

  constructor(metrics: Metrics, held: () => number) {
    this.#size = metrics.histogram('otelcol_processor_batch_batch_send_size', 'Log records of a batch that was sent.', BUCKETS);
    this.#bySize = metrics.counter('otelcol_processor_batch_batch_size_trigger_send', 'Batches sent because they were large enough.');
    this.#byTimeout = metrics.counter('otelcol_processor_batch_timeout_trigger_send', 'Batches sent because the timeout was over.');
    metrics.gauge('otelcol_processor_batch_metadata_cardinality', 'Batches kept apart by request metadata.', () => 1);
    metrics.gauge('winnow_processor_held_log_records', 'Log records that wait to be sent.', held);
  }

  sent(rows: number, trigger: Trigger): void {
    this.#size.observe(rows);
    if (trigger === 'size') this.#bySize.add(1);
    else if (trigger === 'timeout') this.#byTimeout.add(1);
  }
}
