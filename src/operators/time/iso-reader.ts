import { dayStart, daysIn } from './calendar.ts';
import { FractionReader } from './fraction.ts';
import { ZoneSuffix, two } from './zone-suffix.ts';
import type { Zone } from './zone.ts';

const DATE_BYTES = 10;
const TIME_BYTES = 19;

/**
 * Reads the times that most programs write, without being told a layout: `2026-01-30T12:00:00`, with `T` or a space
 * between, `-`, `/` or a point in the date, a fraction behind a point or comma, and what `ZoneSuffix` knows.
 */
export class IsoReader {
  ms = 0;
  ns = 0;
  /** Where the time that `read` has found ends. */
  end = 0;
  readonly #suffix: ZoneSuffix;
  readonly #fraction = new FractionReader();
  #year = 0;
  #month = 0;
  #day = 0;
  #dayMs = Number.NaN;

  constructor(zone: Zone) {
    this.#suffix = new ZoneSuffix(zone);
  }

  /** True when a time begins at `from`. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from < TIME_BYTES) return false;
    const separator = bytes[from + 4];
    if ((separator !== 0x2d && separator !== 0x2f && separator !== 0x2e) || bytes[from + 7] !== separator) return false;
    const between = bytes[from + DATE_BYTES];
    if (between !== 0x54 && between !== 0x20 && between !== 0x74) return false;
    if (bytes[from + 13] !== 0x3a || bytes[from + 16] !== 0x3a) return false;
    const high = two(bytes, from);
    const low = two(bytes, from + 2);
    const month = two(bytes, from + 5);
    const day = two(bytes, from + 8);
    const hour = two(bytes, from + 11);
    const minute = two(bytes, from + 14);
    const second = two(bytes, from + 17);
    // One comparison for all: a part that is no number is negative.
    if ((high | low | month | day | hour | minute | second) < 0) return false;
    if (hour > 23 || minute > 59 || second > 60) return false;
    if (!this.#setDay(high * 100 + low, month, day)) return false;
    const nanoseconds = this.#fraction.read(bytes, from + TIME_BYTES, to);
    this.ns = nanoseconds % 1_000_000;
    const wallMs = this.#dayMs + (hour * 3600 + minute * 60 + second) * 1000 + (nanoseconds - this.ns) / 1_000_000;
    this.#suffix.read(bytes, this.#fraction.end, to, wallMs);
    this.ms = this.#suffix.ms;
    this.end = this.#suffix.end;
    // OTLP has no time before 1970.
    return this.ms >= 0;
  }

  #setDay(year: number, month: number, day: number): boolean {
    if (day === this.#day && month === this.#month && year === this.#year) return true;
    if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return false;
    this.#year = year;
    this.#month = month;
    this.#day = day;
    this.#dayMs = dayStart(year, month, day);
    return true;
  }
}
