import { Buffer } from 'node:buffer';
import type { ByteSpace } from '#model';

// From here on the runtime's memcpy is quicker than a loop of words, the cost of the call included (measured).
const LONG_COPY = 400;
const WORD = 8;

/** Copies by words write up to so many bytes behind what they copy; whoever provides the target leaves that room. */
export const COPY_SLACK: number = WORD;

const NOTHING = new DataView(new ArrayBuffer(0));

/**
 * Copies short pieces of a batch into a body, eight bytes at a time: most are a key or a value of 5 to 40 bytes, for which
 * a loop of bytes takes twice as long and a call into the runtime three times. The optimising compiler keeps the words in registers; no BigInt is made.
 */
export class Copier {
  #out: Buffer = Buffer.alloc(0);
  #outView: DataView = NOTHING;
  #bytes: Buffer = Buffer.alloc(0);
  #bytesView: DataView = NOTHING;
  #side: Buffer = Buffer.alloc(0);
  #sideView: DataView = NOTHING;

  /** From now on copies from this space, until it is reset or appended to, into `out`. */
  begin(out: Buffer, { bytes, side }: ByteSpace): void {
    this.#out = out;
    this.#outView = viewOf(out);
    this.#bytes = bytes;
    this.#bytesView = viewOf(bytes);
    this.#side = side;
    this.#sideView = viewOf(side);
  }

  /** `size` bytes from a position of the space; returns the end in `out`. */
  range(at: number, position: number, size: number): number {
    if (position >= 0) {
      if (size > LONG_COPY || position + size + WORD > this.#bytes.length) {
        this.#bytes.copy(this.#out, at, position, position + size);
        return at + size;
      }
      return copyWords(this.#outView, at, this.#bytesView, position, size);
    }
    const offset = ~position;
    if (size > LONG_COPY || offset + size + WORD > this.#side.length) {
      this.#side.copy(this.#out, at, offset, offset + size);
      return at + size;
    }
    return copyWords(this.#outView, at, this.#sideView, offset, size);
  }

  /** Four bytes, the lowest first. */
  four(at: number, bytes: number): void {
    this.#outView.setInt32(at, bytes, true);
  }

  /** `size` bytes that are ready as words; see `toWords`. */
  words(at: number, words: BigInt64Array, size: number): number {
    const view = this.#outView;
    for (let i = 0; i < words.length; i++) view.setBigInt64(at + WORD * i, words[i] as bigint, true);
    return at + size;
  }
}

function copyWords(out: DataView, at: number, from: DataView, start: number, size: number): number {
  for (let i = 0; i < size; i += WORD) {
    out.setBigInt64(at + i, from.getBigInt64(start + i, true), true);
  }
  return at + size;
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
