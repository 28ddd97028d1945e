import type { MetricsRegistry } from '#telemetry';
import type { ComponentReport, StatusReport } from '../control/index.ts';
import { computeBooks, type Service, type Statuses } from '../pipeline/index.ts';

export interface ReportSources {
  readonly version: string;
  readonly config: readonly string[];
  readonly metrics: MetricsRegistry;
  readonly statuses: Statuses;
  readonly service: Service;
}

/** What a running agent answers to `winnow status`. */
export function createReport({ version, config, metrics, statuses, service }: ReportSources): StatusReport {
  const components: Record<string, ComponentReport> = {};
  for (const [name, { status, message, since }] of statuses.all) {
    components[name] = { status, ...(message !== undefined && { message }), since: new Date(since).toISOString() };
  }
  // An exporter has a queue for each signal.
  const by = (metric: string, label: string): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const { labels, value } of metrics.samples(metric)) {
      const name = labels[label] ?? '';
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
    return sums;
  };
  const capacities = by('otelcol_exporter_queue_capacity', 'exporter');
  const open = by('otelcol_fileconsumer_open_files', 'receiver');
  const sizes = by('winnow_file_log_size_bytes', 'receiver');
  const offsets = by('winnow_file_log_offset_bytes', 'receiver');
  return {
    version,
    pid: process.pid,
    uptime_seconds: Math.round(process.uptime()),
    is_ready: service.isReady,
    config,
    // Counts reloads, of which there are none yet.
    generation: 1,
    storage: service.storageDirectory,
    memory_rss_bytes: process.memoryUsage.rss(),
    components,
    books: computeBooks(metrics),
    queues: [...by('otelcol_exporter_queue_size', 'exporter')].map(([exporter, size]) => {
      return { exporter, size, capacity: capacities.get(exporter) ?? 0 };
    }),
    files: [...by('winnow_file_log_files', 'receiver')].map(([receiver, followed]) => {
      const behind = (sizes.get(receiver) ?? 0) - (offsets.get(receiver) ?? 0);
      return { receiver, followed, open: open.get(receiver) ?? 0, behind_bytes: Math.max(0, behind) };
    }),
  };
}
