import type { LogBatch } from '#model';
import { Ascii } from '../formats/bytes.ts';
import type { Format } from '../formats/format.ts';
import { COMMON_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import type { TextSource } from '../text-source.ts';
import { HeadTime } from '../time/head-time.ts';
import { IsoReader } from '../time/iso-reader.ts';
import type { Zone } from '../time/zone.ts';
import { ESCAPE, escapesEnd } from './escapes.ts';

/** A level stands near the beginning of a line, or is a word of the message. */
const HEAD_BYTES = 96;
const WORD_BYTES_MAX = 11;

/** 1 for upper-case, 2 for lower-case letters. */
const LETTERS = new Uint8Array(256);
LETTERS.fill(1, 0x41, 0x5b);
LETTERS.fill(2, 0x61, 0x7b);
const UNDERSCORE = 0x5f;
const BAR = 0x7c;
/** Where the kernel's audit log has its time: `type=SYSCALL msg=audit(1700000000.123:45): …`. */
const AUDIT_TYPE = Buffer.from('type=');
const AUDIT = Buffer.from('msg=audit(');
const AUDIT_BYTES = 64;
/** What stands before the levels of PHP: `PHP Warning:`. */
const PHP = Buffer.from('PHP ');

/** What stands before the time of some programs: `I, [` in Ruby, `4711:M ` in Redis. */
const RUBY_BYTES = 4;
const REDIS_BYTES_MAX = 12;
/** The letters of klog and glog. */
const KLOG_LEVELS: ReadonlyMap<number, string> = new Map([
  [0x49, 'info'],
  [0x57, 'warn'],
  [0x45, 'error'],
  [0x46, 'fatal'],
]);

const LETTER_LEVELS: ReadonlyMap<number, string> = new Map([...KLOG_LEVELS, [0x44, 'debug'], [0x54, 'trace'], [0x43, 'fatal']]);
const EXCLAMATION = 0x21;
/** `E [` of CUPS. */
const LETTER_BYTES = 3;

/**
 * Lines of which no more is known than that most of them begin with a time and a level. Both are read where they can be
 * found, and the line stays the body. Nothing is an error here.
 */
export class PlainText implements Format {
  readonly #iso: IsoReader;
  readonly #other: HeadTime;
  readonly #severities = new SeverityLookup(COMMON_SEVERITIES);
  /** What the last line had. */
  hasTime = false;
  hasSeverity = false;

  constructor(zone: Zone) {
    this.#iso = new IsoReader(zone);
    this.#other = new HeadTime(zone);
  }

  begin(nowMs: number): void {
    this.#other.begin(nowMs);
  }

  parse(batch: LogBatch, row: number, source: TextSource): undefined {
    const { bytes, to } = source;
    const from = escapesEnd(bytes, source.from, to);
    this.hasSeverity = false;
    if (looksLikeKlog(bytes, from, to) && this.#readKlog(batch, row, source, from)) return;
    // `E [20/Nov/2026:08:15:30 +0000] …`
    const cups = startsWithLetter(bytes, from) ? from : -1;
    let end = this.#readTime(batch, row, cups < 0 ? timeStart(bytes, from, to) : cups + LETTER_BYTES, source);
    if (cups >= 0 && this.hasTime) {
      this.#setSeverity(batch, row, this.#severities.ofText(LETTER_LEVELS.get(bytes[cups] as number) ?? ''), source.position(cups), 1);
      return;
    }
    if (end < 0) {
      // Where the level comes first it is the word that is found below.
      const behind = this.#behindLevel(bytes, from, to);
      if (behind > from) this.#readTime(batch, row, behind, source);
      end = from;
    }
    if (this.hasTime && this.#readLetter(batch, row, source, end)) return;
    this.#findSeverity(batch, row, source, end);
  }

  /** `… 08:15:30] E [MSGID: 1] …` of GlusterFS, `… 08:15:30Z E! …` of Telegraf: a letter right behind the time. */
  #readLetter(batch: LogBatch, row: number, source: TextSource, from: number): boolean {
    const { bytes, to } = source;
    const at = bytes[from] === Ascii.closeBracket ? from + 2 : from + 1;
    if (at + 3 > to || bytes[at - 1] !== Ascii.space) return false;
    const isMarkedLetter =
      bytes[at + 1] === EXCLAMATION ? bytes[at + 2] === Ascii.space : bytes[at + 1] === Ascii.space && bytes[at + 2] === Ascii.openBracket;
    const level = isMarkedLetter ? LETTER_LEVELS.get(bytes[at] as number) : undefined;
    if (level === undefined) return false;
    this.#setSeverity(batch, row, this.#severities.ofText(level), source.position(at), 1);
    return true;
  }

  /** Looks for a level alone, as in a message whose time was read already. */
  parseLevel(batch: LogBatch, row: number, source: TextSource): void {
    this.hasTime = this.hasSeverity = false;
    this.#findSeverity(batch, row, source, source.from);
  }

  /** Where the time that begins at `start` ends, or -1. */
  #readTime(batch: LogBatch, row: number, start: number, { bytes, to }: TextSource): number {
    const reader = this.#iso.read(bytes, start, to) ? this.#iso : this.#other.read(bytes, start, to) ? this.#other : undefined;
    this.hasTime = reader !== undefined;
    if (!reader) return -1;
    batch.timeMs[row] = reader.ms;
    batch.timeNs[row] = reader.ns;
    return reader.end;
  }

  /** `WARN  [main] 2026-01-20 …`, `ERROR:2026-01-20 …`: where the time may begin when the line begins with a level; else -1. */
  #behindLevel(bytes: Buffer, from: number, to: number): number {
    let at = from;
    const last = Math.min(to, from + WORD_BYTES_MAX);
    while (at < last && LETTERS[bytes[at] as number] !== 0) at++;
    if (at - from < 3 || this.#severities.ofBytes(bytes, from, at) === 0) return -1;
    const word = at;
    at = skipGap(bytes, at, to);
    if (at === word || bytes[at] !== Ascii.openBracket) return at === word ? -1 : at;
    const digit = bytes[at + 1] as number;
    if (digit >= Ascii.zero && digit <= Ascii.nine) return at + 1;
    const stop = Math.min(to, from + HEAD_BYTES);
    while (at < stop && bytes[at] !== Ascii.closeBracket) at++;
    return at === stop ? -1 : skipGap(bytes, at + 1, to);
  }

  /** `E1120 08:15:30.123456    4711 file.go:12] message` */
  #readKlog(batch: LogBatch, row: number, source: TextSource, from: number): boolean {
    const { bytes, to } = source;
    const level = KLOG_LEVELS.get(bytes[from] as number);
    if (level === undefined || !this.#other.readKlog(bytes, from + 1, to)) return false;
    this.hasTime = true;
    batch.timeMs[row] = this.#other.ms;
    batch.timeNs[row] = this.#other.ns;
    this.#setSeverity(batch, row, this.#severities.ofText(level), source.position(from), 1);
    return true;
  }

  #findSeverity(batch: LogBatch, row: number, source: TextSource, from: number): void {
    const { bytes } = source;
    const end = Math.min(source.to, from + HEAD_BYTES);
    let at = from;
    // Where the last escape sequences began and ended, and how many bytes all of them had.
    let escapes = -1;
    let escaped = -1;
    let hidden = 0;
    while (at < end) {
      const letter = LETTERS[bytes[at] as number] as number;
      if (letter === 0) {
        if (bytes[at] === ESCAPE) {
          escaped = escapesEnd(bytes, at, end);
          escapes = at;
          hidden += escaped - at;
        }
        at = Math.max(escaped, at + 1);
        continue;
      }
      const wordAt = at;
      let isUpper = true;
      for (; at < end && LETTERS[bytes[at] as number] !== 0; at++) if (LETTERS[bytes[at] as number] === 2) isUpper = false;
      const size = at - wordAt;
      if (size < 3 || size > WORD_BYTES_MAX) continue;
      // NO_ERROR and CONFIG_I are names.
      if (bytes[at] === UNDERSCORE || (wordAt > from && bytes[wordAt - 1] === UNDERSCORE)) continue;
      if (!isUpper) {
        const before = wordAt > from && escaped === wordAt ? escapes : wordAt;
        const after = escapesEnd(bytes, at, end);
        const isColoured = before < wordAt && after > at;
        const word: Word = { start: from, before, after, lead: wordAt - from - hidden };
        if (!isColoured && !isMarked(bytes, word) && !(this.hasTime && isFirst(bytes, word))) continue;
      }
      const severity = this.#severities.ofBytes(bytes, wordAt, at);
      if (severity === 0) continue;
      this.#setSeverity(batch, row, severity, source.position(wordAt), size);
      return;
    }
  }

  #setSeverity(batch: LogBatch, row: number, severity: number, start: number, size: number): void {
    batch.severity[row] = severity;
    batch.severityTextStart[row] = start;
    batch.severityTextSize[row] = size;
    this.hasSeverity = true;
  }
}

