import { RowProblem } from '#component';

/** The bytes that JSON is made of. */
export const Byte = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  colon: 0x3a,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  minus: 0x2d,
  plus: 0x2b,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  t: 0x74,
  f: 0x66,
  n: 0x6e,
  u: 0x75,
} as const;

/** 1 for bytes that stand for themselves inside a string: all but quotes, backslashes and control characters. */
export const PLAIN: Uint8Array = new Uint8Array(256).fill(1);
PLAIN.fill(0, 0, 0x20);
PLAIN[Byte.quote] = 0;
PLAIN[Byte.backslash] = 0;

/** Where the first byte that is not white space lies, at most `to`. */
export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at] as number)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** True when the bytes at `at` are this ASCII text and end at or before `to`. */
export function isTextAt(bytes: Uint8Array, at: number, to: number, text: string): boolean {
  if (at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Invalid JSON: what was expected, and where. Thrown inside the scanner only, and caught at its face. */
export class JsonProblem extends RowProblem {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
