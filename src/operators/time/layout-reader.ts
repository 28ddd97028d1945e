import { dayStart, daysIn, isLeap } from './calendar.ts';
import { compileStep, type CompiledStep } from './compiled-step.ts';
import { FRACTION_DIGITS_MAX, POWERS } from './fraction.ts';
import { StepKind, type Layout } from './layout.ts';
import { SameMinute } from './same-minute.ts';
import { tryZone } from './zone-suffix.ts';
import type { Zone } from './zone.ts';

const WEEK_MS = 7 * 86_400_000;
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const ZONE_NAMES_MAX = 64;
const MISSING = -1;
const AFTER_SECONDS: ReadonlySet<number> = new Set([StepKind.literal, StepKind.fraction, StepKind.zone, StepKind.zoneName]);

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
  #view: DataView = new DataView(new ArrayBuffer(0));
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
  /** Where the fraction is in the text, if there is one. */
  #fractionAt = 0;
  #fractionEnd = 0;
  #fractionDigits = 0;
  readonly #sameMinute = new SameMinute();
  /** The step that reads the seconds. */
  readonly #secondStep: number;
  /** True when what comes before the seconds says the minute, day, month and year. */
  readonly #isPrefixEnough: boolean;
  #dayNumber = Number.NaN;
  #dayMs = 0;

  constructor(layout: Layout, zone: Zone) {
    this.#steps = layout.steps.map((step, index) => compileStep(step, layout.steps.slice(index + 1)));
    this.#zone = zone;
    const second = layout.steps.findIndex(({ kind }) => kind === StepKind.second);
    this.#secondStep = second < 0 ? layout.steps.length : second;
    const before = layout.steps.slice(0, this.#secondStep);
    const after = layout.steps.slice(this.#secondStep + 1);
    this.#isPrefixEnough =
      before.at(-1)?.kind === StepKind.literal &&
      before.some(({ kind }) => kind === StepKind.year4 || kind === StepKind.year2) &&
      after.every(({ kind }) => AFTER_SECONDS.has(kind));
  }

  /** Forgets the last time: its bytes may be others now. */
  begin(): void {
    this.#sameMinute.forget();
  }

  /** True when `bytes[from, to)` is a time of this layout; `ms` and `ns` are set then. `nowMs` decides about missing years. */
  read(bytes: Uint8Array, from: number, to: number, nowMs: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#to = to;
    const same = this.#sameMinute;
    if (same.read(this.#view, bytes, from, to)) {
      this.ms = same.ms;
      this.ns = same.ns;
      return true;
    }
    this.#nanoseconds = 0;
    this.#hasOffset = false;
    this.#namedZone = undefined;
    this.#year = MISSING;
    this.#month = MISSING;
    this.#day = MISSING;
    this.#yearDay = MISSING;
    this.#hour = 0;
    this.#minute = 0;
    this.#second = 0;
    this.#isAfternoon = MISSING;
    this.#fractionAt = this.#fractionEnd = 0;
    same.forget();
    const secondAt = this.#run(0, this.#secondStep, from);
    if (secondAt < 0 || this.#run(this.#secondStep, this.#steps.length, secondAt) !== to || !this.#finish(nowMs)) return false;
    if (this.#isPrefixEnough) this.#remember(from, to, secondAt);
    return true;
  }

  #remember(from: number, to: number, secondAt: number): void {
    const { ms } = this;
    const [second, nanoseconds] = [this.#second, this.#nanoseconds];
    const [fractionAt, fractionEnd, fractionDigits] = [this.#fractionAt, this.#fractionEnd, this.#fractionDigits];
    this.#sameMinute.remember(this.#bytes, { from, to, secondAt, second, fractionAt, fractionEnd, fractionDigits, ms, nanoseconds });
  }

  /** Runs some of the steps; returns where they end, or -1. */
  #run(first: number, end: number, from: number): number {
    let at = from;
    for (let i = first; i < end && at >= 0; i++) at = this.#step(this.#steps[i] as CompiledStep, at);
    return at;
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
    for (; end < this.#to; end++) {
      const digit = (bytes[end] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      // What lies below a nanosecond is cut.
      if (end - at <= FRACTION_DIGITS_MAX) value = value * 10 + digit;
    }
    if (digits > 0 && end - at - 1 !== digits) return -1;
    this.#fractionAt = at;
    this.#fractionEnd = end;
    this.#fractionDigits = digits;
    this.#nanoseconds = value * (POWERS[Math.max(0, FRACTION_DIGITS_MAX - (end - at - 1))] as number);
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
    if (this.#year > 0) this.#setTime(this.#dayStart(year, month, day));
    else this.#setTime(this.#dayStart(this.#missingYear(month, day, nowMs), month, day));
    return true;
  }

  #setTime(dayMs: number): void {
    this.ns = this.#nanoseconds % 1_000_000;
    this.ms = this.#toUtc(dayMs + this.#inDay()) + (this.#nanoseconds - this.ns) / 1_000_000;
  }

  #inDay(): number {
    return (this.#hour * 3600 + this.#minute * 60 + this.#second) * 1000;
  }

  #toUtc(wallMs: number): number {
    if (this.#hasOffset) return wallMs - this.#offsetMs;
    return (this.#namedZone ?? this.#zone).toUtc(wallMs);
  }

  /** This year, unless the time would lie more than a week ahead: then it is of last year. */
  #missingYear(month: number, day: number, nowMs: number): number {
    const year = new Date(nowMs + nowMs - this.#zone.toUtc(nowMs)).getUTCFullYear();
    const ms = this.#toUtc(this.#dayStart(year, month, day) + this.#inDay());
    return ms <= nowMs + WEEK_MS ? year : year - 1;
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
      this.#dayMs = dayStart(year, month, day);
    }
    return this.#dayMs;
  }
}
