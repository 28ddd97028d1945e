import { HttpProblem } from '#net';

/** Walks a protobuf message. Throws HttpProblem where it is malformed. */
export class Wire {
  at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** A varint; what is above 2^53 is rounded. A negative int64 comes out far above. */
  varint(end: number): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= end) throw this.malformed('a number is cut off');
      const byte = this.bytes[this.at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw this.malformed('a number is too long');
  }

  /** Reads the length of a field; returns where the field ends. */
  span(end: number): number {
    const length = this.varint(end);
    if (length > end - this.at) throw this.malformed('a field runs past its message');
    return this.at + length;
  }

  skip(tag: number, end: number): void {
    const kind = tag & 7;
    if (kind === 0) this.varint(end);
    else if (kind === 2) this.at = this.span(end);
    else if (kind === 1 || kind === 5) this.at += kind === 1 ? 8 : 4;
    else throw this.malformed(`wire type ${kind} is not known`);
    if (this.at > end) throw this.malformed('a field runs past its message');
  }

  malformed(what: string): HttpProblem {
    return new HttpProblem(400, `malformed protobuf at byte ${this.at}: ${what}`);
  }
}
