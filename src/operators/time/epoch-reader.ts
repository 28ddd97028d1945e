export const EPOCH_LAYOUTS = ['s', 'ms', 'us', 'ns', 's.ms', 's.us', 's.ns'] as const;
export type EpochLayout = (typeof EPOCH_LAYOUTS)[number];

// Nanoseconds of one unit before the point, and of one unit behind it.
const UNIT_NS: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };
const MS_NS = 1_000_000;

/** Reads times given as a count since 1970. */
export class EpochReader {
  ms = 0;
  ns = 0;
  readonly #unitNs: number;
  /** Nanoseconds of one unit behind the point, 0 when there is no point. */
  readonly #partNs: number;

  constructor(layout: EpochLayout) {
    const [unit = '', part = ''] = layout.split('.');
    this.#unitNs = UNIT_NS[unit] ?? 1;
    this.#partNs = UNIT_NS[part] ?? 0;
  }

  read(bytes: Uint8Array, from: number, to: number): boolean {
    let at = from;
    let whole = 0;
    // A count of nanoseconds is longer than a double is exact: what lies below a millisecond is kept apart.
    let below = 0;
    const belowDigits = this.#unitNs === 1 ? 6 : this.#unitNs === 1e3 ? 3 : 0;
    let end = at;
    while (end < to && isDigit(bytes[end] as number)) end++;
    const wholeEnd = Math.max(at, end - belowDigits);
    if (end === at || end - at > 19) return false;
    for (; at < wholeEnd; at++) whole = whole * 10 + (bytes[at] as number) - 0x30;
    for (; at < end; at++) below = below * 10 + (bytes[at] as number) - 0x30;
    this.ms = this.#unitNs === 1e9 ? whole * 1000 : whole;
    this.ns = below * this.#unitNs;
    if (this.#unitNs === 1e6) this.ns = 0;
    return this.#partNs === 0 ? at === to : this.#part(bytes, at, to);
  }

  #part(bytes: Uint8Array, from: number, to: number): boolean {
    if (from >= to || bytes[from] !== 0x2e || from + 1 >= to || to - from > 10) return false;
    let count = 0;
    for (let at = from + 1; at < to; at++) {
      if (!isDigit(bytes[at] as number)) return false;
      count = count * 10 + (bytes[at] as number) - 0x30;
    }
    // The digits count units, they are not decimals: with s.ms, 1.5 is one second and five milliseconds.
    const ns = count * this.#partNs;
    this.ms += Math.floor(ns / MS_NS);
    this.ns = ns % MS_NS;
    return true;
  }

  /** A number instead of a text. Whole layouts cut what lies behind the point. */
  readNumber(value: number): boolean {
    if (!(value >= 0)) return false;
    if (this.#partNs === 0) {
      const whole = Math.trunc(value);
      const perMs = MS_NS / this.#unitNs;
      this.ms = this.#unitNs === 1e9 ? whole * 1000 : Math.floor(whole / perMs);
      this.ns = this.#unitNs >= MS_NS ? 0 : (whole % perMs) * this.#unitNs;
      return true;
    }
    const parts = 1e9 / this.#partNs;
    const seconds = Math.floor(value);
    const ns = Math.round((value - seconds) * parts) * this.#partNs;
    this.ms = seconds * 1000 + Math.floor(ns / MS_NS);
    this.ns = ns % MS_NS;
    return true;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
