import type { MetricsRegistry } from '../telemetry/metrics.ts';

interface ReceiverBook {
  readonly receiver: string;
  readonly accepted: number;
  readonly refused: number;
}

/** `accepted + created + restored = passed + suppressed + merged + dropped + held + difference` */
interface PipelineBook {
  readonly pipeline: string;
  readonly accepted: number;
  readonly created: number;
  readonly restored: number;
  readonly passed: number;
  readonly suppressed: number;
  readonly merged: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly held: number;
  readonly difference: number;
}

/** `accepted + restored = sent + dropped + abandoned + held + difference` */
interface ExporterBook {
  readonly exporter: string;
  readonly accepted: number;
  readonly restored: number;
  readonly sent: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Given back to the source, which gives the records again after a start. */
  readonly abandoned: number;
  readonly held: number;
  readonly difference: number;
}

/** `accepted + created = passed + merged + dropped + abandoned + held + difference` */
interface ConnectorBook {
  readonly connector: string;
  readonly accepted: number;
  readonly created: number;
  readonly passed: number;
  readonly merged: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Given back to the source, which gives the records again. */
  readonly abandoned: number;
  readonly held: number;
  readonly difference: number;
}

/** What became of every log record since the start. A difference is 0, or the records between two counters just now. */
export interface Books {
  readonly receivers: readonly ReceiverBook[];
  readonly pipelines: readonly PipelineBook[];
  readonly connectors: readonly ConnectorBook[];
  readonly exporters: readonly ExporterBook[];
}

/** Adds up the agent's metrics. */
export function computeBooks(metrics: MetricsRegistry): Books {
  const names = (metric: string, label: string): string[] => [
    ...new Set(metrics.samples(metric).flatMap(({ labels }) => labels[label] ?? [])),
  ];
  return {
    receivers: names('otelcol_receiver_accepted_log_records', 'receiver').map((receiver) => {
      const sum = sumOf(metrics, 'receiver', receiver);
      return {
        receiver,
        accepted: sum('otelcol_receiver_accepted_log_records'),
        refused: sum('otelcol_receiver_refused_log_records'),
      };
    }),
    pipelines: names('winnow_pipeline_accepted_log_records', 'pipeline').map((pipeline) => pipelineBook(metrics, pipeline)),
    connectors: names('otelcol_connector_consumed_items', 'connector').map((connector) => connectorBook(metrics, connector)),
    exporters: names('otelcol_exporter_sent_log_records', 'exporter').map((exporter) => exporterBook(metrics, exporter)),
  };
}

function pipelineBook(metrics: MetricsRegistry, pipeline: string): PipelineBook {
  const sum = sumOf(metrics, 'pipeline', pipeline);
  const dropped = byReason(metrics, 'winnow_processor_dropped_log_records', 'pipeline', pipeline);
  const book = {
    pipeline,
    accepted: sum('winnow_pipeline_accepted_log_records'),
    created: sum('winnow_processor_created_log_records'),
    restored: sum('winnow_processor_restored_log_records'),
    passed: sum('winnow_pipeline_passed_log_records'),
    suppressed: sum('winnow_processor_suppressed_log_records'),
    merged: sum('winnow_processor_merged_log_records'),
    dropped,
    held: sum('winnow_processor_held_log_records'),
  };
  const gone = book.passed + book.suppressed + book.merged + total(dropped) + book.held;
  return { ...book, difference: book.accepted + book.created + book.restored - gone };
}

function connectorBook(metrics: MetricsRegistry, connector: string): ConnectorBook {
  const sum = sumOf(metrics, 'connector', connector);
  const book = {
    connector,
    accepted: sum('otelcol_connector_consumed_items'),
    created: sum('winnow_connector_created_log_records'),
    passed: sum('otelcol_connector_produced_items'),
    merged: sum('winnow_connector_merged_log_records'),
    dropped: byReason(metrics, 'winnow_connector_dropped_log_records', 'connector', connector),
    abandoned: sum('winnow_connector_abandoned_log_records'),
    held: sum('winnow_connector_held_log_records'),
  };
  const gone = book.passed + book.merged + total(book.dropped) + book.abandoned + book.held;
  return { ...book, difference: book.accepted + book.created - gone };
}

function exporterBook(metrics: MetricsRegistry, exporter: string): ExporterBook {
  const sum = sumOf(metrics, 'exporter', exporter);
  const sent = sum('otelcol_exporter_sent_log_records');
  const isQueued = metrics.samples('winnow_exporter_accepted_log_records').some(({ labels }) => labels['exporter'] === exporter);
  if (!isQueued) return unqueuedBook(exporter, sent, sum('otelcol_exporter_send_failed_log_records'));

  const dropped = byReason(metrics, 'winnow_exporter_dropped_log_records', 'exporter', exporter);
  const book = {
    exporter,
    accepted: sum('winnow_exporter_accepted_log_records'),
    restored: sum('winnow_exporter_restored_log_records'),
    sent,
    dropped,
    abandoned: sum('winnow_exporter_abandoned_log_records'),
    held: sum('winnow_exporter_held_log_records'),
  };
  const gone = book.sent + total(dropped) + book.abandoned + book.held;
  return { ...book, difference: book.accepted + book.restored - gone };
}

/** An exporter without a queue has taken a record only when it has sent it or failed for good. */
function unqueuedBook(exporter: string, sent: number, failed: number): ExporterBook {
  const dropped: Record<string, number> = failed > 0 ? { send_failed: failed } : {};
  return { exporter, accepted: sent + failed, restored: 0, sent, dropped, abandoned: 0, held: 0, difference: 0 };
}

function sumOf(metrics: MetricsRegistry, label: string, value: string): (metric: string) => number {
  return (metric) => {
    let sum = 0;
    for (const sample of metrics.samples(metric)) if (sample.labels[label] === value) sum += sample.value;
    return sum;
  };
}

function byReason(metrics: MetricsRegistry, metric: string, label: string, value: string): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const sample of metrics.samples(metric)) {
    const reason = sample.labels['reason'] ?? '';
    if (sample.labels[label] === value) reasons[reason] = (reasons[reason] ?? 0) + sample.value;
  }
  return reasons;
}

function total(amounts: Readonly<Record<string, number>>): number {
  return Object.values(amounts).reduce((sum, amount) => sum + amount, 0);
}
