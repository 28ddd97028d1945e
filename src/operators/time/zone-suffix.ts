import { Ascii } from '../formats/bytes.ts';
import { UTC, zoneOf, type Zone } from './zone.ts';

/** `America/Argentina/ComodRivadavia`, with room. */
const NAME_BYTES_MAX = 40;
/** Names that were looked up, also those that are none: what follows a time is mostly a word of the message. */
const NAMES_MAX = 64;
const HOURS_MAX = 24;

/** What may stand behind a time and says how far it is from UTC: `Z`, `+01:00`, `+0100`, `+01`, `UTC`, `CET`, `Europe/Berlin`. */
export class ZoneSuffix {
  ms = 0;
  /** Where it ends; where it would begin when there is none. */
  end = 0;
  /** That of times without one. */
  readonly #zone: Zone;
  readonly #names = new Map<string, Zone | undefined>();

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  /** `wallMs` is what the clock showed, as if it were UTC. */
  read(bytes: Uint8Array, from: number, to: number, wallMs: number): void {
    const first = from < to ? (bytes[from] as number) : 0;
    if (first === 0x5a || first === 0x7a) {
      this.end = from + 1;
      this.ms = wallMs;
      return;
    }
    const at = first === Ascii.space ? from + 1 : from;
    const next = at < to ? (bytes[at] as number) : 0;
    if (isSign(next) && this.#offset(bytes, at, to, wallMs, at === from)) return;
    if (at > from && isUpper(next) && this.#name(bytes, at, to, wallMs)) return;
    this.end = from;
    this.ms = this.#zone.toUtc(wallMs);
  }

  /** A minus that nobody can read as an offset is the text behind the time. */
  #offset(bytes: Uint8Array, at: number, to: number, wallMs: number, mayBeShort: boolean): boolean {
    if (at + 3 > to) return false;
    const hours = two(bytes, at + 1);
    if (hours < 0 || hours > HOURS_MAX) return false;
    const minutesAt = at + 3 < to && bytes[at + 3] === Ascii.colon ? at + 4 : at + 3;
    let minutes = minutesAt + 2 <= to ? two(bytes, minutesAt) : -1;
    this.end = minutesAt + 2;
    if (minutes < 0 && mayBeShort && isApart(bytes, at + 3, to)) {
      minutes = 0;
      this.end = at + 3;
    }
    if (minutes < 0 || minutes > 59) return false;
    const offsetMs = (hours * 60 + minutes) * 60_000;
    this.ms = bytes[at] === Ascii.minus ? wallMs + offsetMs : wallMs - offsetMs;
    return true;
  }

  #name(bytes: Uint8Array, at: number, to: number, wallMs: number): boolean {
    let end = at + 1;
    let hasSlash = false;
    for (; end < to && end - at < NAME_BYTES_MAX && isNameByte(bytes[end] as number); end++) hasSlash ||= bytes[end] === Ascii.slash;
    if (!isApart(bytes, end, to)) return false;
    // Of abbreviations the zone database has those of three letters; other words of that length are looked up once.
    if (!hasSlash && (end - at !== 3 || !isUpper(bytes[at + 1] as number) || !isUpper(bytes[at + 2] as number))) return false;
    const zone = this.#named(Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1'));
    if (!zone) return false;
    this.end = end;
    this.ms = zone.toUtc(wallMs);
    return true;
  }

  #named(name: string): Zone | undefined {
    if (this.#names.has(name) || this.#names.size >= NAMES_MAX) return this.#names.get(name);
    const zone = tryZone(name);
    this.#names.set(name, zone);
    return zone;
  }
}

/** The zone of this name or abbreviation, if there is one. */
export function tryZone(name: string): Zone | undefined {
  if (name === 'UTC' || name === 'GMT') return UTC;
  try {
    return zoneOf(name);
  } catch {
    return undefined;
  }
}

function isSign(byte: number): boolean {
  return byte === Ascii.plus || byte === Ascii.minus;
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isLetter(byte: number): boolean {
  return isUpper(byte) || (byte >= 0x61 && byte <= 0x7a);
}

function isNameByte(byte: number): boolean {
  return isLetter(byte) || byte === Ascii.slash || byte === 0x5f || byte === Ascii.minus;
}

/** True where nothing goes on that would make more of it than a zone. */
function isApart(bytes: Uint8Array, at: number, to: number): boolean {
  const byte = at < to ? (bytes[at] as number) : Ascii.space;
  return byte === Ascii.space || byte === Ascii.tab || byte === Ascii.closeBracket || byte === Ascii.comma || byte === Ascii.quote;
}

/** Two digits as a number, or less than 0. */
export function two(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] as number) - 0x30;
  const low = (bytes[at + 1] as number) - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1;
}
