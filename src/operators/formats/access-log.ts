import { SeverityNumber, type Key, type LogBatch } from '#model';
import type { TextSource } from '../text-source.ts';
import { dayStart, daysIn } from '../time/calendar.ts';
import { Ascii, Words, find, isTextAt, twoDigits, wholeNumber } from './bytes.ts';
import { keysOf, type FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';

const KEYS = keysOf(
  'client.address',
  'server.address',
  'server.port',
  'user.name',
  'http.request.method',
  'url.path',
  'url.query',
  'url.original',
  'network.protocol.version',
  'http.response.status_code',
  'http.response.body.size',
  'http.request.header.referer',
  'user_agent.original',
);

const NO_LINE = 'no line of an access log';

/**
 * Access logs of nginx and Apache, common and combined, read by hand over the bytes:
 *
 *   host - user [30/Jan/2026:12:00:00 +0000] "GET /path?query HTTP/1.1" 200 512 "referer" "agent"
 *
 * What stands behind that is passed over. A virtual host before the client is taken for the server.
 */
export class AccessLog implements Format {
  readonly #words = new Words();
  readonly #time = new AccessTime();
  readonly #isSeveritySet: boolean;

  constructor(isSeveritySet: boolean) {
    this.#isSeveritySet = isSeveritySet;
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    const firstEnd = find(view, Ascii.space, from, to);
    const secondEnd = find(view, Ascii.space, firstEnd + 1, to);
    const timeAt = find(view, Ascii.openBracket, secondEnd + 1, to);
    const statusAt = this.#requestEnd(bytes, view, timeAt + 30, to) + 2;
    if (statusAt + 3 > to || bytes[timeAt + 28] !== Ascii.space || bytes[timeAt + 29] !== Ascii.quote) return NO_LINE;
    const status = wholeNumber(bytes, statusAt, statusAt + 3);
    if (status < 0 || bytes[statusAt - 1] !== Ascii.space || !this.#time.read(bytes, timeAt + 1)) return NO_LINE;

    fields.begin(batch, row);
    this.#caller(source, fields, firstEnd, secondEnd, timeAt - 1);
    this.#request(source, view, fields, timeAt + 30, statusAt - 2);
    fields.int(KEYS['http.response.status_code'], status);
    const sizeEnd = find(view, Ascii.space, statusAt + 4, to);
    const size = wholeNumber(bytes, statusAt + 4, sizeEnd);
    if (size >= 0) fields.int(KEYS['http.response.body.size'], size);
    this.#headers(source, view, fields, sizeEnd + 1, to);
    const problem = fields.commit(true);
    if (problem !== undefined) return problem;
    batch.timeMs[row] = this.#time.ms;
    batch.timeNs[row] = 0;
    if (this.#isSeveritySet) batch.severity[row] = severityOf(status);
    return undefined;
  }

  /** `client - user`, or `server client - user`. */
  #caller(source: TextSource, fields: FieldWriter, firstEnd: number, secondEnd: number, end: number): void {
    const { bytes, from } = source;
    let userAt = secondEnd + 1;
    if (bytes[userAt] === Ascii.minus && bytes[userAt + 1] === Ascii.space && userAt + 1 < end) {
      this.#server(source, fields, from, firstEnd);
      this.#text(source, fields, KEYS['client.address'], firstEnd + 1, secondEnd);
      userAt += 2;
    } else this.#text(source, fields, KEYS['client.address'], from, firstEnd);
    this.#text(source, fields, KEYS['user.name'], userAt, end);
  }

  #server(source: TextSource, fields: FieldWriter, from: number, to: number): void {
    let at = to - 1;
    while (at > from && source.bytes[at] !== Ascii.colon) at--;
    const port = at > from ? wholeNumber(source.bytes, at + 1, to) : -1;
    this.#text(source, fields, KEYS['server.address'], from, port >= 0 ? at : to);
    if (port >= 0) fields.int(KEYS['server.port'], port);
  }

  /** What clients send may be anything; only what looks like a request is taken apart. */
  #request(source: TextSource, view: DataView, fields: FieldWriter, from: number, to: number): void {
    const { bytes } = source;
    const methodEnd = find(view, Ascii.space, from, to);
    const targetEnd = find(view, Ascii.space, methodEnd + 1, to);
    if (targetEnd >= to || bytes[methodEnd + 1] !== Ascii.slash || !isTextAt(bytes, targetEnd + 1, to, 'HTTP/')) {
      this.#text(source, fields, KEYS['url.original'], from, to);
      return;
    }
    fields.text(KEYS['http.request.method'], source.position(from), methodEnd - from);
    const pathEnd = find(view, Ascii.question, methodEnd + 1, targetEnd);
    fields.text(KEYS['url.path'], source.position(methodEnd + 1), pathEnd - methodEnd - 1);
    if (pathEnd < targetEnd) fields.text(KEYS['url.query'], source.position(pathEnd + 1), targetEnd - pathEnd - 1);
    fields.text(KEYS['network.protocol.version'], source.position(targetEnd + 6), to - targetEnd - 6);
  }

  #headers(source: TextSource, view: DataView, fields: FieldWriter, from: number, to: number): void {
    const { bytes } = source;
    if (from >= to || bytes[from] !== Ascii.quote) return;
    const refererEnd = this.#requestEnd(bytes, view, from + 1, to);
    this.#text(source, fields, KEYS['http.request.header.referer'], from + 1, refererEnd);
    const agentAt = refererEnd + 3;
    if (agentAt > to || bytes[agentAt - 1] !== Ascii.quote) return;
    this.#text(source, fields, KEYS['user_agent.original'], agentAt, this.#requestEnd(bytes, view, agentAt, to));
  }

  /** The next quote that is not escaped. */
  #requestEnd(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    let at = find(view, Ascii.quote, from, to);
    while (at < to && bytes[at - 1] === Ascii.backslash) at = find(view, Ascii.quote, at + 1, to);
    return at;
  }

  /** A text that is there: servers write `-` for one that is not. */
  #text(source: TextSource, fields: FieldWriter, key: Key, from: number, to: number): void {
    const size = to - from;
    if (size > 1 || (size === 1 && source.bytes[from] !== Ascii.minus)) fields.text(key, source.position(from), size);
  }
}

