/** Sets of bytes as tables of 256 entries, 1 for those that belong. */
export type ByteSet = Uint8Array;

/** `byteSet('a-z', '_')`: a part of three characters with a dash in the middle is a range, any other lists its bytes. */
export function byteSet(...parts: readonly string[]): ByteSet {
  const set = new Uint8Array(256);
  for (const part of parts) {
    if (part.length === 3 && part[1] === '-') set.fill(1, part.charCodeAt(0), part.charCodeAt(2) + 1);
    else for (const byte of Buffer.from(part, 'latin1')) set[byte] = 1;
  }
  return set;
}

export const DIGIT: ByteSet = byteSet('0-9');
export const ALNUM: ByteSet = byteSet('0-9', 'A-Z', 'a-z');
/** Bytes of words: what stands beside one of them is in the middle of something. Bytes of other scripts are letters too. */
export const WORD: ByteSet = byteSet('0-9', 'A-Z', 'a-z', '_');
WORD.fill(1, 0x80);

/** True when `text` stands at `at`; with `folded` letters of either case count, and `text` is in lower case. */
export function isTextAt(bytes: Uint8Array, at: number, to: number, text: Uint8Array, folded: boolean = false): boolean {
  if (at < 0 || at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i] as number;
    if ((folded ? lower(byte) : byte) !== text[i]) return false;
  }
  return true;
}

export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** End of the run of bytes of `set` that begins at `at`. */
export function runEnd(bytes: Uint8Array, at: number, to: number, set: ByteSet): number {
  let end = at;
  while (end < to && set[bytes[end] as number] === 1) end++;
  return end;
}

/** Start of the run of bytes of `set` that ends before `end`, looking back at most `most` bytes. */
export function runStart(bytes: Uint8Array, from: number, end: number, { set, most }: { set: ByteSet; most: number }): number {
  let start = end;
  const least = Math.max(from, end - most);
  while (start > least && set[bytes[start - 1] as number] === 1) start--;
  return start;
}

/** True when what is before `start` and at `end` is not part of the same word. */
export function isApart(bytes: Uint8Array, range: { readonly from: number; readonly to: number }, start: number, end: number): boolean {
  return (start === range.from || WORD[bytes[start - 1] as number] === 0) && (end === range.to || WORD[bytes[end] as number] === 0);
}
