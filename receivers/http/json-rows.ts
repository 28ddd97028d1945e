import { isUtf8 } from 'node:buffer';
import { keyOf, ValueType } from '#model';
import { ObjectParser } from '#operators';
import type { Complaints } from './complaints.ts';
import { elements, malformed, sequence, skipSpace, valueEnd, type Span } from './json-scan.ts';
import type { Promotion } from './promotion.ts';
import type { Feed, Rows } from './rows.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

const ENCODING_ERROR = keyOf('winnow.body.encoding_error');

export type Shape = 'json' | 'ndjson' | 'text';

/** Makes rows of JSON objects and of lines. */
export class RowReader {
  readonly #objects = new ObjectParser(true);
  readonly promotion: Promotion;
  readonly #rows: Rows;
  #checked: Buffer | undefined;
  #isAllUtf8 = true;

  constructor(rows: Rows, promotion: Promotion) {
    this.#rows = rows;
    this.promotion = promotion;
  }

  /** An object becomes a row whose body is its message, or the object as it came. Returns the row, or -1. */
  addObject(bytes: Buffer, { from, to }: Span, record: number, complaints: Complaints): number {
    const rows = this.#rows;
    if (!this.#isUtf8(bytes, from, to)) {
      complaints.add(record, 1, 'expected UTF-8');
      return -1;
    }
    const row = rows.add(ValueType.string, from, to - from);
    const problem = this.#objects.parse(rows.batch, row, bytes, from, to, false);
    if (problem !== undefined) {
      rows.withdraw();
      complaints.add(record, problem.at - from + 1, problem.message);
      return -1;
    }
    this.promotion.apply(rows.batch, row);
    complaints.accepted++;
    return row;
  }

  /** A row whose body is this range as it is; one that is no UTF-8 stays bytes, and says so. */
  addText(bytes: Buffer, from: number, to: number): number {
    const isText = this.#isUtf8(bytes, from, to);
    const row = this.#rows.add(isText ? ValueType.string : ValueType.bytes, from, to - from);
    if (!isText) this.#rows.batch.setAttribute(row, ENCODING_ERROR, true);
    return row;
  }

  addString(text: string): number {
    const { space } = this.#rows.batch;
    const start = space.appendText(text);
    return this.#rows.add(ValueType.string, start, space.sideLength - ~start);
  }

  /** All of a body is looked at once; its parts only when something is wrong with one of them. */
  #isUtf8(bytes: Buffer, from: number, to: number): boolean {
    if (bytes !== this.#checked) {
      this.#checked = bytes;
      this.#isAllUtf8 = isUtf8(bytes);
    }
    return this.#isAllUtf8 || isUtf8(bytes.subarray(from, to));
  }

  *read(bytes: Buffer, shape: Shape, complaints: Complaints): Feed {
    if (shape === 'text') yield* this.lines(bytes, complaints);
    else if (shape === 'ndjson') yield* this.#objectLines(bytes, complaints);
    else yield* this.#objectsIn(bytes, complaints);
  }

  /** Lines as they are; empty ones are none. */
  *lines(bytes: Buffer, complaints: Complaints): Feed {
    const rows = this.#rows;
    const length = bytes.length;
    for (let at = 0; at < length;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const next = newline < 0 ? length : newline;
      const end = next > at && bytes[next - 1] === RETURN ? next - 1 : next;
      if (end > at) {
        if (rows.isFull) yield;
        this.addText(bytes, at, end);
        complaints.accepted++;
      }
      at = next + 1;
    }
  }

  *#objectLines(bytes: Buffer, complaints: Complaints): Feed {
    const rows = this.#rows;
    const length = bytes.length;
    const span = { from: 0, to: 0 };
    let line = 0;
    for (let at = 0; at < length;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? length : newline;
      line++;
      if ((bytes[at] === OPEN_BRACE && end > at) || skipSpace(bytes, at, end) < end) {
        if (rows.isFull) yield;
        span.from = at;
        span.to = end > at && bytes[end - 1] === RETURN ? end - 1 : end;
        this.addObject(bytes, span, line, complaints);
      }
      at = end + 1;
    }
  }

  *#objectsIn(bytes: Buffer, complaints: Complaints): Feed {
    const start = skipSpace(bytes, 0, bytes.length);
    const isArray = bytes[start] === OPEN_BRACKET;
    // All of the text is looked over before its first record is taken: who is told 400 with a position mends and sends again.
    if (isArray) expectEnd(bytes, valueEnd(bytes, start, bytes.length));
    const find = isArray ? elements : sequence;
    for (const span of find(bytes, start, bytes.length)) void span;
    let record = 0;
    for (const span of find(bytes, start, bytes.length)) {
      if (this.#rows.isFull) yield;
      this.addObject(bytes, span, ++record, complaints);
    }
  }
}

function expectEnd(bytes: Buffer, at: number): void {
  const rest = skipSpace(bytes, at, bytes.length);
  if (rest < bytes.length) throw malformed('expected nothing after the array', rest);
}

const LINES = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-lines',
]);

/** What a body of unknown format is: an array or one object over several lines, an object on each line, or plain lines. */
export function shapeOf(bytes: Buffer, contentType: string): Shape {
  if (LINES.has(contentType)) return 'ndjson';
  if (contentType === 'text/plain') return 'text';
  const length = bytes.length;
  const start = skipSpace(bytes, 0, length);
  if (bytes[start] === OPEN_BRACKET) return contentType === '' || isJson(contentType) || looksLikeArray(bytes, start) ? 'json' : 'text';
  if (bytes[start] !== OPEN_BRACE) return isJson(contentType) ? 'json' : 'text';
  const newline = bytes.indexOf(NEWLINE, start);
  if (newline < 0 || skipSpace(bytes, newline, length) === length) return 'json';
  // An object that is whole at the end of its line has others on the lines below.
  let last = newline - 1;
  if (bytes[last] === RETURN) last--;
  return bytes[last] === 0x7d ? 'ndjson' : 'json';
}

export function isJson(contentType: string): boolean {
  return contentType === 'application/json' || contentType === 'text/json' || contentType.endsWith('+json');
}

function looksLikeArray(bytes: Buffer, start: number): boolean {
  const byte = bytes[skipSpace(bytes, start + 1, bytes.length)];
  return byte === OPEN_BRACE || byte === 0x5d;
}

const TYPES: Readonly<Record<Shape | 'auto', (contentType: string) => boolean>> = {
  json: (type) => isJson(type) || LINES.has(type),
  ndjson: (type) => isJson(type) || LINES.has(type),
  text: (type) => type.startsWith('text/'),
  auto: (type) => isJson(type) || LINES.has(type) || type.startsWith('text/'),
};

// What clients send who do not say what they send; the second is what curl says of any data.
const UNSAID = new Set(['', 'application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain']);

export function isTypeTaken(format: Shape | 'auto', contentType: string): boolean {
  return UNSAID.has(contentType) || TYPES[format](contentType);
}
