import { Buffer } from 'node:buffer';

/** Malformed input is always a RangeError that names the byte where reading stopped. */
export function malformed(at: number, what: string): RangeError {
  return new RangeError(`malformed OTLP at byte ${at}: ${what}`);
}

/**
 * A position in a protobuf message. Every read is bounded by the end of the message it belongs to, so that a wrong
 * length inside cannot reach what follows.
 */
export class Wire {
  readonly bytes: Buffer;
  at = 0;
  /** The last 64-bit number read, as two unsigned halves. */
  low = 0;
  high = 0;

  constructor(body: Uint8Array) {
    this.bytes = body instanceof Buffer ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The next tag: field number and wire type in one number. */
  tag(end: number): number {
    const start = this.at;
    if (start < end) {
      const first = this.bytes[start] as number;
      if (first < 128 && first > 7) {
        this.at = start + 1;
        return first;
      }
    }
    this.varint(end);
    const tag = this.low;
    if (this.high !== 0 || tag >>> 3 === 0) throw malformed(start, 'a field has an impossible number');
    return tag;
  }

  /** The length of what follows, checked; returns where it ends. */
  span(end: number): number {
    const start = this.at;
    const first = this.bytes[start] as number;
    if (start < end && first < 128) {
      this.at = start + 1;
      if (first <= end - start - 1) return start + 1 + first;
      throw malformed(start, 'a field runs past the end of its message');
    }
    this.varint(end);
    const length = this.low;
    if (this.high !== 0 || length > end - this.at) throw malformed(start, 'a field runs past the end of its message');
    return this.at + length;
  }

  /** Reads a varint into `low` and `high`. */
  varint(end: number): void {
    const start = this.at;
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw malformed(start, 'a number runs past the end of its message');
      const byte = bytes[this.at++] as number;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw malformed(start, 'a number is longer than 10 bytes');
  }

  /** Reads eight bytes, least significant first, into `low` and `high`. */
  fixed64(end: number): void {
    this.#need(8, end);
    this.low = this.bytes.readUInt32LE(this.at);
    this.high = this.bytes.readUInt32LE(this.at + 4);
    this.at += 8;
  }

  fixed32(end: number): number {
    this.#need(4, end);
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  double(end: number): number {
    this.#need(8, end);
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** Passes over the value of a field. Groups, which protobuf gave up long before OTLP, are refused. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        return this.varint(end);
      case 1:
        this.#need(8, end);
        this.at += 8;
        return;
      case 2:
        this.at = this.span(end);
        return;
      case 5:
        this.#need(4, end);
        this.at += 4;
        return;
      default:
        throw malformed(this.at, `a field has wire type ${tag & 7}`);
    }
  }

  #need(bytes: number, end: number): void {
    if (bytes > end - this.at) throw malformed(this.at, 'a field runs past the end of its message');
  }
}
