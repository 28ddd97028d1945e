import { Buffer } from 'node:buffer';

const FIRST_BYTES = 1024;
/** A tag of one byte, and a number of up to 2^53. */
const HEAD_BYTES_MAX = 10;

/** Bytes of a protobuf message that grow. Tags are given as they are on the wire, and are of one byte. */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  /** What has been written, until something else is. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** A whole number from 0 to 2^53. */
  varint(tag: number, value: number): void {
    this.#reserve(HEAD_BYTES_MAX);
    this.#bytes[this.length++] = tag;
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.length++] = (rest & 127) | 128;
    this.#bytes[this.length++] = rest;
  }

  double(tag: number, value: number): void {
    this.#reserve(9);
    this.#bytes[this.length++] = tag;
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  /** What is a field, or several, already. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.head(tag, bytes.length);
    this.append(bytes);
  }

  /** In UTF-8. */
  text(tag: number, text: string): void {
    const size = Buffer.byteLength(text);
    this.head(tag, size);
    this.#reserve(size);
    this.length += this.#bytes.write(text, this.length, 'utf8');
  }

  /** Of a field whose `length` bytes are written next. */
  head(tag: number, length: number): void {
    this.varint(tag, length);
  }

  #reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}

/** How many bytes a field of `length` bytes takes, with its tag and its length. */
export function protobufFieldSize(length: number): number {
  let size = 2 + length;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}
