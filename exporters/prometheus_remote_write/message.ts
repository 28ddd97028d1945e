import { Buffer } from 'node:buffer';

const FIRST_BYTES = 1024;

/** Bytes of protobuf that grow. */
export class Message {
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
    this.#reserve(10);
    this.#bytes[this.length++] = tag;
    this.#plain(value);
  }

  double(tag: number, value: number): void {
    this.#reserve(9);
    this.#bytes[this.length++] = tag;
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** `tag`, length, bytes. */
  bytes(tag: number, bytes: Uint8Array): void {
    this.head(tag, bytes.length);
    this.append(bytes);
  }

  text(tag: number, text: string): void {
    this.bytes(tag, Buffer.from(text));
  }

  /** Of a field whose `length` bytes are written next. */
  head(tag: number, length: number): void {
    this.#reserve(10);
    this.#bytes[this.length++] = tag;
    this.#plain(length);
  }

  #plain(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.length++] = (rest & 127) | 128;
    this.#bytes[this.length++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.length + bytes, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}
