import { ValueType, type AttributeValue, type Key, type LogBatch } from '#model';
import { COMMON_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import { severityOfPriority, SYSLOG_PRIORITY_MAX } from '../severity/syslog.ts';
import type { TextSource } from '../text-source.ts';
import { IsoReader } from '../time/iso-reader.ts';
import { LayoutReader } from '../time/layout-reader.ts';
import { parseGoLayout } from '../time/layout.ts';
import { UTC, type Zone } from '../time/zone.ts';
import { Ascii, Words, find, isDigit, wholeNumber } from './bytes.ts';
import { keysOf, type FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';
import { cancelled } from './key-values.ts';

const KEYS = keysOf(
  'appname',
  'facility',
  'facility_text',
  'hostname',
  'message',
  'msg_id',
  'priority',
  'proc_id',
  'structured_data',
  'version',
);
// RFC 5424 § 6.2.1, by the names that syslog.h and the Collector have for them.
const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const TEXTS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const STAMP_BYTES = 15;
const NAME: ReadonlySet<number> = new Set(Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/'));
const UTF8_MARK = [0xef, 0xbb, 0xbf];

export interface SyslogOptions {
  /** `''` tells the two apart by each line. */
  readonly protocol: '' | 'rfc3164' | 'rfc5424';
  readonly zone: Zone;
  readonly isPriorityOptional: boolean;
  /** Without a priority, only what a daemon writes counts: a host and a tag, neither of them the name of a severity. */
  readonly isStrictWithoutPriority?: boolean;
  readonly isMessageBody: boolean;
}

/** Lines of syslog, of RFC 3164 (and what daemons write to files) and RFC 5424. Sets time and severity. */
export class Syslog implements Format {
  readonly #options: SyslogOptions;
  readonly #words = new Words();
  readonly #stamp: LayoutReader;
  readonly #iso: IsoReader;
  readonly #isoUtc = new IsoReader(UTC);
  readonly #severities = new SeverityLookup(COMMON_SEVERITIES);
  #nowMs = 0;
  #ms = 0;
  #ns = 0;
  #messageAt = 0;
  #messageEnd = 0;

  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#stamp = new LayoutReader(parseGoLayout('Jan _2 15:04:05'), options.zone);
    this.#iso = new IsoReader(options.zone);
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#stamp.begin();
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const { protocol, isPriorityOptional } = this.#options;
    let at = from;
    let priority = -1;
    if (bytes[at] === Ascii.less && at < to) {
      const close = find(this.#words.of(bytes), Ascii.greater, at + 1, Math.min(to, at + 5));
      priority = wholeNumber(bytes, at + 1, close);
      if (priority < 0 || priority > SYSLOG_PRIORITY_MAX || close >= to) return 'a priority beyond 0 to 191';
      at = close + 1;
    } else if (!isPriorityOptional) return 'expected <priority>';

    fields.begin(batch, row);
    if (priority >= 0) {
      fields.int(KEYS.priority, priority);
      fields.int(KEYS.facility, priority >> 3);
      if (!this.#options.isMessageBody) fields.value(KEYS.facility_text, FACILITIES[priority >> 3] as string);
    }
    const hasVersion = isDigit(bytes[at]) && bytes[at] !== Ascii.zero && (bytes[at + 1] === Ascii.space || bytes[at + 2] === Ascii.space);
    const isNew = protocol === 'rfc5424' || (protocol === '' && priority >= 0 && hasVersion);
    this.#ms = 0;
    this.#ns = 0;
    const isStrict = priority < 0 && this.#options.isStrictWithoutPriority === true;
    const problem = isNew ? this.#new(source, fields, at) : this.#old(source, fields, at, isStrict);
    if (problem !== undefined) return cancelled(fields, problem);
    if (!this.#options.isMessageBody) fields.text(KEYS.message, source.position(this.#messageAt), this.#messageEnd - this.#messageAt);
    const hindrance = fields.commit(true);
    if (hindrance !== undefined) return hindrance;
    this.#finish(batch, row, source, priority);
    return undefined;
  }

  #finish(batch: LogBatch, row: number, source: TextSource, priority: number): void {
    if (this.#ms > 0) {
      batch.timeMs[row] = this.#ms;
      batch.timeNs[row] = this.#ns;
    }
    if (priority >= 0) {
      batch.severity[row] = severityOfPriority(priority);
      batch.setSeverityText(row, TEXTS[priority & 7] as string);
    }
    if (!this.#options.isMessageBody) return;
    batch.bodyStart[row] = source.position(this.#messageAt);
    batch.bodySize[row] = this.#messageEnd - this.#messageAt;
    batch.bodyType[row] = ValueType.string;
  }

  /** `Jan 30 12:00:00 host tag[pid]: message`, or an ISO time instead. */
  #old(source: TextSource, fields: FieldWriter, from: number, isStrict: boolean): string | undefined {
    const { bytes, to } = source;
    const view = this.#words.of(bytes);
    const stampEnd = this.#readStamp(bytes, from, to);
    if (stampEnd < 0 || stampEnd >= to || bytes[stampEnd] !== Ascii.space) return 'expected a time such as "Jan 30 12:00:00"';
    const hostEnd = find(view, Ascii.space, stampEnd + 1, to);
    if (isStrict && !this.#isName(bytes, stampEnd + 1, hostEnd)) return 'expected the name of a host';
    this.#text(source, fields, KEYS.hostname, stampEnd + 1, hostEnd);
    this.#messageEnd = to;
    const tagAt = hostEnd + 1;
    let at = tagAt;
    while (at < to && bytes[at] !== Ascii.colon && bytes[at] !== Ascii.openBracket && bytes[at] !== Ascii.space) at++;
    if (at >= to || at === tagAt || bytes[at] === Ascii.space) {
      if (isStrict) return 'expected a tag';
      // No tag: all is message.
      this.#messageAt = Math.min(to, tagAt);
      return undefined;
    }
    if (isStrict && !this.#isName(bytes, tagAt, at)) return 'expected a tag';
    this.#text(source, fields, KEYS.appname, tagAt, at);
    if (bytes[at] === Ascii.openBracket) {
      const close = find(view, Ascii.closeBracket, at + 1, to);
      this.#text(source, fields, KEYS.proc_id, at + 1, close);
      at = Math.min(to, close + 1);
    }
    if (at < to && bytes[at] === Ascii.colon) at++;
    this.#messageAt = at < to && bytes[at] === Ascii.space ? at + 1 : at;
    return undefined;
  }

  /** True for what can name a host or a program. `INFO` or `[main]` behind the time is how programs write lines of their own. */
  #isName(bytes: Buffer, from: number, to: number): boolean {
    if (from >= to || this.#severities.ofBytes(bytes, from, to) !== 0) return false;
    for (let i = from; i < to; i++) if (!NAME.has(bytes[i] as number)) return false;
    return true;
  }

  #readStamp(bytes: Uint8Array, from: number, to: number): number {
    if (isDigit(bytes[from])) {
      if (!this.#iso.read(bytes, from, to) || !isStamp(bytes, from, this.#iso.end)) return -1;
      this.#ms = this.#iso.ms;
      this.#ns = this.#iso.ns;
      return this.#iso.end;
    }
    const end = from + STAMP_BYTES;
    if (end > to || !this.#stamp.read(bytes, from, end, this.#nowMs)) return -1;
    this.#ms = this.#stamp.ms;
    return end;
  }

  /** `1 time host app pid id [data] message`. */
  #new(source: TextSource, fields: FieldWriter, from: number): string | undefined {
    const { bytes, to } = source;
    const view = this.#words.of(bytes);
    const versionEnd = find(view, Ascii.space, from, to);
    const version = wholeNumber(bytes, from, versionEnd);
    if (version < 1) return 'expected a version';
    fields.int(KEYS.version, version);
    const timeEnd = find(view, Ascii.space, versionEnd + 1, to);
    const isNil = timeEnd - versionEnd === 2 && bytes[versionEnd + 1] === Ascii.minus;
    if (!isNil) {
      const iso = this.#isoUtc;
      if (!iso.read(bytes, versionEnd + 1, timeEnd) || iso.end !== timeEnd) return 'expected a time as in RFC 3339';
      this.#ms = iso.ms;
      this.#ns = iso.ns;
    }
    let at = timeEnd + 1;
    for (const key of HEADER) {
      const end = find(view, Ascii.space, at, to);
      if (end >= to) return 'the header ends too early';
      this.#text(source, fields, key, at, end);
      at = end + 1;
    }
    at = this.#data(source, fields, at);
    if (at < 0) return 'malformed structured data';
    if (at < to && bytes[at] !== Ascii.space) return 'expected a space after the structured data';
    this.#messageAt = Math.min(to, at + 1);
    this.#messageEnd = to;
    // Behind an empty message the bytes are another record's.
    const hasMark = to - this.#messageAt >= UTF8_MARK.length && UTF8_MARK.every((byte, i) => bytes[this.#messageAt + i] === byte);
    if (hasMark) this.#messageAt += UTF8_MARK.length;
    return undefined;
  }

  /** Where the structured data end, or -1. */
  #data(source: TextSource, fields: FieldWriter, from: number): number {
    const { bytes, to } = source;
    if (bytes[from] === Ascii.minus) return from + 1;
    const elements: [string, AttributeValue][] = [];
    let at = from;
    while (at < to && bytes[at] === Ascii.openBracket) {
      const idAt = at + 1;
      at = idAt;
      while (at < to && bytes[at] !== Ascii.space && bytes[at] !== Ascii.closeBracket) at++;
      const parameters: [string, AttributeValue][] = [];
      const id = bytes.toString('utf8', idAt, at);
      while (at < to && bytes[at] === Ascii.space) {
        const parameter = readParameter(bytes, at + 1, to);
        if (!parameter) return -1;
        parameters.push([parameter.name, parameter.value]);
        at = parameter.end;
      }
      if (at >= to || bytes[at] !== Ascii.closeBracket) return -1;
      elements.push([id, Object.fromEntries(parameters)]);
      at++;
    }
    if (elements.length === 0) return -1;
    fields.value(KEYS.structured_data, Object.fromEntries(elements));
    return at;
  }

  #text(source: TextSource, fields: FieldWriter, key: Key, from: number, to: number): void {
    const size = to - from;
    if (size > 1 || (size === 1 && source.bytes[from] !== Ascii.minus)) fields.text(key, source.position(from), size);
  }
}

/** Daemons that write ISO times write them with T and a zone; other programs begin their lines in other ways. */
function isStamp(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from + 10] !== 0x54) return false;
  const sign = bytes[to - 6];
  return bytes[to - 1] === 0x5a || sign === Ascii.plus || sign === Ascii.minus;
}

const HEADER = [KEYS.hostname, KEYS.appname, KEYS.proc_id, KEYS.msg_id] as const;

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly end: number;
}

/** `name="value"`, where `\"`, `\\` and `\]` stand for themselves. */
function readParameter(bytes: Buffer, from: number, to: number): Parameter | undefined {
  let at = from;
  while (at < to && bytes[at] !== Ascii.equals) at++;
  const name = bytes.toString('utf8', from, at);
  if (at + 1 >= to || bytes[at + 1] !== Ascii.quote || name === '') return undefined;
  const valueAt = at + 2;
  for (at = valueAt; at < to && bytes[at] !== Ascii.quote; at++) if (bytes[at] === Ascii.backslash) at++;
  if (at >= to) return undefined;
  return { name, value: bytes.toString('utf8', valueAt, at).replace(/\\(["\\\]])/g, '$1'), end: at + 1 };
}
