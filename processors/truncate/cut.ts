/** Where a text may end without harm, and what is put at its end. */

const CONTINUATION = 0x80;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const ESCAPE_BYTES = 6;

/**
 * The end of the longest part of `bytes[from, to)` that has at most `size` bytes and no half of a character: neither of a
 * UTF-8 sequence, nor of an escape such as `\u00e9`, nor of two escapes that are one character.
 */
export function safeEnd(bytes: Uint8Array, from: number, to: number, size: number): number {
  if (to - from <= size) return to;
  let end = from + Math.max(0, size);
  while (end > from && ((bytes[end] as number) & 0xc0) === CONTINUATION && from + size - end < 3) end--;
  return beforeEscape(bytes, from, end);
}

/** `end`, or where the escape begins that it would cut. */
function beforeEscape(bytes: Uint8Array, from: number, end: number): number {
  for (let at = Math.max(from, end - ESCAPE_BYTES + 1); at < end; at++) {
    if (!isEscape(bytes, from, at) || at + ESCAPE_BYTES <= end) continue;
    return beforeHighSurrogate(bytes, from, at);
  }
  return beforeHighSurrogate(bytes, from, end);
}

/** Steps back over the first half of a pair whose second half is cut off. */
function beforeHighSurrogate(bytes: Uint8Array, from: number, end: number): number {
  const at = end - ESCAPE_BYTES;
  return at >= from && isEscape(bytes, from, at) && isHigh(bytes, at) ? at : end;
}

/** True for `\u` that is not itself escaped. */
function isEscape(bytes: Uint8Array, from: number, at: number): boolean {
  if (bytes[at] !== BACKSLASH || bytes[at + 1] !== SMALL_U) return false;
  let backslashes = 0;
  while (at - backslashes - 1 >= from && bytes[at - backslashes - 1] === BACKSLASH && backslashes < BACKSLASHES_MAX) backslashes++;
  return backslashes % 2 === 0;
}

// More of them in a row are no text whose characters matter.
const BACKSLASHES_MAX = 64;

/** `\ud8` to `\udb`: the first half of a pair. */
function isHigh(bytes: Uint8Array, at: number): boolean {
  const first = (bytes[at + 2] as number) | 0x20;
  const second = (bytes[at + 3] as number) | 0x20;
  return first === 0x64 && (second === 0x38 || second === 0x39 || second === 0x61 || second === 0x62);
}

/** The end of the first `count` characters of UTF-8, or -1 when there are no more than that. */
function charactersEnd(bytes: Uint8Array, from: number, to: number, count: number): number {
  let left = count;
  for (let at = from; at < to; at++) {
    if (((bytes[at] as number) & 0xc0) === CONTINUATION) continue;
    if (left-- === 0) return beforeEscape(bytes, from, at);
  }
  return -1;
}

/** What is put at the end of a text that was cut; `{original}` and `{removed}` are its bytes. */
export class Note {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  of(original: number, removed: number): Buffer {
    return Buffer.from(this.#text.replaceAll('{original}', String(original)).replaceAll('{removed}', String(removed)));
  }

  /** The text with as much of its beginning as fits beside the note into `size` bytes. */
  cut(bytes: Uint8Array, from: number, to: number, size: number): Buffer {
    const length = to - from;
    // The note's own length depends on the number in it: with the largest number it is longest.
    const room = size - this.of(length, length).length;
    const end = safeEnd(bytes, from, to, room > 0 ? room : size);
    const kept = bytes.subarray(from, end);
    return room > 0 ? Buffer.concat([kept, this.of(length, to - end)]) : Buffer.from(kept);
  }

  /** The first `count` characters and the note, or undefined when there are no more than that. */
  cutCharacters(bytes: Uint8Array, from: number, to: number, count: number): Buffer | undefined {
    if (to - from <= count) return undefined;
    const end = charactersEnd(bytes, from, to, count);
    return end < 0 ? undefined : Buffer.concat([bytes.subarray(from, end), this.of(to - from, to - end)]);
  }
}
