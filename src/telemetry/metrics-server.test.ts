import { afterEach, expect, test } from 'vitest';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { MetricsRegistry } from './metrics.ts';
import { serveMetrics, type MetricsServerOptions } from './metrics-server.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import type { SmallServer } from './small-server.ts';

const servers: SmallServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(registry: MetricsRegistry, settings: Partial<MetricsServerOptions['settings']> = {}) {
  const host = createTestHost();
  const server = await serveMetrics({
    settings: { host: 'localhost', port: 0, hasTypeSuffix: false, hasUnitSuffix: false, ...settings },
    resource: { 'service.name': 'winnow', 'service.version': '1.2.3' },
    registry,
    log: host.log,
  });
  if (server) servers.push(server);
  const scrape = async (): Promise<string> => (await fetch(`${server?.address}/metrics`)).text();
  return { server, host, scrape };
}

test('a scrape shows counters, gauges and histograms under the names of the Collector', async () => {
  const registry = new MetricsRegistry();
  const scope = registry.scope({ exporter: 'otlp_http/us' });
  scope.counter('otelcol_exporter_sent_log_records', 'Sent.').add(42);
  scope.gauge('otelcol_exporter_queue_size', 'Size.', () => 7);
  const histogram = scope.histogram('winnow_seconds', 'Time.', [0.1, 1]);
  for (const value of [0.1, 0.5, 20]) histogram.observe(value);
  const { server, scrape } = await serve(registry);

  const response = await fetch(`${server?.address}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await scrape();

  expect(text).toContain(
    '# TYPE otelcol_exporter_sent_log_records counter\notelcol_exporter_sent_log_records{exporter="otlp_http/us"} 42\n',
  );
  expect(text).toContain('otelcol_exporter_queue_size{exporter="otlp_http/us"} 7\n');
  expect(text).toContain('target_info{service_name="winnow",service_version="1.2.3"} 1\n');
  expect(text).toContain(`# TYPE winnow_seconds histogram
winnow_seconds_bucket{exporter="otlp_http/us",le="0.1"} 1
winnow_seconds_bucket{exporter="otlp_http/us",le="1"} 2
winnow_seconds_bucket{exporter="otlp_http/us",le="+Inf"} 3
winnow_seconds_sum{exporter="otlp_http/us"} 20.6
winnow_seconds_count{exporter="otlp_http/us"} 3
`);
});

test('each scrape shows the values of its moment, and series that came later', async () => {
  const registry = new MetricsRegistry();
  const counter = registry.scope({ receiver: 'a' }).counter('accepted', 'Accepted.');
  const { scrape } = await serve(registry);
  await scrape();

  counter.add(5);
  registry.scope({ receiver: 'b' }).counter('accepted', 'Accepted.').add(1);

  expect(await scrape()).toContain('accepted{receiver="a"} 5\naccepted{receiver="b"} 1\n');
});

test('suffixes come where a reader asks for them', async () => {
  const registry = new MetricsRegistry();
  registry.scope().counter('otelcol_exporter_sent_log_records', 'Sent.').add(1);
  const stop = registerProcessMetrics(registry);
  const { scrape } = await serve(registry, { hasTypeSuffix: true, hasUnitSuffix: true });

  const text = await scrape();
  stop();

  expect(text).toContain('\notelcol_exporter_sent_log_records_total 1\n');
  expect(text).toMatch(/\notelcol_process_uptime_seconds_total [\d.]+\n/);
  expect(text).toMatch(/\notelcol_process_memory_rss_bytes \d+\n/);
});

test('the process shows processor time, memory and how late its event loop is', async () => {
  const registry = new MetricsRegistry();
  const stop = registerProcessMetrics(registry);
  const { scrape } = await serve(registry);

  const text = await scrape();
  stop();

  for (const name of [
    'otelcol_process_uptime',
    'otelcol_process_cpu_seconds',
    'otelcol_process_memory_rss',
    'otelcol_process_runtime_heap_alloc_bytes',
  ]) {
    expect(text).toMatch(new RegExp(`\\n${name} [\\d.]+\\n`));
  }
  expect(text).toMatch(/winnow_process_event_loop_delay_seconds\{quantile="0.99"\} [\d.]+/);
});

test('a port that is taken is a warning with a remedy, not the end', async () => {
  const { server } = await serve(new MetricsRegistry());

  const second = await serve(new MetricsRegistry(), { port: server?.port ?? 0 });

  expect(second.server).toBeUndefined();
  expect(second.host.lines).toMatchObject([
    { level: 'warn', facts: { address: `localhost:${server?.port}`, remedy: expect.stringContaining('PROM_PORT') } },
  ]);
});

test('a series that is made again counts on', () => {
  const registry = new MetricsRegistry();
  registry.scope({ exporter: 'x' }).counter('sent', '').add(2);

  registry.scope({ exporter: 'x' }).counter('sent', '').add(3);

  expect(registry.samples('sent')).toEqual([{ name: 'sent', labels: { exporter: 'x' }, value: 5 }]);
});

test('the end of a scope does not take the gauge of its successor away', () => {
  const registry = new MetricsRegistry();
  const [old, successor] = [registry.scope({ exporter: 'x' }), registry.scope({ exporter: 'x' })];
  old.gauge('size', '', () => 1);
  successor.gauge('size', '', () => 2);

  old.close();

  expect(registry.samples('size')).toMatchObject([{ value: 2 }]);
});
