import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricsRegistry } from './metrics.ts';

// A sample each 50 ms costs a thousandth of a core; each 10 ms, as often seen, costs half a percent.
const SAMPLE_MS = 50;

/** What the process uses, under the Collector's names, and how long its event loop is held up. Returns how to stop. */
export function registerProcessMetrics(metrics: MetricsRegistry): () => void {
  const scope = metrics.scope();
  const counter = (name: string, help: string, read: () => number): void => metrics.readCounter(name, help, read);

  counter('otelcol_process_uptime', 'Seconds since the process started.', () => process.uptime());
  counter('otelcol_process_cpu_seconds', 'Processor time used, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  scope.gauge('otelcol_process_memory_rss', 'Physical memory the process holds, in bytes.', () => process.memoryUsage.rss());
  scope.gauge('otelcol_process_runtime_heap_alloc_bytes', 'Bytes of JavaScript objects.', () => process.memoryUsage().heapUsed);
  scope.gauge('otelcol_process_runtime_total_sys_memory_bytes', 'Bytes of heap and buffers taken from the system.', () => {
    const { heapTotal, external } = process.memoryUsage();
    return heapTotal + external;
  });
  counter('otelcol_process_runtime_total_alloc_bytes', 'Bytes of JavaScript objects ever made.', totalAllocated);

  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delay.enable();
  // The histogram holds the time between two samples, which is their distance when nothing is late.
  const toSeconds = (nanoseconds: number): number => (delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - SAMPLE_MS / 1e3));
  const name = 'winnow_process_event_loop_delay_seconds';
  const help = 'How late the event loop ran a timer since the last scrape.';
  scope.gauge(name, help, () => toSeconds(delay.percentile(50)), { quantile: '0.5' });
  scope.gauge(name, help, () => toSeconds(delay.percentile(99)), { quantile: '0.99' });
  scope.gauge(
    name,
    help,
    () => {
      // Read last: what follows belongs to the next scrape, or one bad second would show for months.
      const slowest = toSeconds(delay.max);
      delay.reset();
      return slowest;
    },
    { quantile: '1' },
  );
  return () => {
    delay.disable();
    scope.close();
  };
}

function totalAllocated(): number {
  const statistics: object = getHeapStatistics();
  // Newer than the oldest Node that runs the agent.
  return 'total_allocated_bytes' in statistics ? Number(statistics.total_allocated_bytes) : 0;
}
