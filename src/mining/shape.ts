import { ByteClass, CLASS, IS_LETTER, LINE_FEED, WIDE_REST_MIN } from './byte-class.ts';

// Multipliers with well-spread bits, from the literature on hashing (FNV, Murmur3).
const BYTE = 0x01000193;
const WORD = 0x85ebca6b;
const CHECK = 0xc2b2ae35;
const NUMBER = 0x9e3779b9 | 0;

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
    let byte = 0;
    for (let i = from; i < to; i++) {
      byte = bytes[i] as number;
      let kind = CLASS[byte] as number;
      let word = 0;
      if (kind === ByteClass.digit) {
        word = NUMBER;
        do byte = ++i === to ? 0 : (bytes[i] as number);
        while (i < to && (CLASS[byte] as number) < ByteClass.delimiter);
      } else if (kind === ByteClass.word) {
        const needed = 1 + (IS_LETTER[byte] as number);
        let digits = 0;
        do {
          word = Math.imul(word ^ byte, BYTE);
          digits += kind;
          byte = ++i === to ? 0 : (bytes[i] as number);
          kind = CLASS[byte] as number;
        } while (i < to && kind < ByteClass.delimiter && digits < needed);
        if (digits >= needed) {
          // The rest of a number is not hashed, only passed over: it is the greater part of many lines.
          word = NUMBER;
          for (; i < to && kind < ByteClass.delimiter; kind = CLASS[byte] as number) byte = ++i === to ? 0 : (bytes[i] as number);
        }
      } else if (kind === ByteClass.wide) {
        do {
          word = Math.imul(word ^ byte, BYTE);
          byte = ++i === to ? 0 : (bytes[i] as number);
        } while (i < to && byte >= WIDE_REST_MIN);
      }
      first = Math.imul(first ^ word, WORD);
      second = Math.imul(second + word, CHECK) ^ (second >>> 15);
      if (i === to) break;
      if (CLASS[byte] !== ByteClass.delimiter) {
        // Another word begins here.
        i--;
        continue;
      }
      first += byte;
      if (byte === LINE_FEED) break;
    }
    this.first = first | 0;
    this.second = second;
  }
}
