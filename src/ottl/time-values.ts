const MS_NS = 1_000_000;

/** A moment: milliseconds since 1970 and nanoseconds beyond them. */
export class Time {
  readonly ms: number;
  /** 0–999,999. */
  readonly ns: number;

  constructor(ms: number, ns: number = 0) {
    this.ms = ms;
    this.ns = ns;
  }

  static ofNanoseconds(nanoseconds: bigint): Time {
    const ns = Number(nanoseconds % BigInt(MS_NS));
    const ms = Number(nanoseconds / BigInt(MS_NS));
    return ns < 0 ? new Time(ms - 1, ns + MS_NS) : new Time(ms, ns);
  }

  get nanoseconds(): bigint {
    return BigInt(this.ms) * BigInt(MS_NS) + BigInt(this.ns);
  }

  /** As in RFC 3339, with as many digits of the second as there are. */
  toString(): string {
    const text = new Date(this.ms).toISOString();
    const fraction = `${text.slice(-4, -1)}${String(this.ns).padStart(6, '0')}`.replace(/0+$/, '');
    return `${text.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
  }
}

/** A span of time in nanoseconds, as Go's time.Duration. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  /** As Go writes it: `1h30m0s`, `1.5s`, `250ms`. */
  toString(): string {
    const isNegative = this.nanoseconds < 0n;
    const total = isNegative ? -this.nanoseconds : this.nanoseconds;
    const sign = isNegative ? '-' : '';
    if (total === 0n) return '0s';
    if (total < UNITS.s) {
      const unit = total >= UNITS.ms ? 'ms' : total >= UNITS.us ? 'us' : 'ns';
      return `${sign}${decimal(total, UNITS[unit])}${unit === 'us' ? 'µs' : unit}`;
    }
    const hours = total / UNITS.h;
    const minutes = (total % UNITS.h) / UNITS.m;
    const head = hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : '';
    return `${sign}${head}${decimal(total % UNITS.m, UNITS.s)}s`;
  }
}

const UNITS = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n } as const;
const UNIT_NS: ReadonlyMap<string, bigint> = new Map<string, bigint>([...Object.entries(UNITS), ['µs', 1000n], ['μs', 1000n]]);
const PART = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)\s*/gy;
const FRACTION_DIGITS_MAX = 18;

/** Reads Go's durations (`1h30m`, `-1.5s`), with spaces allowed between the parts; undefined when it is none. */
export function parseGoDuration(text: string): Duration | undefined {
  const trimmed = text.trim();
  const unsigned = trimmed.replace(/^[+-]/, '');
  if (unsigned === '0') return new Duration(0n);
  let nanoseconds = 0n;
  let end = 0;
  for (const [part, whole = '', fraction = '', unit = ''] of unsigned.matchAll(PART)) {
    const unitNs = UNIT_NS.get(unit);
    if ((whole === '' && fraction === '') || unitNs === undefined) return undefined;
    const digits = fraction.slice(0, FRACTION_DIGITS_MAX);
    nanoseconds += BigInt(whole || '0') * unitNs + (BigInt(digits || '0') * unitNs) / 10n ** BigInt(digits.length);
    end += part.length;
  }
  if (end === 0 || end !== unsigned.length) return undefined;
  const signed = trimmed.startsWith('-') ? -nanoseconds : nanoseconds;
  // Go's have 64 bits, some 292 years.
  return BigInt.asIntN(64, signed) === signed ? new Duration(signed) : undefined;
}

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  if (rest === 0n) return String(value / unit);
  return `${value / unit}.${String(rest)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '')}`;
}
