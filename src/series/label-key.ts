import { isUtf8 } from 'node:buffer';

// No byte of UTF-8 is ever 0xff, so it can close each value.
const CLOSE = 0xff;
// As a signed number, which is what Math.imul gives.
const FNV_BASIS = 0x811c9dc5 | 0;

/**
 * The label values of one row as bytes, each closed by 0xff, and their hash: what a series is found by. The bytes are
 * copied from the batch, so that a row whose series exists makes no string.
 */
export class LabelKey {
  readonly #valueBytesMax: number;
  bytes: Buffer;
  length = 0;
  hash = 0;
  /** All bytes of the values or-ed together: below 0x80 they are ASCII, and so valid. */
  #bits = 0;

  constructor(labels: number, valueBytesMax: number) {
    this.#valueBytesMax = valueBytesMax;
    this.bytes = Buffer.alloc(labels * (valueBytesMax + 1));
  }

  begin(): void {
    this.length = 0;
    this.#bits = 0;
    this.hash = FNV_BASIS;
  }

  /** The value in `source[start, start + size)`, cut where it is too long, never inside a character. */
  add(source: Uint8Array, start: number, size: number): void {
    const { bytes } = this;
    const end = start + cutAt(source, start, size, this.#valueBytesMax);
    let { length, hash } = this;
    let bits = this.#bits;
    for (let i = start; i < end; i++) {
      // A stray 0xff is as invalid as 0xfe, and may not be taken for the end.
      const byte = source[i] === CLOSE ? 0xfe : (source[i] as number);
      bytes[length++] = byte;
      bits |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    bytes[length++] = CLOSE;
    this.length = length;
    this.#bits = bits;
    this.hash = Math.imul(hash ^ CLOSE, 0x01000193);
  }

  addText(text: string): void {
    if (text === '') this.add(EMPTY, 0, 0);
    else {
      // More than the bound need not be encoded: a UTF-16 unit is at least one byte.
      const encoded = Buffer.from(text.length > this.#valueBytesMax ? text.slice(0, this.#valueBytesMax + 1) : text, 'utf8');
      this.add(encoded, 0, encoded.length);
    }
  }

  /** Replaces bytes that are no UTF-8, so that values that look equal are equal. True when there were any. */
  repair(): boolean {
    if (this.#bits < 0x80) return false;
    const parts = valuesOf(this.bytes.subarray(0, this.length));
    if (parts.every((part) => isUtf8(part))) return false;
    const texts = parts.map((part) => part.toString('utf8'));
    this.begin();
    for (const text of texts) this.addText(text);
    return true;
  }
}

/** How many of these bytes there may be, so that no character is cut in two. */
export function cutAt(source: Uint8Array, start: number, size: number, bytesMax: number): number {
  if (size <= bytesMax) return size;
  let cut = bytesMax;
  while (cut > 0 && ((source[start + cut] as number) & 0xc0) === 0x80) cut--;
  return cut;
}

const EMPTY = Buffer.alloc(0);

/** The values of a key, as views. */
export function valuesOf(key: Buffer): Buffer[] {
  const values: Buffer[] = [];
  let start = 0;
  for (let end = key.indexOf(CLOSE); end >= 0; end = key.indexOf(CLOSE, start)) {
    values.push(key.subarray(start, end));
    start = end + 1;
  }
  return values;
}
