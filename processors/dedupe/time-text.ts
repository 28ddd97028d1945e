/** True for what the Collector takes as a location: an IANA name, `UTC`, `Local` or nothing, which is UTC. */
export function isTimeZone(name: string): boolean {
  if (isUtc(name)) return true;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

// Zones change their offset at most at such steps.
const STEP_MS = 15 * 60_000;

/** Writes moments as RFC 3339 in one time zone. */
export class TimeText {
  /** Costs 20 ms to make, so UTC does without. */
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #hasMilliseconds: boolean;
  /** Asking for an offset takes microseconds; moments come in order, mostly. */
  #step = Number.NaN;
  #offsetMinutes = 0;

  constructor(zone: string, options: { readonly milliseconds: boolean }) {
    this.#format = isUtc(zone) ? undefined : formatOf(zone);
    this.#hasMilliseconds = options.milliseconds;
  }

  of(ms: number): string {
    const at = Math.floor(ms);
    const offsetMinutes = this.#format ? this.#offsetAt(this.#format, at) : 0;
    const local = new Date(at + offsetMinutes * 60_000).toISOString();
    const text = this.#hasMilliseconds ? local.slice(0, -1) : local.slice(0, -5);
    if (offsetMinutes === 0) return `${text}Z`;
    const minutes = Math.abs(offsetMinutes);
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${text}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }

  #offsetAt(format: Intl.DateTimeFormat, ms: number): number {
    const step = Math.floor(ms / STEP_MS);
    if (step === this.#step) return this.#offsetMinutes;
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    this.#step = step;
    this.#offsetMinutes = Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000);
    return this.#offsetMinutes;
  }
}

function isUtc(zone: string): boolean {
  return zone === '' || zone === 'UTC';
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  return new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', ...(zone !== 'Local' && { timeZone: zone }) });
}
