import { SeverityNumber } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, SimpleLogRecordProcessor, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import type { Clock } from '#component';
import type { Level } from './level.ts';
import type { LineSink } from './line.ts';
import type { OtlpLogsSettings, ResourceAttributes } from './settings.ts';

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

// At the end nobody waits longer for a backend that does not answer; the lines are on stderr as well.
const CLOSE_MS_MAX = 3_000;

export interface OtlpLogs {
  readonly sink: LineSink;
  readonly close: () => Promise<void>;
}

/**
 * The agent's own log by OTLP, through the SDK of OpenTelemetry. Its queue drops what a backend does not take in time,
 * which is right for the log of the agent and for nothing else.
 */
export function createOtlpLogs(targets: readonly OtlpLogsSettings[], resource: ResourceAttributes, clock: Clock): OtlpLogs {
  const provider = new LoggerProvider({ resource: resourceFromAttributes({ ...resource }), processors: targets.map(createProcessor) });
  const logger = provider.getLogger('winnow');
  return {
    sink: ({ time, level, message, attributes }) => {
      const severityText = level.toUpperCase();
      logger.emit({ severityNumber: SEVERITY[level], severityText, timestamp: time, body: message, attributes: { ...attributes } });
    },
    close: () => Promise.race([provider.shutdown(), clock.sleep(CLOSE_MS_MAX)]),
  };
}

function createProcessor({ url, headers, timeoutMs, isCompressed, batch }: OtlpLogsSettings): LogRecordProcessor {
  // The names of the algorithms are an enum of a package that is not ours to import; their values are these.
  const options: object = { url, headers, timeoutMillis: timeoutMs, compression: isCompressed ? 'gzip' : 'none' };
  const exporter = new OTLPLogExporter(options);
  if (!batch) return new SimpleLogRecordProcessor({ exporter });
  return new BatchLogRecordProcessor({
    exporter,
    scheduledDelayMillis: batch.delayMs,
    exportTimeoutMillis: batch.timeoutMs,
    maxQueueSize: batch.queueMax,
    maxExportBatchSize: Math.min(batch.sizeMax, batch.queueMax),
  });
}
