import { Buffer } from 'node:buffer';

const FIRST_BYTES = 1024;

/** Bytes that grow, with the few things protobuf needs. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  /** What has been written, until something else is. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.length++] = (rest & 127) | 128;
    this.#bytes[this.length++] = rest;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** `tag`, length, bytes. */
  field(tag: number, bytes: Uint8Array): void {
    this.byte(tag);
    this.varint(bytes.length);
    this.append(bytes);
  }

  /** `tag` and length of a message of two fields, the first one ready, the second `valueTag` and `value`. */
  pair(tag: number, first: Uint8Array, valueTag: number, value: Uint8Array): void {
    this.byte(tag);
    this.varint(first.length + 1 + varintLength(value.length) + value.length);
    this.append(first);
    this.field(valueTag, value);
  }

  /** `tag`, length, text in UTF-8. */
  text(tag: number, text: string): void {
    const size = Buffer.byteLength(text);
    this.byte(tag);
    this.varint(size);
    this.#reserve(size);
    this.length += this.#bytes.write(text, this.length, 'utf8');
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}
