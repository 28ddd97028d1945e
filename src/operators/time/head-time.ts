import { Ascii, isDigit } from '../formats/bytes.ts';
import { FractionReader } from './fraction.ts';
import { LayoutReader } from './layout-reader.ts';
import { parseGoLayout } from './layout.ts';
import { ZoneSuffix } from './zone-suffix.ts';
import { UTC, type Zone } from './zone.ts';

/** `1120 08:15:30.123456`, behind a letter. */
const KLOG_BYTES = 20;
/** `20 Nov 2026 08:15:30`, or with `-` or `/` in the date. */
const NAMED_BYTES = 20;
/** `20.11.2026 08:15:30`. */
const DOTTED_BYTES = 19;
/** `Fri Nov 20 08:15:30 2026`. */
const ASCTIME_BYTES = 24;

/** `20261120 08:15:30`. */
const COMPACT_BYTES = 17;
/** What stands between the comma of `Nov 20, 2026 08:15:30` and the clock. */
const YEAR_BYTES = 7;
/** `Nov 20 08:15:30`. */
const STAMP_BYTES = 15;
/** `1700000000.123`, as of Squid, and `1700000000]`, as of Nagios behind its bracket. */
const SECONDS_DIGITS = 10;
const MILLISECOND_DIGITS = 3;
const SECONDS_MIN = 1e9;
/** What is later than so is no time but another number. */
const AHEAD_MAX_MS = 24 * 3600 * 1000;

/** Times at the beginning of a line that are no relatives of ISO 8601, each known by where its signs are. */
export class HeadTime {
  ms = 0;
  ns = 0;
  /** Where the time that `read` has found ends. */
  end = 0;
  readonly #fraction = new FractionReader();
  readonly #klog: LayoutReader;
  readonly #dotted: LayoutReader;
  readonly #named: ReadonlyMap<number, LayoutReader>;
  readonly #access: LayoutReader;
  readonly #asctime: LayoutReader;
  readonly #stamp: LayoutReader;
  readonly #compact: LayoutReader;
  readonly #american: LayoutReader;
  readonly #americanHalf: LayoutReader;
  readonly #suffix: ZoneSuffix;
  #nowMs = Date.now();

