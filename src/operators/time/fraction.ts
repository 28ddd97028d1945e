/** A nanosecond is the least that OTLP can tell. */
export const FRACTION_DIGITS_MAX = 9;
/** 10 to the power of the index. */
export const POWERS: Int32Array = Int32Array.from({ length: FRACTION_DIGITS_MAX + 1 }, (_, power) => 10 ** power);

/** Reads the fraction of a second behind a point or a comma, as many digits as there are. */
export class FractionReader {
  /** Where the fraction ends; where it would begin when there is none. */
  end = 0;

  /** Nanoseconds; what lies below is cut. */
  read(bytes: Uint8Array, from: number, to: number): number {
    this.end = from;
    const point = from + 1 < to ? bytes[from] : 0;
    if (point !== 0x2e && point !== 0x2c) return 0;
    let at = from + 1;
    let value = 0;
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (at - from <= FRACTION_DIGITS_MAX) value = value * 10 + digit;
    }
    if (at === from + 1) return 0;
    this.end = at;
    return value * (POWERS[Math.max(0, FRACTION_DIGITS_MAX - (at - from - 1))] as number);
  }
}
