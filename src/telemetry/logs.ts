import type { Clock, Logger } from '#component';
import type { LineSink } from './line.ts';
import { createLogger } from './logger.ts';
import { OwnRecordBus } from './own-records.ts';
import { Repeats } from './repeats.ts';
import type { LogsSettings, ResourceAttributes } from './settings.ts';
import { createJsonFormat, createReadableFormat, createWriter } from './terminal.ts';

export interface OwnLogs {
  readonly log: Logger;
  /** Its lines as records, for whoever listens. */
  readonly records: OwnRecordBus;
  /** Says what is summed up so far and sends what waits. */
  readonly close: () => Promise<void>;
}

export interface OwnLogsOptions {
  readonly settings: LogsSettings;
  readonly resource: ResourceAttributes;
  readonly clock: Clock;
}

/** The agent's own log: lines to stderr, and by OTLP where the configuration asks for it. */
export async function createLogs({ settings, resource, clock }: OwnLogsOptions): Promise<OwnLogs> {
  const format =
    settings.encoding === 'json'
      ? createJsonFormat(settings.initialFields)
      : createReadableFormat((await import('picocolors')).default.createColors(settings.hasColors));
  const sinks: LineSink[] = settings.outputs.map((output) => createWriter(output, format));
  // Imported only when asked for: the SDK takes 14 MB and 120 ms, a fifth of what the whole agent may take.
  const otlp = settings.otlp.length > 0 ? (await import('./otlp-logs.ts')).createOtlpLogs(settings.otlp, resource, clock) : undefined;
  if (otlp) sinks.push(otlp.sink);

  const records = new OwnRecordBus(resource);
  sinks.push(records.sink);
  const repeats = new Repeats(clock, settings.repeats);
  const sink: LineSink = (line) => {
    for (const each of sinks) each(line);
  };
  return {
    records,
    log: createLogger({ sink, clock, repeats, level: settings.level, hasStacks: settings.hasStacks }),
    close: async () => {
      repeats.flush();
      await otlp?.close();
    },
  };
}
