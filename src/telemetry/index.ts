/** What the agent says about itself: its log and its metrics. Imported as `#telemetry`. */
export { createLogs, type OwnLogs } from './logs.ts';
export { OwnRecordBus } from './own-records.ts';
export { MetricsRegistry, type MetricsScope, type Sample } from './metrics.ts';
export { serveMetrics } from './metrics-server.ts';
export { registerProcessMetrics } from './process-metrics.ts';
export { resolveTelemetry, type TelemetrySettings } from './settings.ts';
export { listenSmall, type Answer, type LongAnswer, type SmallServer } from './small-server.ts';
