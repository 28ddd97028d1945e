import type { Counter, Metrics } from '#component';

/** In the books: what comes in passes or is held; what is held becomes suppressed when its summary is created. */
export class DedupeMetrics {
  readonly suppressed: Counter;
  readonly created: Counter;
  readonly restored: Counter;
  readonly early: Counter;

  constructor(metrics: Metrics, read: { readonly held: () => number; readonly keys: () => number; readonly heldBytes: () => number }) {
    this.suppressed = metrics.counter('winnow_processor_suppressed_log_records', 'Records that a summary has taken the place of.');
    this.created = metrics.counter('winnow_processor_created_log_records', 'Summaries handed on.');
    this.restored = metrics.counter('winnow_processor_restored_log_records', 'Records counted before the last start, found in storage.');
    this.early = metrics.counter('winnow_dedupe_early_windows', 'Windows summed up before their end because a bound was reached.');
    metrics.gauge('winnow_processor_held_log_records', 'Records counted whose summary has not been handed on.', read.held);
    metrics.gauge('winnow_dedupe_keys', 'Windows that are open.', read.keys);
    metrics.gauge('winnow_dedupe_held_bytes', 'Bytes held for summaries.', read.heldBytes);
  }
}
