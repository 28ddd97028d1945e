import { encodeAnyValue } from '#model';
import { Byte } from './bytes.ts';

/** What kind of number was read. `big` is an integer beyond 2^53 that fits into 64 bits. */
export const NumberKind = { invalid: 0, int: 1, double: 2, big: 3 } as const;
export type NumberKindName = (typeof NumberKind)[keyof typeof NumberKind];

// Up to here a mantissa and a power of ten are both exact doubles, so that one division or multiplication rounds
// correctly: the result is the one JSON.parse gives.
const DIGITS_EXACT_MAX = 15;
const POWER_EXACT_MAX = 22;
const POWERS = Float64Array.from({ length: POWER_EXACT_MAX + 1 }, (_, power) => Number(`1e${power}`));

/** Reads numbers from bytes; after `read` its fields tell what was found. One object is used for all. */
export class NumberReader {
  kind: NumberKindName = NumberKind.invalid;
  value = 0;
  /** The number's text when `kind` is `big`. */
  text = '';
  end = 0;

  /** Reads the JSON number at `from`; returns where it ends. */
  read(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    const isNegative = bytes[at] === Byte.minus;
    if (isNegative) at++;
    const first = at;
    let mantissa = 0;
    let digit = 0;
    while (at < to && (digit = (bytes[at] as number) - Byte.zero) >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      at++;
    }
    const digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === Byte.zero)) return this.#invalid(first);
    const next = at < to ? (bytes[at] as number) : 0;
    if (next === Byte.dot || next === 0x65 || next === 0x45) return this.#fraction(bytes, from, at, to, mantissa, digits);
    this.end = at;
    if (digits > DIGITS_EXACT_MAX) return this.#large(bytes, from, at);
    this.kind = NumberKind.int;
    // Never -0: the wire has no such integer.
    this.value = isNegative && mantissa !== 0 ? -mantissa : mantissa;
    return at;
  }

  #fraction(bytes: Uint8Array, from: number, pointAt: number, to: number, whole: number, wholeDigits: number): number {
    let at = pointAt;
    let mantissa = whole;
    let digit = 0;
    if (bytes[at] === Byte.dot) {
      at++;
      while (at < to && (digit = (bytes[at] as number) - Byte.zero) >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        at++;
      }
      if (at === pointAt + 1) return this.#invalid(at);
    }
    const decimals = Math.max(0, at - pointAt - 1);
    let exponent = 0;
    if (at < to && ((bytes[at] as number) | 0x20) === 0x65) {
      at++;
      const isDown = bytes[at] === Byte.minus;
      if (at < to && (isDown || bytes[at] === Byte.plus)) at++;
      const first = at;
      while (at < to && (digit = (bytes[at] as number) - Byte.zero) >= 0 && digit <= 9) {
        exponent = exponent * 10 + digit;
        at++;
      }
      if (at === first) return this.#invalid(at);
      if (isDown) exponent = -exponent;
    }
    this.end = at;
    this.kind = NumberKind.double;
    const power = exponent - decimals;
    if (wholeDigits + decimals <= DIGITS_EXACT_MAX && power >= -POWER_EXACT_MAX && power <= POWER_EXACT_MAX) {
      const value = power < 0 ? mantissa / (POWERS[-power] as number) : mantissa * (POWERS[power] as number);
      this.value = bytes[from] === Byte.minus ? -value : value;
    } else this.value = Number(textOf(bytes, from, at));
    return at;
  }

  #large(bytes: Uint8Array, from: number, to: number): number {
    const text = textOf(bytes, from, to);
    this.value = Number(text);
    this.kind = NumberKind.int;
    if (Number.isSafeInteger(this.value)) return to;
    this.kind = NumberKind.double;
    if (to - from > 20) return to;
    const exact = BigInt(text);
    if (exact !== BigInt.asIntN(64, exact)) return to;
    this.kind = NumberKind.big;
    this.text = text;
    return to;
  }

  /** The AnyValue of a `big` number. */
  encoded(): Uint8Array {
    return encodeAnyValue(BigInt(this.text));
  }

  #invalid(at: number): number {
    this.kind = NumberKind.invalid;
    this.end = at;
    return at;
  }
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
