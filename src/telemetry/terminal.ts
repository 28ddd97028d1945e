import { appendFileSync } from 'node:fs';
import type { Line, LineSink } from './line.ts';

type Format = (line: Line) => string;

/** Writes to `stdout`, `stderr` or a file, at once, so that the last words of a crash are not lost in a buffer. */
export function createWriter(output: string, format: Format): LineSink {
  if (output === 'stdout' || output === 'stderr') {
    const stream = process[output];
    // Whoever read the agent's output has gone. That is no reason to stop shipping logs.
    stream.on('error', () => {});
    return (line) => void stream.write(`${format(line)}\n`);
  }
  return (line) => appendFileSync(output, `${format(line)}\n`, { mode: 0o600 });
}

/** One JSON object a line. `level`, `ts` and `msg` are the Collector's names, so that its parsers fit. */
export function createJsonFormat(initialFields: Readonly<Record<string, unknown>>): Format {
  return ({ level, time, message, attributes }) =>
    JSON.stringify({ level, ts: time.toISOString(), msg: message, ...initialFields, ...attributes });
}

/** The part of picocolors that is used here. */
export type Colors = Readonly<Record<'gray' | 'green' | 'yellow' | 'red' | 'cyan' | 'dim', (text: string) => string>>;

/** For people: time, level, who, what, then the facts; a stack on lines of its own. */
export function createReadableFormat(colors: Colors): Format {
  const paint = { debug: colors.gray, info: colors.green, warn: colors.yellow, error: colors.red } as const;
  return ({ level, time, message, attributes }) => {
    const { component, kind: _kind, pipeline, 'exception.stacktrace': stack, ...facts } = attributes;
    const parts = [colors.dim(clockTime(time)), paint[level](level.toUpperCase().padEnd(5))];
    if (component !== undefined) parts.push(colors.cyan(pipeline === undefined ? String(component) : `${component} (${pipeline})`));
    parts.push(visible(message));
    for (const [name, value] of Object.entries(facts)) parts.push(`${colors.dim(`${name}=`)}${quoted(value)}`);
    if (stack !== undefined) parts.push(`\n${colors.dim(visible(String(stack), BUT_NEWLINES).replace(/^/gm, '    '))}`);
    return parts.join(' ');
  };
}

function clockTime(time: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function quoted(value: string | number | boolean): string {
  return visible(typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : String(value));
}

const CONTROL = /\p{Cc}/gu;
const BUT_NEWLINES = /(?!\n)\p{Cc}/gu;

/** Names of files and answers of backends may hold characters that a terminal obeys. */
function visible(text: string, hidden: RegExp = CONTROL): string {
  return text.replace(hidden, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