  constructor(zone: Zone) {
    this.#klog = new LayoutReader(parseGoLayout('0102 15:04:05.999999'), zone);
    // The zone may stand behind: what is read first is what the clock showed.
    const reader = (layout: string): LayoutReader => new LayoutReader(parseGoLayout(layout), UTC);
    this.#suffix = new ZoneSuffix(zone);
    this.#access = reader('02/Jan/2006:15:04:05');
    this.#asctime = reader('Mon Jan _2 15:04:05 2006');
    this.#stamp = reader('Jan _2 15:04:05');
    this.#compact = reader('20060102 15:04:05');
    this.#american = reader('Jan 2, 2006 15:04:05');
    this.#americanHalf = reader('Jan 2, 2006 3:04:05 PM');
    this.#dotted = reader('02.01.2006 15:04:05');
    this.#named = new Map([
      [Ascii.space, reader('02 Jan 2006 15:04:05')],
      [Ascii.minus, reader('02-Jan-2006 15:04:05')],
      [Ascii.slash, reader('02/Jan/2006 15:04:05')],
    ]);
  }

  /** `nowMs` decides about missing years. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#klog.begin();
    this.#dotted.begin();
    this.#access.begin();
    this.#asctime.begin();
    this.#stamp.begin();
    this.#compact.begin();
    this.#american.begin();
    this.#americanHalf.begin();
    for (const reader of this.#named.values()) reader.begin();
  }

  /** True when a time begins at `from`. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const behindSeconds = from + SECONDS_DIGITS < to ? bytes[from + SECONDS_DIGITS] : 0;
    if (behindSeconds === Ascii.dot || behindSeconds === Ascii.closeBracket) return this.#readSeconds(bytes, from, to);
    if (isStamp(bytes, from)) return this.#take(this.#stamp, bytes, from, STAMP_BYTES, to);
    if (isCompact(bytes, from, to)) return this.#take(this.#compact, bytes, from, COMPACT_BYTES, to);
    if (to - from < DOTTED_BYTES) return false;
    if (bytes[from + 3] === Ascii.space) {
      const comma = bytes[from + 5] === Ascii.comma ? from + 5 : from + 6;
      if (bytes[comma] === Ascii.comma) return this.#readAmerican(bytes, from, comma, to);
    }
    if (bytes[from + 2] === Ascii.dot && bytes[from + 5] === Ascii.dot) return this.#take(this.#dotted, bytes, from, DOTTED_BYTES, to);
    if (isAsctime(bytes, from)) return this.#take(this.#asctime, bytes, from, ASCTIME_BYTES, to);
    if (bytes[from + 2] !== bytes[from + 6]) return false;
    const isAccess = bytes[from + 2] === Ascii.slash && bytes[from + 11] === Ascii.colon;
    const reader = isAccess ? this.#access : this.#named.get(bytes[from + 2] as number);
    return reader !== undefined && this.#take(reader, bytes, from, NAMED_BYTES, to);
  }

  /** True when what klog and glog write behind the letter of the level begins at `from`. */
  readKlog(bytes: Uint8Array, from: number, to: number): boolean {
    const end = from + KLOG_BYTES;
    if (end > to || bytes[from + 4] !== Ascii.space || bytes[from + 7] !== Ascii.colon || bytes[from + 13] !== Ascii.dot) return false;
    if (!this.#klog.read(bytes, from, end, this.#nowMs)) return false;
    this.ms = this.#klog.ms;
    this.ns = this.#klog.ns;
    this.end = end;
    return true;
  }

  /** `Nov 20, 2026 08:15:30.123` of Plex, `Nov 20, 2026 8:15:30 AM` of java.util.logging. */
  #readAmerican(bytes: Uint8Array, from: number, comma: number, to: number): boolean {
    let end = comma + YEAR_BYTES;
    while (end < to && (bytes[end] === Ascii.colon || isDigit(bytes[end]))) end++;
    const letter = bytes[end + 1];
    const isHalf = end + 3 <= to && bytes[end] === Ascii.space && (letter === 0x41 || letter === 0x50) && bytes[end + 2] === 0x4d;
    if (!isHalf) return this.#take(this.#american, bytes, from, end - from, to);
    return this.#take(this.#americanHalf, bytes, from, end + 3 - from, to);
  }

  /** Seconds since 1970. With a fraction they stand alone, and without one in brackets: a number is seldom a time. */
  #readSeconds(bytes: Uint8Array, from: number, to: number): boolean {
    let seconds = 0;
    for (let at = from; at < from + SECONDS_DIGITS; at++) {
      const digit = (bytes[at] as number) - Ascii.zero;
      if (digit < 0 || digit > 9) return false;
      seconds = seconds * 10 + digit;
    }
    if (seconds < SECONDS_MIN || seconds * 1000 > this.#nowMs + AHEAD_MAX_MS) return false;
    const nanoseconds = this.#fraction.read(bytes, from + SECONDS_DIGITS, to);
    const end = this.#fraction.end;
    if (bytes[from + SECONDS_DIGITS] === Ascii.dot && end - from < SECONDS_DIGITS + 1 + MILLISECOND_DIGITS) return false;
    const behind = end < to ? bytes[end] : Ascii.space;
    if (behind !== Ascii.space && behind !== Ascii.tab && behind !== Ascii.closeBracket && behind !== Ascii.colon) return false;
    this.ns = nanoseconds % 1_000_000;
    this.ms = seconds * 1000 + (nanoseconds - this.ns) / 1_000_000;
    this.end = end;
    return true;
  }

  #take(reader: LayoutReader, bytes: Uint8Array, from: number, size: number, to: number): boolean {
    if (from + size > to || !reader.read(bytes, from, from + size, this.#nowMs)) return false;
    const nanoseconds = this.#fraction.read(bytes, from + size, to);
    this.ns = nanoseconds % 1_000_000;
    this.#suffix.read(bytes, this.#fraction.end, to, reader.ms + (nanoseconds - this.ns) / 1_000_000);
    this.ms = this.#suffix.ms;
    this.end = this.#suffix.end;
    return this.ms >= 0;
  }
}

function isStamp(bytes: Uint8Array, from: number): boolean {
  return (
    bytes[from + 3] === Ascii.space &&
    bytes[from + 6] === Ascii.space &&
    bytes[from + 9] === Ascii.colon &&
    bytes[from + 12] === Ascii.colon
  );
}

function isCompact(bytes: Uint8Array, from: number, to: number): boolean {
  const isLong = to - from >= COMPACT_BYTES && bytes[from + 8] === Ascii.space;
  return isLong && bytes[from + 11] === Ascii.colon && bytes[from + 14] === Ascii.colon && isDigit(bytes[from + 4]);
}

function isAsctime(bytes: Uint8Array, from: number): boolean {
  return (
    bytes[from + 3] === Ascii.space &&
    bytes[from + 7] === Ascii.space &&
    bytes[from + 13] === Ascii.colon &&
    bytes[from + 19] === Ascii.space
  );
}
