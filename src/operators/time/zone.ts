/** A time zone: what the wall clock there says, as if it were UTC, turned into UTC. Milliseconds. */
export interface Zone {
  toUtc(wallMs: number): number;
}

export const UTC: Zone = { toUtc: (wallMs) => wallMs };

// Offsets change on quarter hours, all over the world and since long ago.
const QUARTER_MS = 15 * 60_000;
const QUARTERS_KEPT_MAX = 2048;

class RuledZone implements Zone {
  readonly #offsetAt: (utcMs: number) => number;
  readonly #offsets = new Map<number, number>();
  #quarter = Number.NaN;
  #offset = 0;

  constructor(offsetAt: (utcMs: number) => number) {
    this.#offsetAt = offsetAt;
  }

  toUtc(wallMs: number): number {
    const quarter = Math.floor(wallMs / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offset = this.#lookUp(quarter);
    }
    return wallMs - this.#offset;
  }

  #lookUp(quarter: number): number {
    const known = this.#offsets.get(quarter);
    if (known !== undefined) return known;
    // The offset at the wall time taken for UTC is off by one change at most; asking again at the result settles it. In
    // the hour that a clock shows twice, this picks the same of the two as Go does.
    const wallMs = quarter * QUARTER_MS;
    const guess = this.#offsetAt(wallMs);
    const offset = guess === 0 ? 0 : this.#offsetAt(wallMs - guess);
    if (this.#offsets.size >= QUARTERS_KEPT_MAX) this.#offsets.clear();
    this.#offsets.set(quarter, offset);
    return offset;
  }
}

/** The zone of the machine. */
export function localZone(): Zone {
  return new RuledZone((utcMs) => -new Date(utcMs).getTimezoneOffset() * 60_000);
}

/** A zone by its IANA name. Throws RangeError when there is none. */
export function zoneOf(name: string): Zone {
  if (name === 'UTC' || name === 'Etc/UTC') return UTC;
  if (name === 'Local') return localZone();
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new RangeError(`expected a time zone such as "Europe/Berlin" or "UTC", got "${name}"`);
  }
  return new RuledZone((utcMs) => offsetBy(format, utcMs));
}

function offsetBy(format: Intl.DateTimeFormat, utcMs: number): number {
  const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
  const wall = new Date(Date.UTC(2000, part('month') - 1, part('day'), part('hour'), part('minute'), part('second')));
  // Date.UTC takes years below 100 for 19xx.
  wall.setUTCFullYear(year, part('month') - 1, part('day'));
  return wall.getTime() - Math.floor(utcMs / 1000) * 1000;
}
