import { appendFileSync } from 'node:fs';
import { LoggerProvider, BatchLogRecordProcessor, SimpleLogRecordProcessor, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import colors from 'picocolors';
import type { Clock, Logger } from '#component';
import { createLogger } from './logger.ts';
import { Repeats } from './repeats.ts';
import type { LogsSettings, OtlpLogsSettings, ResourceAttributes } from './settings.ts';
import { LineProcessor, createJsonFormat, createReadableFormat } from './terminal.ts';

export interface OwnLogs {
  readonly log: Logger;
  /** Says what is summed up so far and sends what waits. Lines after it are not written. */
  readonly close: () => Promise<void>;
}

export interface OwnLogsOptions {
  readonly settings: LogsSettings;
  readonly resource: ResourceAttributes;
  readonly clock: Clock;
}

// At the end nobody waits longer for a backend that does not answer; the lines are on stderr as well.
const CLOSE_MS_MAX = 3_000;

/** The agent's own log: lines to stderr, and by OTLP where the configuration asks for it. */
export async function createLogs({ settings, resource, clock }: OwnLogsOptions): Promise<OwnLogs> {
  const { encoding, hasColors, initialFields, hasStacks } = settings;
  const format = encoding === 'json' ? createJsonFormat(initialFields) : createReadableFormat(colors.createColors(hasColors));
  const processors: LogRecordProcessor[] = settings.outputs.map((output) => new LineProcessor(format, writerTo(output)));
  for (const otlp of settings.otlp) processors.push(await createOtlpProcessor(otlp));

  const provider = new LoggerProvider({ resource: resourceFromAttributes({ ...resource }), processors });
  const repeats = new Repeats(clock, settings.repeats);
  const log = createLogger({ target: provider.getLogger('winnow'), level: settings.level, repeats, hasStacks });
  return {
    log,
    close: async () => {
      repeats.flush();
      await Promise.race([provider.shutdown(), clock.sleep(CLOSE_MS_MAX)]);
    },
  };
}

function writerTo(output: string): (line: string) => void {
  if (output === 'stdout') return (line) => void process.stdout.write(line);
  if (output === 'stderr') return (line) => void process.stderr.write(line);
  return (line) => appendFileSync(output, line, { mode: 0o600 });
}

async function createOtlpProcessor({ url, headers, timeoutMs, isCompressed, batch }: OtlpLogsSettings): Promise<LogRecordProcessor> {
  // Imported only when asked for: it costs 5 MB and 50 ms.
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-http');
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
