import { TIME_MS_MAX } from '#model';
import { EpochReader } from './epoch-reader.ts';
import { IsoReader } from './iso-reader.ts';
import type { Zone } from './zone.ts';

// A count since 1970 tells its unit by its size: these lie in the year 5138, in seconds, milliseconds, microseconds.
const SECONDS_MAX = 1e11;
const MILLISECONDS_MAX = 1e14;
const MICROSECONDS_MAX = 1e17;
const NS_PER_MS = 1_000_000;
// A larger number is no time, and most exporters could not write it.
const NANOSECONDS_MAX = TIME_MS_MAX * NS_PER_MS;

/** Times of which nobody said what they look like: ISO 8601 and its relatives, or a count since 1970. */
export class GuessedTime {
  ms = 0;
  ns = 0;
  readonly #iso: IsoReader;
  readonly #counts = {
    s: new EpochReader('s'),
    ms: new EpochReader('ms'),
    us: new EpochReader('us'),
    ns: new EpochReader('ns'),
  } as const;

  constructor(zone: Zone) {
    this.#iso = new IsoReader(zone);
  }

  /** True when all of the text is a time. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const iso = this.#iso;
    if (iso.read(bytes, from, to)) {
      if (iso.end !== to) return false;
      this.ms = iso.ms;
      this.ns = iso.ns;
      return true;
    }
    const digits = to - from;
    if (digits < 10 || digits > 19) return false;
    const reader = digits < 12 ? this.#counts.s : digits < 15 ? this.#counts.ms : digits < 18 ? this.#counts.us : this.#counts.ns;
    if (!reader.read(bytes, from, to)) return false;
    this.ms = reader.ms;
    this.ns = reader.ns;
    return true;
  }

  /** True when the number can be a time after 1973: smaller ones are rather something else. */
  readNumber(value: number): boolean {
    if (!(value >= 1e8 && value < NANOSECONDS_MAX)) return false;
    const perMs = value < SECONDS_MAX ? 1e-3 : value < MILLISECONDS_MAX ? 1 : value < MICROSECONDS_MAX ? 1e3 : 1e6;
    const ms = Math.floor(value / perMs);
    // Seconds with a fraction are exact to a microsecond at best.
    const rest = perMs === 1e-3 ? Math.round((value * 1000 - ms) * 1000) * 1000 : (value % perMs) * (NS_PER_MS / perMs);
    this.ms = rest >= NS_PER_MS ? ms + 1 : ms;
    this.ns = rest >= NS_PER_MS ? 0 : Math.max(0, Math.floor(rest));
    return true;
  }
}
