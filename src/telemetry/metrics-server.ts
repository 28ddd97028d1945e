import { messageOf, type Logger } from '#component';
import type { MetricsRegistry } from './metrics.ts';
import { PROMETHEUS_CONTENT_TYPE, toPrometheusText } from './prometheus.ts';
import type { MetricsSettings, ResourceAttributes } from './settings.ts';
import { listenSmall, type SmallServer } from './small-server.ts';

export interface MetricsServerOptions {
  readonly settings: MetricsSettings;
  readonly resource: ResourceAttributes;
  readonly registry: MetricsRegistry;
  readonly log: Logger;
}

/**
 * Serves `/metrics`. Undefined when it cannot listen: shipping logs is what the agent is for, and a port that somebody
 * else took must not stop that at three in the morning.
 */
export async function serveMetrics({ settings, resource, registry, log }: MetricsServerOptions): Promise<SmallServer | undefined> {
  const { host, port } = settings;
  const exposition = { ...settings, resource };
  try {
    return await listenSmall({ host, port }, async (path) => {
      if (path === '/metrics') return { contentType: PROMETHEUS_CONTENT_TYPE, body: await toPrometheusText(registry, exposition) };
      return path === '/' ? { body: 'The metrics are at /metrics.\n' } : undefined;
    });
  } catch (error) {
    const remedy =
      'Free the port, set PROM_PORT or service.telemetry.metrics, or switch metrics off with service.telemetry.metrics.level: none.';
    log.warn('Metrics are not served; the agent goes on without.', {
      address: `${host}:${port}`,
      reason: messageOf(error),
      remedy,
    });
    return undefined;
  }
}
