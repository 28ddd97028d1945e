import { ByteClass, CLASS, COLON, IS_LETTER, LINE_FEED, SLASH } from './byte-class.ts';

// Multipliers with well-spread bits, from the literature on hashing (FNV, Murmur3).
const BYTE = 0x01000193;
const WORD = 0x85ebca6b;
const CHECK = 0xc2b2ae35;
const NUMBER = 0x9e3779b9 | 0;
const CUT = 0x7feb352d;

/**
 * The shape of a line: a hash of its words and delimiters in which all numbers are alike. Lines of one shape have one
 * template, so that of most lines nothing but their shape is looked at. 64 bits in two halves: a collision would give
 * a line the template of another.
 */
export class Shape {
  first = 0;
  second = 0;

  /** Takes in `bytes[from, to)` until the first line feed: what follows, a stack trace, is one variable. */
  measure(bytes: Uint8Array, from: number, to: number, seed: number): void {
    let first = seed | 0;
    let second = ~seed;
    let word = 0;
    let digits = 0;
    let start = from;
    let i = from;
    for (; i < to; i++) {
      const byte = bytes[i] as number;
      const kind = CLASS[byte] as number;
      if (kind !== ByteClass.delimiter) {
        word = Math.imul(word ^ byte, BYTE);
        digits += kind;
        continue;
      }
      // The colon of `http://` is a part of its word.
      if (byte === COLON && i + 1 < to && bytes[i + 1] === SLASH) {
        word = Math.imul(word ^ byte, BYTE);
        continue;
      }
      if (digits > (IS_LETTER[bytes[start] as number] as number)) word = NUMBER;
      first = Math.imul(first ^ word, WORD) + byte;
      second = Math.imul(second + word, CHECK) ^ (second >>> 15);
      word = 0;
      digits = 0;
      start = i + 1;
      if (byte === LINE_FEED) break;
    }
    if (i < to) word = CUT;
    else if (digits > (IS_LETTER[bytes[start] as number] as number)) word = NUMBER;
    this.first = Math.imul(first ^ word, WORD);
    this.second = Math.imul(second + word, CHECK) ^ (second >>> 15);
  }
}
