import { StepKind, type Layout, type Step } from './layout.ts';
import { UTC, zoneOf, type Zone } from './zone.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const ZONE_NAMES_MAX = 64;
const FRACTION_DIGITS_MAX = 9;
const MISSING = -1;

/**
 * Reads times of one layout from bytes, step by step, without making a string. What a text must look like follows Go's
 * time package: numbers of `15` may have one digit, month names are case-insensitive, a fraction after the seconds is
 * read even when the layout has none, and nothing may be left over.
 */
export class LayoutReader {
  /** The time that `read` has found. */
  ms = 0;
  ns = 0;
  readonly #steps: readonly CompiledStep[];
  readonly #zone: Zone;
  readonly #namedZones = new Map<string, Zone | undefined>();
  #bytes: Uint8Array = new Uint8Array(0);
  #to = 0;
  #year = 0;
  #month = 0;
  #day = 0;
  #yearDay = 0;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #nanoseconds = 0;
  #isAfternoon = MISSING;
  #offsetMs = 0;
  #hasOffset = false;
  #namedZone: Zone | undefined;
  #dayNumber = Number.NaN;
  #dayMs = 0;

  constructor(layout: Layout, zone: Zone) {
    this.#steps = layout.steps.map((step, index) => compile(step, layout.steps.slice(index + 1)));
    this.#zone = zone;
  }

  /** True when `bytes[from, to)` is a time of this layout; `ms` and `ns` are set then. `nowMs` decides about missing years. */
  read(bytes: Uint8Array, from: number, to: number, nowMs: number): boolean {
    this.#bytes = bytes;
    this.#to = to;
    this.#year = MISSING;
    this.#month = MISSING;
    this.#day = MISSING;
    this.#yearDay = MISSING;
    this.#hour = 0;
    this.#minute = 0;
    this.#second = 0;
    this.#nanoseconds = 0;
    this.#isAfternoon = MISSING;
    this.#hasOffset = false;
    this.#namedZone = undefined;
    let at = from;
    for (let i = 0; i < this.#steps.length; i++) {
      at = this.#step(this.#steps[i] as CompiledStep, at);
      if (at < 0) return false;
    }
    return at === to && this.#finish(nowMs);
  }

