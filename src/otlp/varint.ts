import type { Buffer } from 'node:buffer';

export function varintLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  if (value < 2_097_152) return 3;
  return value < 268_435_456 ? 4 : 5;
}

/** Writes a varint below 2^32; returns the end. */
export function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at] = rest;
  return at + 1;
}

/** Bytes of an int64 varint. `value` is a safe integer; a negative one always takes ten. */
export function integerLength(value: number): number {
  if (value < 0) return 10;
  if (value < 268_435_456) return varintLength(value);
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

export function writeInteger(out: Buffer, start: number, value: number): number {
  if (value >= 0 && value < 4_294_967_296) return writeVarint(out, start, value);
  let rest = BigInt.asUintN(64, BigInt(value));
  let at = start;
  for (; rest > 127n; rest >>= 7n) out[at++] = Number(rest & 127n) | 128;
  out[at] = Number(rest);
  return at + 1;
}
