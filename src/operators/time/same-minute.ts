import { FRACTION_DIGITS_MAX, POWERS } from './fraction.ts';

/** What was found where in a time that was read step by step. Positions in its bytes. */
export interface ReadTime {
  readonly from: number;
  readonly to: number;
  readonly secondAt: number;
  readonly second: number;
  /** Where the fraction's point is, and where the fraction ends; the same when there is none. */
  readonly fractionAt: number;
  readonly fractionEnd: number;
  /** Digits the layout wants; 0 when that is open. */
  readonly fractionDigits: number;
  readonly ms: number;
  readonly nanoseconds: number;
}

/**
 * Reads a time that differs from one before in the second and its fraction only: most lines of a log follow another of the
 * same minute. What is around them must be the same bytes, in the same buffer.
 */
export class SameMinute {
  /** The time that `read` has found. */
  ms = 0;
  ns = 0;
  #bytes: Uint8Array | undefined;
  #from = 0;
  #to = 0;
  #prefixSize = 0;
  #suffixSize = 0;
  /** The fraction with its point. */
  #fractionSize = 0;
  #fractionDigits = 0;
  #minuteMs = 0;

  forget(): void {
    this.#bytes = undefined;
  }

  remember(bytes: Uint8Array, time: ReadTime): void {
    const { from, to, secondAt, fractionAt, fractionEnd } = time;
    this.#bytes = undefined;
    const hasFraction = fractionEnd > fractionAt;
    const hasTwoDigits = secondAt + 2 <= to && isDigit(bytes[secondAt + 1] as number);
    if (!hasTwoDigits || (hasFraction && fractionAt !== secondAt + 2)) return;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    this.#prefixSize = secondAt - from;
    this.#fractionSize = fractionEnd - fractionAt;
    this.#suffixSize = to - secondAt - 2 - this.#fractionSize;
    this.#fractionDigits = time.fractionDigits;
    // Zones change at whole minutes.
    this.#minuteMs = time.ms - time.second * 1000 - Math.floor(time.nanoseconds / 1_000_000);
  }

  /** True when `bytes[from, to)` is such a time; `ms` and `ns` are set then. */
  read(view: DataView, bytes: Uint8Array, from: number, to: number): boolean {
    const at = from + this.#prefixSize;
    const fractionAt = at + 2;
    const suffixAt = to - this.#suffixSize;
    if (bytes !== this.#bytes || suffixAt < fractionAt || !this.#isSamePrefix(view, from) || !this.#isSameSuffix(suffixAt, to))
      return false;
    const tens = (bytes[at] as number) - 0x30;
    const ones = (bytes[at + 1] as number) - 0x30;
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return false;
    const nanoseconds = this.#fraction(bytes, fractionAt, suffixAt);
    if (nanoseconds < 0) return false;
    const ms = Math.floor(nanoseconds / 1_000_000);
    this.ns = nanoseconds - ms * 1_000_000;
    this.ms = this.#minuteMs + (tens * 10 + ones) * 1000 + ms;
    return true;
  }

  /** Nanoseconds, or -1 when it is not a fraction like the one before. */
  #fraction(bytes: Uint8Array, from: number, to: number): number {
    const size = to - from;
    if (size === 0 && this.#fractionSize === 0) return 0;
    if (size < 2 || this.#fractionSize === 0 || bytes[from] !== bytes[this.#from + this.#prefixSize + 2]) return -1;
    if (this.#fractionDigits > 0 ? size !== this.#fractionSize : size > FRACTION_DIGITS_MAX + 1) return -1;
    let value = 0;
    for (let i = from + 1; i < to; i++) {
      const digit = (bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value * (POWERS[Math.max(0, FRACTION_DIGITS_MAX + 1 - size)] as number);
  }

  #isSamePrefix(view: DataView, from: number): boolean {
    const size = this.#prefixSize;
    const last = this.#from;
    if (size < 4) return false;
    // The end first, since that is where minutes differ; the last four bytes lie over those before.
    if (view.getInt32(last + size - 4, true) !== view.getInt32(from + size - 4, true)) return false;
    for (let i = 0; i + 4 < size; i += 4) if (view.getInt32(last + i, true) !== view.getInt32(from + i, true)) return false;
    return true;
  }

  #isSameSuffix(from: number, to: number): boolean {
    const bytes = this.#bytes as Uint8Array;
    const shift = this.#to - to;
    for (let i = from; i < to; i++) if (bytes[i] !== bytes[i + shift]) return false;
    return true;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
