import type { Counter, Labels, Metrics } from '#component';

export type RequestOutcome = 'taken' | 'partial' | 'retryable' | 'destination' | 'permanent' | 'too_large';

/**
 * What became of the rows, as metrics. At every moment
 *
 *   accepted + restored = sent + dropped + abandoned + held
 */
export class Books {
  readonly #metrics: Metrics;
  readonly #labels: Labels;
  readonly #accepted: Counter;
  readonly #restored: Counter;
  readonly #sent: Counter;
  readonly #failed: Counter;
  readonly #enqueueFailed: Counter;
  readonly #abandoned: Counter;
  readonly #dropped = new Map<string, Counter>();
  readonly #requests = new Map<string, Counter>();
  #held = 0;

  constructor(metrics: Metrics, labels: Labels) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#accepted = metrics.counter('winnow_exporter_accepted_log_records', 'Log records taken into the queue.', labels);
    this.#restored = metrics.counter('winnow_exporter_restored_log_records', 'Log records found in the queue on disk at start.', labels);
    this.#sent = metrics.counter('otelcol_exporter_sent_log_records', 'Log records that the backend has taken.', labels);
    this.#failed = metrics.counter('otelcol_exporter_send_failed_log_records', 'Log records that the backend will not get.', labels);
    this.#enqueueFailed = metrics.counter('otelcol_exporter_enqueue_failed_log_records', 'Log records that the queue refused.', labels);
    this.#abandoned = metrics.counter('winnow_exporter_abandoned_log_records', 'Log records given back to their source unsent.', labels);
    metrics.gauge('winnow_exporter_held_log_records', 'Log records in the queue or in flight.', () => this.#held, labels);
  }

  get held(): number {
    return this.#held;
  }

  accepted(rows: number): void {
    this.#accepted.add(rows);
    this.#held += rows;
  }

  restored(rows: number): void {
    this.#restored.add(rows);
    this.#held += rows;
  }

  sent(rows: number): void {
    this.#sent.add(rows);
    this.#held -= rows;
  }

  dropped(rows: number, reason: string): void {
    let counter = this.#dropped.get(reason);
    if (!counter) {
      const help = 'Log records that are lost, by reason.';
      counter = this.#metrics.counter('winnow_exporter_dropped_log_records', help, { ...this.#labels, reason });
      this.#dropped.set(reason, counter);
    }
    counter.add(rows);
    this.#failed.add(rows);
    this.#held -= rows;
  }

  abandoned(rows: number): void {
    this.#abandoned.add(rows);
    this.#held -= rows;
  }

  refused(rows: number): void {
    this.#enqueueFailed.add(rows);
  }

  request(outcome: RequestOutcome): void {
    let counter = this.#requests.get(outcome);
    if (!counter) {
      counter = this.#metrics.counter('winnow_exporter_requests', 'Requests to the backend, by outcome.', { ...this.#labels, outcome });
      this.#requests.set(outcome, counter);
    }
    counter.add(1);
  }
}