/** `E1120 08:15…`, by its signs. */
function looksLikeKlog(bytes: Uint8Array, from: number, to: number): boolean {
  return from + 9 < to && bytes[from + 8] === Ascii.colon && bytes[from + 5] === Ascii.space && LETTERS[bytes[from] as number] === 1;
}

function startsWithLetter(bytes: Uint8Array, from: number): boolean {
  return bytes[from + 1] === Ascii.space && bytes[from + 2] === Ascii.openBracket && LETTER_LEVELS.has(bytes[from] as number);
}

function skipGap(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === Ascii.space || bytes[at] === Ascii.tab || bytes[at] === Ascii.colon)) at++;
  return at;
}

function timeStart(bytes: Buffer, from: number, to: number): number {
  if (bytes[from] === Ascii.openBracket) return from + 1;
  if (
    bytes[from] === AUDIT_TYPE[0] &&
    bytes.compare(AUDIT_TYPE, 0, AUDIT_TYPE.length, from, Math.min(to, from + AUDIT_TYPE.length)) === 0
  ) {
    const audit = bytes.subarray(from, Math.min(to, from + AUDIT_BYTES)).indexOf(AUDIT);
    if (audit >= 0) return from + audit + AUDIT.length;
  }
  if (bytes[from + 1] === Ascii.comma && bytes[from + 2] === Ascii.space && bytes[from + 3] === Ascii.openBracket) return from + RUBY_BYTES;
  const first = bytes[from] as number;
  if (first < Ascii.zero || first > Ascii.nine || bytes[from + 4] === Ascii.minus) return from;
  let at = from + 1;
  const last = Math.min(to, from + REDIS_BYTES_MAX);
  while (at < last && (bytes[at] as number) >= Ascii.zero && (bytes[at] as number) <= Ascii.nine) at++;
  return bytes[at] === Ascii.colon && LETTERS[bytes[at + 1] as number] === 1 && bytes[at + 2] === Ascii.space ? at + 3 : from;
}

