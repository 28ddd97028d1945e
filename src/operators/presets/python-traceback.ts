import type { AttributeValue } from '#model';

interface Traceback {
  readonly type: string;
  readonly message: string;
  readonly text: string;
}

/** Writes a list of exceptions, as structlog's dict_tracebacks gives it, the way Python prints them. */
export function printTracebacks(value: AttributeValue): Traceback | undefined {
  if (!Array.isArray(value)) return undefined;
  const exceptions = value.filter(isMap);
  const [first] = exceptions;
  if (!first) return undefined;
  const parts = exceptions.map((one) => printOne(one));
  return { type: textOf(first['exc_type']), message: textOf(first['exc_value']), text: parts.toReversed().join('\n\n') };
}

function printOne(exception: Members): string {
  const frames = exception['frames'];
  const lines = ['Traceback (most recent call last):'];
  for (const frame of Array.isArray(frames) ? frames.filter(isMap) : []) {
    lines.push(`  File "${textOf(frame['filename'])}", line ${textOf(frame['lineno'])}, in ${textOf(frame['name'])}`);
    const source = textOf(frame['line']).trim();
    if (source !== '') lines.push(`    ${source}`);
  }
  lines.push(`${textOf(exception['exc_type'])}: ${textOf(exception['exc_value'])}`);
  return lines.join('\n');
}

type Members = { readonly [key: string]: AttributeValue };

function isMap(value: AttributeValue): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
