import { elements, isPlain, malformed, members, parseValue, sequence, skipSpace, textOf, valueEnd } from './json-scan.ts';

/** One event of a request, and what is said about it. `from` and `to` are the event without its quotes. */
export interface Envelope {
  readonly hasEvent: boolean;
  readonly isBlank: boolean;
  readonly from: number;
  readonly to: number;
  /** The event where it is a string with escapes. */
  readonly text: string | undefined;
  readonly time: number | undefined;
  readonly host: string | undefined;
  readonly source: string | undefined;
  readonly sourcetype: string | undefined;
  readonly index: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

const NO_FIELDS = {};
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;

/** The events of a body: objects one after the other, or in an array. */
export function* readEnvelopes(bytes: Buffer): Generator<Envelope> {
  const start = skipSpace(bytes, 0, bytes.length);
  const isArray = bytes[start] === OPEN_BRACKET;
  if (isArray) {
    const end = skipSpace(bytes, valueEnd(bytes, start, bytes.length), bytes.length);
    if (end < bytes.length) throw malformed('expected nothing after the array', end);
  }
  for (const { from, to } of (isArray ? elements : sequence)(bytes, start, bytes.length)) yield readEnvelope(bytes, from, to);
}

function readEnvelope(bytes: Buffer, from: number, to: number): Envelope {
  const texts: Record<string, string> = {};
  let event = { hasEvent: false, isBlank: false, from, to: from, text: undefined as string | undefined };
  let time: number | undefined;
  let fields: Record<string, unknown> = NO_FIELDS;
  for (const member of members(bytes, from, to)) {
    const { name } = member;
    if (name === 'event') event = readEvent(bytes, member.from, member.to);
    else if (name === 'time') time = timeOf(parseValue(bytes, member.from, member.to), member.from);
    else if (name === 'fields') fields = fieldsOf(parseValue(bytes, member.from, member.to), member.from);
    else if (name === 'host' || name === 'source' || name === 'sourcetype' || name === 'index') {
      if (bytes[member.from] === QUOTE) texts[name] = textOf(bytes, member.from, member.to);
    }
  }
  const { host, source, sourcetype, index } = texts as Partial<Record<'host' | 'source' | 'sourcetype' | 'index', string>>;
  return { ...event, time, fields, host, source, sourcetype, index };
}

function readEvent(
  bytes: Buffer,
  from: number,
  to: number,
): Pick<Envelope, 'hasEvent' | 'isBlank' | 'from' | 'to' | 'text'> & { text: string | undefined } {
  if (bytes[from] !== QUOTE) {
    const isNull = bytes.toString('latin1', from, Math.min(to, from + 5)) === 'null';
    // Numbers and the like are kept as they are written; objects are checked by who reads them.
    if (bytes[from] !== 0x7b) parseValue(bytes, from, to);
    return { hasEvent: !isNull, isBlank: false, from, to, text: undefined };
  }
  const text = textOf(bytes, from, to);
  return { hasEvent: true, isBlank: text === '', from: from + 1, to: to - 1, text: isPlain(bytes, from, to) ? undefined : text };
}

function timeOf(value: unknown, at: number): number | undefined {
  if (value === null || value === '') return undefined;
  const seconds = typeof value === 'string' ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0)) throw malformed('expected "time" in seconds since 1970', at);
  return seconds;
}

function fieldsOf(value: unknown, at: number): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('expected an object as "fields"', at);
  const fields = value as Record<string, unknown>;
  for (const own of Object.values(fields)) {
    if (!(Array.isArray(own) ? own : [own]).every(isFlat)) throw malformed('expected "fields" without objects inside', at);
  }
  return fields;
}

function isFlat(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
