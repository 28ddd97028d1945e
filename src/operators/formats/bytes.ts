/** Bytes and small scans that the formats share. */
export const Ascii = {
  tab: 0x09,
  newline: 0x0a,
  return: 0x0d,
  space: 0x20,
  quote: 0x22,
  apostrophe: 0x27,
  open: 0x28,
  close: 0x29,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  less: 0x3c,
  equals: 0x3d,
  greater: 0x3e,
  question: 0x3f,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** A view of the buffer that rows lie in, made anew only when that is another one. */
export class Words {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

/** Where the first `byte` at or after `from` lies, or `to`. Four bytes are looked at in one step. */
export function find(view: DataView, byte: number, from: number, to: number): number {
  const pattern = byte * 0x01010101;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = view.getInt32(at, true) ^ pattern;
    // Sets the top bit of each byte that is zero, and perhaps of some above it; the lowest is right.
    const hits = (word - 0x01010101) & ~word & 0x80808080;
    if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3);
  }
  while (at < to && view.getUint8(at) !== byte) at++;
  return at;
}

/** True when the bytes at `at` are this ASCII text and end at or before `to`. */
export function isTextAt(bytes: Uint8Array, at: number, to: number, text: string): boolean {
  if (at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The number that `bytes[from, to)` spell in one to 15 digits, or -1. */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 15) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The number of two digits, or -1. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] as number) - 0x30;
  const low = (bytes[at + 1] as number) - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1;
}

/** Where the first byte that is not a space or a tab lies, at most `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === Ascii.space || bytes[at] === Ascii.tab)) at++;
  return at;
}
