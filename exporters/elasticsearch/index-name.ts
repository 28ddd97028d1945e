import { keyOf, resourceAttributes, type AttributeValue, type LogBatch, type Origin } from '#model';

/** Names the index of a row. `ms` is its time. */
export type IndexName = (batch: LogBatch, row: number, ms: number) => string;

const PLACE = /\{([^{}]*)\}/g;
const BYTES_MAX = 255;

/** Compiles `logs-{resource.service.name}-{time:yyyy.MM.dd}`. Throws RangeError. */
export function compileIndexName(pattern: string): IndexName {
  const parts: (string | IndexName)[] = [];
  let at = 0;
  for (const match of pattern.matchAll(PLACE)) {
    parts.push(pattern.slice(at, match.index), compilePlace(match[1] ?? ''));
    at = match.index + match[0].length;
  }
  parts.push(pattern.slice(at));
  const fixed = parts.filter((part) => typeof part === 'string').join('');
  const wrong = /[\\/*?"<>| ,#:{}]|[A-Z]/.exec(fixed);
  if (wrong) throw new RangeError(`the name of an index is in lower case and without \\ / * ? " < > | , # : and spaces, got "${wrong[0]}"`);
  if (/^[-_+]/.test(pattern)) throw new RangeError(`the name of an index does not begin with - _ or +, got "${pattern}"`);
  if (parts.length === 1) return () => pattern;
  return (batch, row, ms) => cut(parts.map((part) => (typeof part === 'string' ? part : part(batch, row, ms))).join(''));
}

function compilePlace(place: string): IndexName {
  const [kind = ''] = /^(?:resource\.|attributes\.|time:)/.exec(place) ?? [];
  const rest = place.slice(kind.length);
  if (kind === '' || rest === '') {
    throw new RangeError(`expected {resource.NAME}, {attributes.NAME} or {time:yyyy.MM.dd}, got "{${place}}"`);
  }
  if (kind === 'time:') return (_batch, _row, ms) => layoutDate(rest, ms);
  if (kind === 'attributes.') {
    const key = keyOf(rest);
    return (batch, row) => toName(batch.attribute(row, key));
  }
  return (batch, row) => toName(valuesOf(batch.resources[batch.resourceOf[row] as number] as Origin)[rest]);
}

// What is not known must not become the name of a file somewhere, so an index is named for it.
const UNKNOWN = 'unknown';

/** A value as a part of the name of an index: what may not stand there becomes `_`. */
export function toName(value: AttributeValue | undefined): string {
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  const name = text.toLowerCase().replaceAll(/[^\p{L}\p{N}._-]/gu, '_');
  return name === '' ? UNKNOWN : name;
}

const resourceValues = new WeakMap<Origin, Readonly<Record<string, AttributeValue>>>();

/** The attributes of a resource, read once. */
export function valuesOf(resource: Origin): Readonly<Record<string, AttributeValue>> {
  let values = resourceValues.get(resource);
  if (values === undefined) resourceValues.set(resource, (values = resourceAttributes(resource)));
  return values;
}

const LAYOUT = /y+|M+|d+|H+/g;

/** `yyyy`, `MM`, `dd` and `HH` of a time in UTC. */
function layoutDate(layout: string, ms: number): string {
  const date = new Date(ms);
  return layout.replaceAll(LAYOUT, (unit) => {
    const number = { y: date.getUTCFullYear(), M: date.getUTCMonth() + 1, d: date.getUTCDate(), H: date.getUTCHours() }[unit[0] as 'y'];
    return String(number).padStart(unit.length, '0');
  });
}

const DAY_MS = 86_400_000;

/** The layout of strftime, as far as `logstash_format` has it. */
export function strftime(format: string, ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const dayOfYear = Math.floor((ms - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  const values: Readonly<Record<string, string>> = {
    Y: String(date.getUTCFullYear()),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    H: two(date.getUTCHours()),
    j: String(dayOfYear).padStart(3, '0'),
  };
  return format.replaceAll(/%([YmdHj])/g, (_all, unit: string) => values[unit] ?? '');
}

/** Cut at a whole character, where Elasticsearch would refuse the name. */
function cut(name: string): string {
  if (Buffer.byteLength(name) <= BYTES_MAX) return name;
  return Buffer.from(name)
    .subarray(0, BYTES_MAX)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