/** What stands around a word of the head of a line, escape sequences left out. */
interface Word {
  readonly start: number;
  /** Behind what is before it, and where what follows begins. */
  readonly before: number;
  readonly after: number;
  /** Bytes between the start and the word. */
  readonly lead: number;
}

/** A word alone right behind the time, whatever stands between them: `… 08:15:30Z error hostd`. */
function isFirst(bytes: Uint8Array, { start, before, after, lead }: Word): boolean {
  if (bytes[after] !== Ascii.space && bytes[after] !== Ascii.tab) return false;
  for (let at = start; at < before; at++) {
    const next = escapesEnd(bytes, at, before);
    if (next > at) at = next - 1;
    else if (bytes[at] !== Ascii.space && bytes[at] !== Ascii.tab && !(at === start && bytes[at] === Ascii.closeBracket)) return false;
  }
  return lead > 0;
}

/**
 * A word that is not in capitals is a level when it stands in brackets, between tabs or bars, or follows `PHP`, or when a colon
 * follows and it begins the line or stands behind another colon.
 */
function isMarked(bytes: Uint8Array, { start, before: end, after: next, lead }: Word): boolean {
  const before = bytes[end - 1];
  const after = bytes[next];
  if (end > start && (before === Ascii.openBracket || before === Ascii.less || before === Ascii.open)) {
    return after === Ascii.closeBracket || after === Ascii.greater || after === Ascii.close;
  }
  if (end > start && before === after && (before === Ascii.tab || before === BAR)) return true;
  // `general: error: …`, `unbound[12:0] error: …`
  if (end - 2 >= start && after === Ascii.colon && before === Ascii.space) {
    if (bytes[end - 2] === Ascii.colon || bytes[end - 2] === Ascii.closeBracket) return true;
  }
  if (end - start >= PHP.length && PHP.every((byte, i) => bytes[end - PHP.length + i] === byte)) return true;
  return after === Ascii.colon && lead <= 1;
}