function severityOf(status: number): number {
  if (status >= 500) return SeverityNumber.error;
  return status >= 400 ? SeverityNumber.warn : SeverityNumber.info;
}

// Bytes 1 and 2 of the names, by which English months are told apart.
const MONTHS = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, i) => [name, i + 1]),
);
const MONTH_BY_LETTERS = new Uint8Array(1024);
for (const [name, month] of MONTHS) MONTH_BY_LETTERS[lettersOf(name.charCodeAt(1), name.charCodeAt(2))] = month;

function lettersOf(second: number, third: number): number {
  return ((second & 31) << 5) | (third & 31);
}

/** `30/Jan/2026:12:00:00 +0000`, always of the same length. */
class AccessTime {
  ms = 0;
  #day = 0;
  #month = 0;
  #year = 0;
  #dayMs = Number.NaN;

  read(bytes: Uint8Array, at: number): boolean {
    const day = twoDigits(bytes, at);
    const month = MONTH_BY_LETTERS[lettersOf(bytes[at + 4] as number, bytes[at + 5] as number)] as number;
    const century = twoDigits(bytes, at + 7);
    const inCentury = twoDigits(bytes, at + 9);
    const hour = twoDigits(bytes, at + 12);
    const minute = twoDigits(bytes, at + 15);
    const second = twoDigits(bytes, at + 18);
    const offsetHours = twoDigits(bytes, at + 22);
    const offsetMinutes = twoDigits(bytes, at + 24);
    if ((day | century | inCentury | hour | minute | second | offsetHours | offsetMinutes) < 0) return false;
    if (bytes[at + 2] !== Ascii.slash || bytes[at + 11] !== Ascii.colon || bytes[at + 26] !== Ascii.closeBracket) return false;
    const year = century * 100 + inCentury;
    if (day !== this.#day || month !== this.#month || year !== this.#year) {
      if (month === 0 || day === 0 || year < 1970 || day > daysIn(year, month)) return false;
      this.#day = day;
      this.#month = month;
      this.#year = year;
      this.#dayMs = dayStart(year, month, day);
    }
    const offset = (offsetHours * 60 + offsetMinutes) * (bytes[at + 21] === Ascii.minus ? -60_000 : 60_000);
    this.ms = this.#dayMs + (hour * 3600 + minute * 60 + second) * 1000 - offset;
    return this.ms >= 0;
  }
}
