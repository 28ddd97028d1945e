import { Byte, JsonProblem, PLAIN } from './bytes.ts';

const SIMPLE: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x5c: 0x5c,
  0x2f: 0x2f,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: 0x0a,
  0x72: 0x0d,
  0x74: 0x09,
};
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) => SIMPLE[byte] ?? 0);
const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});
const REPLACEMENT = 0xfffd;

/** Decodes JSON strings with escapes; after `decode`, `outEnd` tells where the written text ends. */
export class StringDecoder {
  outEnd = 0;

  /**
   * Decodes the string whose first byte after the quote is `bytes[from]` to UTF-8 at `out[outFrom]`; the text is never
   * longer than its source. Returns where the string's closing quote lies.
   */
  decode(bytes: Uint8Array, from: number, to: number, out: Uint8Array, outFrom: number): number {
    let at = from;
    let end = outFrom;
    for (;;) {
      let byte = 0;
      while (at < to && PLAIN[(byte = bytes[at] as number)] === 1) {
        out[end++] = byte;
        at++;
      }
      if (at >= to) throw new JsonProblem('the string has no closing quote', to);
      if (byte === Byte.quote) break;
      if (byte !== Byte.backslash) throw new JsonProblem('control characters in strings must be escaped', at);
      const escape = at + 1 < to ? (bytes[at + 1] as number) : 0;
      const simple = ESCAPES[escape] as number;
      if (simple !== 0) {
        out[end++] = simple;
        at += 2;
      } else if (escape === Byte.u) {
        const unit = hexAt(bytes, at + 2, to);
        at += 6;
        let point = unit;
        if (unit >= 0xd800 && unit < 0xe000) {
          const low =
            unit < 0xdc00 && bytes[at] === Byte.backslash && bytes[at + 1] === Byte.u && at + 6 <= to ? hexAt(bytes, at + 2, to) : 0;
          const isPair = low >= 0xdc00 && low < 0xe000;
          if (isPair) at += 6;
          // A surrogate without its partner is no character: UTF-8 has no form for it.
          point = isPair ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT;
        }
        end = writePoint(out, end, point);
      } else throw new JsonProblem('no such escape in JSON', at);
    }
    this.outEnd = end;
    return at;
  }
}

function hexAt(bytes: Uint8Array, at: number, to: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = i < to ? (HEX[bytes[i] as number] as number) : -1;
    if (digit < 0) throw new JsonProblem('expected four hexadecimal digits after \\u', i);
    value = (value << 4) | digit;
  }
  return value;
}

function writePoint(out: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    out[at] = point;
    return at + 1;
  }
  if (point < 0x800) {
    out[at] = 0xc0 | (point >> 6);
    out[at + 1] = 0x80 | (point & 63);
    return at + 2;
  }
  if (point < 0x10000) {
    out[at] = 0xe0 | (point >> 12);
    out[at + 1] = 0x80 | ((point >> 6) & 63);
    out[at + 2] = 0x80 | (point & 63);
    return at + 3;
  }
  out[at] = 0xf0 | (point >> 18);
  out[at + 1] = 0x80 | ((point >> 12) & 63);
  out[at + 2] = 0x80 | ((point >> 6) & 63);
  out[at + 3] = 0x80 | (point & 63);
  return at + 4;
}