  /** Where the step ends, or -1. */
  #step(step: CompiledStep, at: number): number {
    switch (step.kind) {
      case StepKind.literal:
        return this.#literal(step.bytes, at);
      case StepKind.year4:
        this.#year = this.#digits(at, 4);
        return this.#year < 0 ? -1 : at + 4;
      case StepKind.year2: {
        const year = this.#digits(at, 2);
        this.#year = year >= 69 ? 1900 + year : 2000 + year;
        return year < 0 ? -1 : at + 2;
      }
      case StepKind.month:
        this.#month = this.#short(at, step.isFixed);
        return this.#month >= 1 && this.#month <= 12 ? this.#shortEnd : -1;
      case StepKind.monthLong:
        return this.#monthName(at, false);
      case StepKind.monthShort:
        return this.#monthName(at, true);
      case StepKind.dayPadded:
        if (at < this.#to && this.#bytes[at] === 0x20) return this.#dayAt(at + 1, false);
        return this.#dayAt(at, false);
      case StepKind.day:
        return this.#dayAt(at, step.isFixed);
      case StepKind.yearDay:
        return this.#yearDayAt(at);
      case StepKind.weekdayLong:
        return this.#nameEnd(WEEKDAYS, at, false);
      case StepKind.weekdayShort:
        return this.#nameEnd(WEEKDAYS, at, true);
      case StepKind.hour24:
        this.#hour = this.#short(at, false);
        return this.#hour >= 0 && this.#hour < 24 ? this.#shortEnd : -1;
      case StepKind.hour12:
        this.#hour = this.#short(!step.isFixed && this.#bytes[at] === 0x20 ? at + 1 : at, step.isFixed);
        return this.#hour >= 0 && this.#hour <= 12 ? this.#shortEnd : -1;
      case StepKind.minute:
        this.#minute = this.#short(at, step.isFixed);
        return this.#minute >= 0 && this.#minute < 60 ? this.#shortEnd : -1;
      case StepKind.second:
        this.#second = this.#short(at, step.isFixed);
        if (!(this.#second >= 0 && this.#second < 60)) return -1;
        return step.mayHaveFraction ? this.#fraction(this.#shortEnd, 0) : this.#shortEnd;
      case StepKind.fraction:
        return this.#fraction(at, step.digits);
      case StepKind.amPm:
        return this.#amPm(at, step.isLower);
      case StepKind.zone:
        return this.#offset(at, step);
      default:
        return this.#zoneName(at);
    }
  }

  #literal(text: Uint8Array, from: number): number {
    let at = from;
    for (let i = 0; i < text.length; i++) {
      const byte = text[i];
      if (byte !== 0x20) {
        if (at >= this.#to || this.#bytes[at] !== byte) return -1;
        at++;
        continue;
      }
      // Any number of spaces stands for any other, but something else must not stand there.
      if (at < this.#to && this.#bytes[at] !== 0x20) return -1;
      while (at < this.#to && this.#bytes[at] === 0x20) at++;
    }
    return at;
  }

  /** The number of exactly `count` digits, or -1. */
  #digits(at: number, count: number): number {
    if (at + count > this.#to) return -1;
    let value = 0;
    for (let i = at; i < at + count; i++) {
      const digit = (this.#bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  #shortEnd = 0;

  /** The number of two digits, or of one if that is allowed; -1 when there is none. `#shortEnd` tells where it ends. */
  #short(at: number, isFixed: boolean): number {
    const first = at < this.#to ? (this.#bytes[at] as number) - 0x30 : -1;
    if (first < 0 || first > 9) return -1;
    const second = at + 1 < this.#to ? (this.#bytes[at + 1] as number) - 0x30 : -1;
    const hasSecond = second >= 0 && second <= 9;
    if (!hasSecond && isFixed) return -1;
    this.#shortEnd = hasSecond ? at + 2 : at + 1;
    return hasSecond ? first * 10 + second : first;
  }

  #dayAt(at: number, isFixed: boolean): number {
    this.#day = this.#short(at, isFixed);
    return this.#day < 0 ? -1 : this.#shortEnd;
  }

  #yearDayAt(from: number): number {
    let at = from;
    while (at < from + 2 && this.#bytes[at] === 0x20) at++;
    this.#yearDay = this.#digits(at, from + 3 - at);
    return this.#yearDay < 1 ? -1 : from + 3;
  }

  #monthName(at: number, isShort: boolean): number {
    const end = this.#nameEnd(MONTHS, at, isShort);
    this.#month = this.#nameIndex + 1;
    return end;
  }

  #nameIndex = 0;

  #nameEnd(names: readonly string[], at: number, isShort: boolean): number {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const length = isShort ? 3 : name.length;
      if (at + length > this.#to) continue;
      let same = 0;
      // Bit 5 is what upper and lower case of ASCII letters differ in.
      while (same < length && ((this.#bytes[at + same] as number) | 0x20) === name.charCodeAt(same)) same++;
      if (same < length) continue;
      this.#nameIndex = i;
      return at + length;
    }
    return -1;
  }

  #fraction(at: number, digits: number): number {
    const bytes = this.#bytes;
    const isPoint = at + 1 < this.#to && (bytes[at] === 0x2e || bytes[at] === 0x2c);
    const first = isPoint ? (bytes[at + 1] as number) - 0x30 : -1;
    if (first < 0 || first > 9) return digits === 0 ? at : -1;
    let end = at + 1;
    let value = 0;
    let scale = 1_000_000_000;
    for (let digit = first; end < this.#to && digit >= 0 && digit <= 9; digit = (bytes[++end] as number) - 0x30) {
      if (end - at > FRACTION_DIGITS_MAX) continue;
      value = value * 10 + digit;
      scale /= 10;
    }
    if (digits > 0 && end - at - 1 !== digits) return -1;
    this.#nanoseconds = value * scale;
    return end;
  }

  #amPm(at: number, isLower: boolean): number {
    if (at + 2 > this.#to) return -1;
    const letter = this.#bytes[at] as number;
    const second = this.#bytes[at + 1];
    if (second !== (isLower ? 0x6d : 0x4d)) return -1;
    if (letter !== (isLower ? 0x61 : 0x41) && letter !== (isLower ? 0x70 : 0x50)) return -1;
    this.#isAfternoon = (letter | 0x20) === 0x70 ? 1 : 0;
    return at + 2;
  }

  #offset(at: number, step: CompiledStep): number {
    this.#hasOffset = true;
    this.#offsetMs = 0;
    const sign = at < this.#to ? this.#bytes[at] : 0;
    if (step.mayBeZ && sign === 0x5a) return at + 1;
    if (sign !== 0x2b && sign !== 0x2d) return -1;
    let end = at + 1;
    let seconds = 0;
    for (let part = 0; part < step.parts; part++) {
      if (part > 0 && step.hasColon && this.#bytes[end++] !== 0x3a) return -1;
      const value = this.#digits(end, 2);
      if (value < 0 || value > (part === 0 ? 24 : 60)) return -1;
      seconds = seconds * 60 + value;
      end += 2;
    }
    for (let part = step.parts; part < 3; part++) seconds *= 60;
    this.#offsetMs = (sign === 0x2d ? -seconds : seconds) * 1000;
    return end;
  }

  /** Upper-case abbreviations of three to five letters that the zone database knows, such as CET. */
  #zoneName(at: number): number {
    let end = at;
    while (end < this.#to && end < at + 5 && (this.#bytes[end] as number) >= 0x41 && (this.#bytes[end] as number) <= 0x5a) end++;
    if (end - at < 3) return -1;
    const name = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, end - at).toString('latin1');
    this.#namedZone = this.#namedZones.get(name);
    if (!this.#namedZones.has(name) && this.#namedZones.size < ZONE_NAMES_MAX) {
      this.#namedZone = tryZone(name);
      this.#namedZones.set(name, this.#namedZone);
    }
    return this.#namedZone ? end : -1;
  }

  #finish(nowMs: number): boolean {
    if (this.#isAfternoon === 1 && this.#hour < 12) this.#hour += 12;
    else if (this.#isAfternoon === 0 && this.#hour === 12) this.#hour = 0;
    // Go takes what is missing for the first, and year 0 for a leap year.
    const year = this.#year < 0 ? 0 : this.#year;
    if (this.#yearDay > 0 && !this.#useYearDay(year)) return false;
    const month = this.#month < 0 ? 1 : this.#month;
    const day = this.#day < 0 ? 1 : this.#day;
    if (day < 1 || day > daysIn(year, month)) return false;
    this.ns = this.#nanoseconds % 1_000_000;
    const inDay = (this.#hour * 3600 + this.#minute * 60 + this.#second) * 1000 + (this.#nanoseconds - this.ns) / 1_000_000;
    this.ms = this.#year > 0 ? this.#toUtc(this.#dayStart(year, month, day) + inDay) : this.#withYear(month, day, inDay, nowMs);
    return true;
  }

  #toUtc(wallMs: number): number {
    if (this.#hasOffset) return wallMs - this.#offsetMs;
    return (this.#namedZone ?? this.#zone).toUtc(wallMs);
  }

  /** This year, unless the time would lie more than a week ahead: then it is of last year. */
  #withYear(month: number, day: number, inDay: number, nowMs: number): number {
    const year = new Date(nowMs + nowMs - this.#zone.toUtc(nowMs)).getUTCFullYear();
    const ms = this.#toUtc(this.#dayStart(year, month, day) + inDay);
    return ms <= nowMs + WEEK_MS ? ms : this.#toUtc(this.#dayStart(year - 1, month, day) + inDay);
  }

  #useYearDay(year: number): boolean {
    const date = new Date(Date.UTC(year < 100 ? 2000 : year, 0, this.#yearDay));
    if (this.#yearDay > 365 + (isLeap(year) ? 1 : 0)) return false;
    this.#month = date.getUTCMonth() + 1;
    this.#day = date.getUTCDate();
    return true;
  }

  #dayStart(year: number, month: number, day: number): number {
    const number = year * 512 + month * 32 + day;
    if (number !== this.#dayNumber) {
      this.#dayNumber = number;
      const before = year - 1;
      const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
      const inYear = (DAYS_BEFORE[month - 1] as number) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
      // 719,162 days lie between the first day of year 1 and 1970.
      this.#dayMs = (before * 365 + leaps + inYear - 719_162) * DAY_MS;
    }
    return this.#dayMs;
  }
}

/** A step whose options are all there, so that every step has the same shape. */
interface CompiledStep {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly isFixed: boolean;
  readonly digits: number;
  readonly mayHaveFraction: boolean;
  readonly isLower: boolean;
  readonly hasColon: boolean;
  readonly parts: number;
  readonly mayBeZ: boolean;
}

function compile(step: Step, following: readonly Step[]): CompiledStep {
  const next = following.find(({ kind }) => kind !== StepKind.literal);
  return {
    kind: step.kind,
    bytes: Buffer.from((step.text ?? '').replace(/ +/g, ' ')),
    isFixed: step.isFixed ?? false,
    digits: step.digits ?? 0,
    mayHaveFraction: next?.kind !== StepKind.fraction,
    isLower: step.isLower ?? false,
    hasColon: step.zone?.hasColon ?? false,
    parts: step.zone?.parts ?? 0,
    mayBeZ: step.zone?.mayBeZ ?? false,
  };
}

function tryZone(name: string): Zone | undefined {
  if (name === 'UTC' || name === 'GMT') return UTC;
  try {
    return zoneOf(name);
  } catch {
    return undefined;
  }
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
