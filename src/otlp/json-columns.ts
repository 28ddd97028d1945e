import type { ByteSpace } from '#model';
import { mismatch, rounded, type Json } from './json-bytes.ts';

/** Texts of OTLP/JSON into columns and side area. What is short and plain is written here: a call of the runtime takes longer. */

const SHORT_TEXT_MAX = 40;
const UINT64_MAX = '18446744073709551615';
const NS_DIGITS = 6;

/** Like `ByteSpace.appendText`. */
export function appendText(space: ByteSpace, text: string): number {
  const { length } = text;
  if (length > SHORT_TEXT_MAX) return space.appendText(text);
  space.reserve(length);
  const { side, sideLength } = space;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return space.appendText(text);
    side[sideLength + i] = unit;
  }
  space.sideLength = sideLength + length;
  return ~sideLength;
}

/** Nanoseconds since 1970 as milliseconds and the rest. They come as digits, or as a number that is too small to matter. */
export function setTime(ms: Float64Array, ns: Int32Array, row: number, value: Json): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw Number.isInteger(value) ? rounded() : unfit(value);
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') throw unfit(value);
  const { length } = text;
  if (length === 0 || length > UINT64_MAX.length || (length === UINT64_MAX.length && text > UINT64_MAX)) throw unfit(value);
  let whole = 0;
  let rest = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw unfit(value);
    if (i < length - NS_DIGITS) whole = whole * 10 + digit;
    else rest = rest * 10 + digit;
  }
  ms[row] = whole;
  ns[row] = rest;
}

function unfit(value: Json): Error {
  return mismatch('nanoseconds since 1970', value);
}

/** An id in hex, as long as a row of its column. */
export function setId(column: Uint8Array, row: number, width: number, text: string): void {
  const from = row * width;
  let wrong = text.length - 2 * width;
  for (let i = 0; i < width; i++) {
    const high = HEX[text.charCodeAt(2 * i) & 0xff] as number;
    const low = HEX[text.charCodeAt(2 * i + 1) & 0xff] as number;
    // A unit beyond a byte must not pass for the digit its lower half looks like.
    wrong |= high | low | ((text.charCodeAt(2 * i) | text.charCodeAt(2 * i + 1)) >> 8);
    column[from + i] = (high << 4) | low;
  }
  if ((wrong & ~15) !== 0) throw mismatch(`${width * 2} hexadecimal digits`, text);
}

/** What a byte stands for as a hexadecimal digit, or -1. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});
