import { byteSet, runEnd, type ByteSet } from './bytes.ts';
import { NAME } from './secret-names.ts';

/** Where a secret value was found. */
export interface ValueRange {
  start: number;
  end: number;
}

const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const QUOTATION = 0x22;
export const BACKSLASHES: ByteSet = byteSet('\\');
const VALUE_STOP = byteSet(' \t\r\n\v\f\0', '"\'`', ',;&<', '\\');
/** Bytes of a value without quotes. */
export const VALUE: ByteSet = VALUE_STOP.map((isStop) => 1 - isStop);
const PARAMETER = byteSet(' \t\r\n\0', '"\'`', ',\\').map((isStop) => 1 - isStop);
const PARAMETER_GAP = byteSet(' \t,');
const PARAMETER_MAX = 64;
const GAP_MAX = 4;
const BACKSLASHES_MAX = 8;

/**
 * A quoted value; the quote at `open` may have backslashes before it from `begin` on, as in JSON within JSON. A value
 * without an end takes the rest of the text.
 */
export function setQuoted(bytes: Buffer, begin: number, open: number, to: number, value: ValueRange): void {
  const quote = bytes[open];
  const depth = open - begin;
  value.start = open + 1;
  let backslashes = 0;
  for (let i = open + 1; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === BACKSLASH) {
      backslashes++;
      continue;
    }
    // Quotes of the value itself have more backslashes than those around it.
    if (byte === quote && (depth === 0 ? backslashes % 2 === 0 : backslashes <= depth)) {
      value.end = i - Math.min(depth, backslashes);
      return;
    }
    backslashes = 0;
  }
  value.end = to;
}

/** Digest and the like have a list of parameters: `name="value", name=value`. All of it goes. */
export function setParameters(bytes: Buffer, to: number, value: ValueRange): boolean {
  let at = value.start;
  for (;;) {
    const sign = runEnd(bytes, at, Math.min(to, at + PARAMETER_MAX), NAME);
    if (sign === at || sign >= to || bytes[sign] !== EQUALS) break;
    value.end = parameterEnd(bytes, sign + 1, to);
    at = runEnd(bytes, value.end, Math.min(to, value.end + GAP_MAX), PARAMETER_GAP);
    if (at === value.end) break;
  }
  return at > value.start;
}

function parameterEnd(bytes: Buffer, begin: number, to: number): number {
  const open = runEnd(bytes, begin, Math.min(to, begin + BACKSLASHES_MAX), BACKSLASHES);
  if (open >= to || bytes[open] !== QUOTATION) return runEnd(bytes, begin, to, PARAMETER);
  const quoted: ValueRange = { start: begin, end: begin };
  setQuoted(bytes, begin, open, to, quoted);
  // The quote, and the backslashes before it.
  return Math.min(to, quoted.end + open - begin + 1);
}
