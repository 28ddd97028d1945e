import { Buffer } from 'node:buffer';
/**
 * Two buffers behind one kind of position. Positions ≥ 0 lie in `bytes`, what came in and is never changed; negative
 * ones in `side`, where rewrites are appended (`~position` is the offset). So a row can point at either, and a copy of
 * the batch shares `bytes`.
 */
export class ByteSpace {
  bytes: Buffer;
  side: Buffer = EMPTY;
  sideLength = 0;

  constructor(bytes: Buffer = EMPTY) {
    this.bytes = bytes;
  }

  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.sideLength = 0;
    // A burst of rewrites must not be paid for until the process ends.
    if (this.side.length > SIDE_KEPT_BYTES) this.side = EMPTY;
  }

  /** Position of a copy of the text as UTF-8; its length is what `sideLength` grew by. */
  appendText(text: string): number {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.reserve(text.length * 3);
    const at = this.sideLength;
    this.sideLength += this.side.write(text, at, 'utf8');
    return ~at;
  }

  appendBytes(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    this.reserve(end - start);
    const at = this.sideLength;
    this.side.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.sideLength += end - start;
    return ~at;
  }

  /** Makes room for `length` more bytes on the side. */
  reserve(length: number): void {
    const needed = this.sideLength + length;
    if (needed <= this.side.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.side.length * 2, SIDE_FIRST_BYTES));
    this.side.copy(grown, 0, 0, this.sideLength);
    this.side = grown;
  }

  text(position: number, length: number): string {
    return position >= 0
      ? this.bytes.toString('utf8', position, position + length)
      : this.side.toString('utf8', ~position, ~position + length);
  }

  /** A view, not a copy. */
  view(position: number, length: number): Buffer {
    return position >= 0 ? this.bytes.subarray(position, position + length) : this.side.subarray(~position, ~position + length);
  }

  clone(): ByteSpace {
    const copy = new ByteSpace(this.bytes);
    if (this.sideLength > 0) copy.appendBytes(this.side, 0, this.sideLength);
    return copy;
  }
}

const EMPTY = Buffer.alloc(0);
const SIDE_FIRST_BYTES = 4096;
const SIDE_KEPT_BYTES = 1024 * 1024;
