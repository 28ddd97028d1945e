import { FRACTION_DIGITS_MAX, POWERS } from './fraction.ts';
import { LayoutReader } from './layout-reader.ts';
import { parseGoLayout } from './layout.ts';
import type { Zone } from './zone.ts';

const DASH = 0x2d;
const DOT = 0x2e;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const SPACE = 0x20;

/** `1120 08:15:30.123456`, behind a letter. */
const KLOG_BYTES = 20;
/** `20 Nov 2026 08:15:30`, or with `-` or `/` in the date. */
const NAMED_BYTES = 20;
/** `20.11.2026 08:15:30`. */
const DOTTED_BYTES = 19;

/** Times at the beginning of a line that are no relatives of ISO 8601, each known by where its signs are. */
export class HeadTime {
  ms = 0;
  ns = 0;
  /** Where the time that `read` has found ends. */
  end = 0;
  readonly #klog: LayoutReader;
  readonly #dotted: LayoutReader;
  readonly #named: ReadonlyMap<number, LayoutReader>;
  #nowMs = Date.now();

  constructor(zone: Zone) {
    const reader = (layout: string): LayoutReader => new LayoutReader(parseGoLayout(layout), zone);
    this.#klog = reader('0102 15:04:05.999999');
    this.#dotted = reader('02.01.2006 15:04:05');
    this.#named = new Map([
      [SPACE, reader('02 Jan 2006 15:04:05')],
      [DASH, reader('02-Jan-2006 15:04:05')],
      [SLASH, reader('02/Jan/2006 15:04:05')],
    ]);
  }

  /** `nowMs` decides about missing years. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#klog.begin();
    this.#dotted.begin();
    for (const reader of this.#named.values()) reader.begin();
  }

  /** True when a time begins at `from`. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from < DOTTED_BYTES) return false;
    if (bytes[from + 2] === DOT && bytes[from + 5] === DOT) return this.#take(this.#dotted, bytes, from, DOTTED_BYTES, to);
    const reader = bytes[from + 2] === bytes[from + 6] ? this.#named.get(bytes[from + 2] as number) : undefined;
    return reader !== undefined && this.#take(reader, bytes, from, NAMED_BYTES, to);
  }

  /** True when what klog and glog write behind the letter of the level begins at `from`. */
  readKlog(bytes: Uint8Array, from: number, to: number): boolean {
    const end = from + KLOG_BYTES;
    if (end > to || bytes[from + 4] !== SPACE || bytes[from + 7] !== COLON || bytes[from + 13] !== DOT) return false;
    if (!this.#klog.read(bytes, from, end, this.#nowMs)) return false;
    this.ms = this.#klog.ms;
    this.ns = this.#klog.ns;
    this.end = end;
    return true;
  }

  #take(reader: LayoutReader, bytes: Uint8Array, from: number, size: number, to: number): boolean {
    if (from + size > to || !reader.read(bytes, from, from + size, this.#nowMs)) return false;
    this.end = from + size;
    const nanoseconds = this.#fraction(bytes, to);
    this.ns = nanoseconds % 1_000_000;
    this.ms = reader.ms + (nanoseconds - this.ns) / 1_000_000;
    return this.ms >= 0;
  }

  #fraction(bytes: Uint8Array, to: number): number {
    const point = bytes[this.end];
    if (this.end + 1 >= to || (point !== DOT && point !== COMMA)) return 0;
    let value = 0;
    let digits = 0;
    for (let at = this.end + 1; at < to; at++, digits++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (digits < FRACTION_DIGITS_MAX) value = value * 10 + digit;
    }
    if (digits > 0) this.end += 1 + digits;
    return value * (POWERS[Math.max(0, FRACTION_DIGITS_MAX - digits)] as number);
  }
}
