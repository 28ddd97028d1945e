import { keyOfBytes } from '#model';
import { HttpProblem } from '#net';

/** Finds where the values of a JSON text begin and end. What lies inside of them is checked by who reads them. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Member extends Span {
  readonly name: string;
}

export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (; at < to; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/** Where the value at `from` ends. Throws HttpProblem when it does not end before `to`. */
export function valueEnd(bytes: Buffer, from: number, to: number): number {
  const first = from < to ? bytes[from] : 0;
  if (first === QUOTE) return stringEnd(bytes, from, to);
  if (first === 0x7b || first === 0x5b) return bracketEnd(bytes, from, to);
  let at = from;
  while (at < to && isScalar(bytes[at] as number)) at++;
  if (at === from) throw malformed('expected a value', from);
  return at;
}

function isScalar(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45
  );
}

function stringEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from + 1; at < to; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  throw malformed('the string has no closing quote', from);
}

function bracketEnd(bytes: Buffer, from: number, to: number): number {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = stringEnd(bytes, at, to) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
  }
  throw malformed(`"${String.fromCharCode(bytes[from] as number)}" is not closed`, from);
}

/** The elements of the array at `from`. */
export function* elements(bytes: Buffer, from: number, to: number): Generator<Span> {
  if (from >= to || bytes[from] !== 0x5b) throw malformed('expected an array', from);
  let at = skipSpace(bytes, from + 1, to);
  if (at < to && bytes[at] === 0x5d) return;
  for (;;) {
    const end = valueEnd(bytes, at, to);
    yield { from: at, to: end };
    at = skipSpace(bytes, end, to);
    if (at < to && bytes[at] === 0x5d) return;
    if (at >= to || bytes[at] !== COMMA) throw malformed('expected "," or "]"', at);
    at = skipSpace(bytes, at + 1, to);
  }
}

/** The members of the object at `from`. */
export function* members(bytes: Buffer, from: number, to: number): Generator<Member> {
  if (from >= to || bytes[from] !== 0x7b) throw malformed('expected an object', from);
  let at = skipSpace(bytes, from + 1, to);
  if (at < to && bytes[at] === 0x7d) return;
  for (;;) {
    if (at >= to || bytes[at] !== QUOTE) throw malformed('expected a key in quotes', at);
    const nameEnd = stringEnd(bytes, at, to);
    const name = isPlain(bytes, at, nameEnd) ? keyOfBytes(bytes, at + 1, nameEnd - 1).text : textOf(bytes, at, nameEnd);
    at = skipSpace(bytes, nameEnd, to);
    if (at >= to || bytes[at] !== COLON) throw malformed('expected ":"', at);
    at = skipSpace(bytes, at + 1, to);
    const end = valueEnd(bytes, at, to);
    yield { name, from: at, to: end };
    at = skipSpace(bytes, end, to);
    if (at < to && bytes[at] === 0x7d) return;
    if (at >= to || bytes[at] !== COMMA) throw malformed('expected "," or "}"', at);
    at = skipSpace(bytes, at + 1, to);
  }
}

/** The values that stand one after the other in `[from, to)`, with nothing but white space between. */
export function* sequence(bytes: Buffer, from: number, to: number): Generator<Span> {
  for (let at = skipSpace(bytes, from, to); at < to;) {
    const end = valueEnd(bytes, at, to);
    yield { from: at, to: end };
    at = skipSpace(bytes, end, to);
  }
}

/** The value in `[from, to)`. For small ones only: it becomes an object. */
export function parseValue(bytes: Buffer, from: number, to: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    throw malformed('malformed value', from);
  }
}

/** The string in `[from, to)`, quotes included. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  if (from >= to || bytes[from] !== QUOTE) throw malformed('expected a string', from);
  if (isPlain(bytes, from, to)) return bytes.toString('utf8', from + 1, to - 1);
  const value = parseValue(bytes, from, to);
  if (typeof value !== 'string') throw malformed('expected a string', from);
  return value;
}

/** True when the string in `[from, to)`, quotes included, is its own bytes. */
export function isPlain(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from + 1; at < to - 1; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH || byte < 0x20) return false;
  }
  return true;
}

/** A body that is no JSON. Positions count from 1. */
export function malformed(expected: string, at: number): HttpProblem {
  return new HttpProblem(400, `malformed JSON at position ${at + 1}: ${expected}`);
}
