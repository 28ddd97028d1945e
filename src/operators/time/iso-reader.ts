import { dayStart, daysIn } from './calendar.ts';
import type { Zone } from './zone.ts';
import { FractionReader } from './fraction.ts';

const DATE_BYTES = 10;
const TIME_BYTES = 19;

/**
 * Reads the times that most programs write, without being told a layout: `2026-01-30T12:00:00`, with `T` or a space
 * between, `-` or `/` in the date, a fraction behind a point or comma, `Z`, an offset, or neither.
 */
export class IsoReader {
  ms = 0;
  ns = 0;
  /** Where the time that `read` has found ends. */
  end = 0;
  readonly #zone: Zone;
  readonly #fraction = new FractionReader();
  #year = 0;
  #month = 0;
  #day = 0;
  #dayMs = Number.NaN;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  /** True when a time begins at `from`. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from < TIME_BYTES) return false;
    const separator = bytes[from + 4];
    if ((separator !== 0x2d && separator !== 0x2f) || bytes[from + 7] !== separator) return false;
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
    this.#offset(bytes, this.#fraction.end, to, wallMs);
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

  #offset(bytes: Uint8Array, from: number, to: number, wallMs: number): void {
    const at = from + 1 < to && bytes[from] === 0x20 && isSign(bytes[from + 1]) ? from + 1 : from;
    const first = at < to ? bytes[at] : 0;
    if (first === 0x5a || first === 0x7a) {
      this.end = at + 1;
      this.ms = wallMs;
      return;
    }
    if (isSign(first) && at + 3 <= to) {
      const minutesAt = at + 3 < to && bytes[at + 3] === 0x3a ? at + 4 : at + 3;
      const hours = two(bytes, at + 1);
      const minutes = minutesAt + 2 <= to ? two(bytes, minutesAt) : -1;
      // A minus that nobody can read as an offset is the text behind the time.
      if (hours >= 0 && hours <= 24 && minutes >= 0 && minutes < 60) {
        const offsetMs = (hours * 60 + minutes) * 60_000;
        this.end = minutesAt + 2;
        this.ms = first === 0x2d ? wallMs + offsetMs : wallMs - offsetMs;
        return;
      }
    }
    this.end = from;
    this.ms = this.#zone.toUtc(wallMs);
  }
}

function isSign(byte: number | undefined): boolean {
  return byte === 0x2b || byte === 0x2d;
}

function two(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] as number) - 0x30;
  const low = (bytes[at + 1] as number) - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1;
}
