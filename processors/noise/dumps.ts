/** Dumps of data structures: long lines full of brackets. */

const CURLY = 0x7b;
const SQUARE = 0x5b;
const CONTINUATION = 0x80;
const NEWLINE = 0x0a;

/** 1 for the bytes that are counted. */
const COUNTED = new Uint8Array(256);
for (const byte of [CURLY, SQUARE, NEWLINE]) COUNTED[byte] = 1;

export interface DumpSettings {
  /** Characters beyond which a line may be a dump. */
  readonly length: number;
  /** Brackets of one kind that an ordinary line may have. */
  readonly brackets: number;
}

/** Counts in one pass what the rules ask for. */
export class Census {
  curly = 0;
  square = 0;
  /** Where the first newline is, or -1. */
  newline = -1;

  /** A text that is too short for a dump is only searched for a newline, which the runtime does faster. */
  take(bytes: Buffer, from: number, to: number, length: number): void {
    this.curly = this.square = 0;
    this.newline = -1;
    if (to - from <= length) {
      const newline = bytes.indexOf(NEWLINE, from);
      if (newline < to) this.newline = newline;
      return;
    }
    let at = from;
    for (const last = to - 4; at <= last; at += 4) {
      const any =
        (COUNTED[bytes[at] as number] as number) |
        (COUNTED[bytes[at + 1] as number] as number) |
        (COUNTED[bytes[at + 2] as number] as number) |
        (COUNTED[bytes[at + 3] as number] as number);
      if (any !== 0) this.#count(bytes, at, at + 4);
    }
    this.#count(bytes, at, to);
  }

  #count(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = bytes[at];
      if (byte === CURLY) this.curly++;
      else if (byte === SQUARE) this.square++;
      else if (byte === NEWLINE && this.newline < 0) this.newline = at;
    }
  }

  /** True for more than so many characters with more than so many `{` or so many `[`. */
  isDump(bytes: Uint8Array, from: number, to: number, { length, brackets }: DumpSettings): boolean {
    if (to - from <= length || (this.curly <= brackets && this.square <= brackets)) return false;
    return charactersEnd(bytes, from, to, length) < to;
  }
}

/** Where the first `count` characters of UTF-8 end. */
export function charactersEnd(bytes: Uint8Array, from: number, to: number, count: number): number {
  let left = count;
  for (let at = from; at < to; at++) {
    if (((bytes[at] as number) & 0xc0) !== CONTINUATION && left-- === 0) return at;
  }
  return to;
}
