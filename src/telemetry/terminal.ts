import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { createColors } from 'picocolors';

export type Format = (record: ReadableLogRecord) => string;

/** Writes each record as a line, at once, so that the last words of a crash are not lost in a buffer. */
export class LineProcessor implements LogRecordProcessor {
  readonly #format: Format;
  readonly #write: (line: string) => void;

  constructor(format: Format, write: (line: string) => void) {
    this.#format = format;
    this.#write = write;
  }

  onEmit(record: ReadableLogRecord): void {
    this.#write(`${this.#format(record)}\n`);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** One JSON object a line. `level`, `ts` and `msg` are the Collector's names, so that its parsers fit. */
export function createJsonFormat(initialFields: Readonly<Record<string, unknown>> = {}): Format {
  return (record) =>
    JSON.stringify({
      level: record.severityText?.toLowerCase(),
      ts: timeOf(record).toISOString(),
      msg: record.body,
      ...initialFields,
      ...record.attributes,
    });
}

/** For people: time, level, who, what, then the facts; a stack on lines of its own. */
export function createReadableFormat(colors: ReturnType<typeof createColors>): Format {
  const paint: Readonly<Record<string, (text: string) => string>> = {
    DEBUG: colors.gray,
    INFO: colors.green,
    WARN: colors.yellow,
    ERROR: colors.red,
  };
  return (record) => {
    const { component, kind: _kind, pipeline, 'exception.stacktrace': stack, ...facts } = record.attributes;
    const level = record.severityText ?? '';
    const parts = [colors.dim(clockTime(timeOf(record))), (paint[level] ?? String)(level.padEnd(5))];
    if (typeof component === 'string') parts.push(colors.cyan(typeof pipeline === 'string' ? `${component} (${pipeline})` : component));
    parts.push(String(record.body));
    for (const [name, value] of Object.entries(facts)) parts.push(`${colors.dim(`${name}=`)}${quoted(value)}`);
    if (typeof stack === 'string') parts.push(`\n${colors.dim(stack.replace(/^/gm, '    '))}`);
    return parts.join(' ');
  };
}

function timeOf({ hrTime: [seconds, nanoseconds] }: ReadableLogRecord): Date {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
}

function clockTime(time: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return typeof value === 'string' && /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
