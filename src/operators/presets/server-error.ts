import { ValueType, type LogBatch } from '#model';
import { Ascii, Words, find, skipBlanks, wholeNumber } from '../formats/bytes.ts';
import { keysOf, type FieldWriter } from '../formats/field-writer.ts';
import type { Format } from '../formats/format.ts';
import { COMMON_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import type { TextSource } from '../text-source.ts';
import { IsoReader } from '../time/iso-reader.ts';
import { LayoutReader } from '../time/layout-reader.ts';
import { parseGoLayout } from '../time/layout.ts';
import type { Zone } from '../time/zone.ts';

const KEYS = keysOf('process.pid', 'thread.id', 'client.address', 'log.logger');
const NO_LINE = 'no line of an error log';

/**
 * Error logs of web servers. The message becomes the body.
 *
 *   nginx   2026/01/30 12:00:00 [error] 31#31: *7 message, client: 10.0.0.1, server: …
 *   Apache  [Fri Jan 30 12:00:00.123456 2026] [core:error] [pid 31:tid 99] [client 10.0.0.1:5000] message
 */
export class ServerError implements Format {
  readonly #words = new Words();
  readonly #iso: IsoReader;
  readonly #apache: LayoutReader;
  readonly #severities = new SeverityLookup(COMMON_SEVERITIES);
  #nowMs = 0;

  constructor(zone: Zone) {
    this.#iso = new IsoReader(zone);
    this.#apache = new LayoutReader(parseGoLayout('Mon Jan _2 15:04:05.999999 2006'), zone);
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#apache.begin();
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    return source.bytes[source.from] === Ascii.openBracket
      ? this.#ofApache(batch, row, source, fields)
      : this.#ofNginx(batch, row, source, fields);
  }

  #ofNginx(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    const time = this.#iso;
    if (bytes[from + 4] !== Ascii.slash || !time.read(bytes, from, to)) return NO_LINE;
    const levelAt = time.end + 2;
    if (bytes[time.end] !== Ascii.space || bytes[levelAt - 1] !== Ascii.openBracket) return NO_LINE;
    const levelEnd = find(view, Ascii.closeBracket, levelAt, to);
    const pidEnd = find(view, 0x23, levelEnd + 2, to);
    const threadEnd = find(view, Ascii.colon, pidEnd + 1, to);
    const pid = wholeNumber(bytes, levelEnd + 2, pidEnd);
    const thread = wholeNumber(bytes, pidEnd + 1, threadEnd);
    if (pid < 0 || thread < 0) return NO_LINE;
    fields.begin(batch, row);
    fields.int(KEYS['process.pid'], pid);
    fields.int(KEYS['thread.id'], thread);
    const problem = fields.commit(true);
    if (problem !== undefined) return problem;
    this.#finish(batch, row, source, { levelAt, levelEnd, bodyAt: skipBlanks(bytes, threadEnd + 1, to), ms: time.ms, ns: time.ns });
    return undefined;
  }

  #ofApache(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    const time = this.#apache;
    const timeEnd = find(view, Ascii.closeBracket, from + 1, to);
    if (!time.read(bytes, from + 1, timeEnd, this.#nowMs)) return NO_LINE;
    const moduleAt = timeEnd + 3;
    const levelEnd = find(view, Ascii.closeBracket, moduleAt, to);
    if (bytes[moduleAt - 1] !== Ascii.openBracket || levelEnd >= to) return NO_LINE;
    const colon = find(view, Ascii.colon, moduleAt, levelEnd);
    fields.begin(batch, row);
    if (colon > moduleAt && colon < levelEnd) fields.text(KEYS['log.logger'], source.position(moduleAt), colon - moduleAt);
    let at = levelEnd + 1;
    // [pid 31:tid 99] [client 10.0.0.1:5000], both or one of them.
    while (bytes[at] === Ascii.space && bytes[at + 1] === Ascii.openBracket) {
      const end = find(view, Ascii.closeBracket, at + 2, to);
      if (end >= to || !this.#bracket(source, view, fields, at + 2, end)) break;
      at = end + 1;
    }
    const problem = fields.commit(true);
    if (problem !== undefined) return problem;
    const levelAt = colon < levelEnd ? colon + 1 : moduleAt;
    this.#finish(batch, row, source, { levelAt, levelEnd, bodyAt: skipBlanks(bytes, at, to), ms: time.ms, ns: time.ns });
    return undefined;
  }

  #bracket(source: TextSource, view: DataView, fields: FieldWriter, from: number, to: number): boolean {
    const { bytes } = source;
    const nameEnd = find(view, Ascii.space, from, to);
    const name = bytes.toString('latin1', from, nameEnd);
    if (name === 'client' || name === 'remote') fields.text(KEYS['client.address'], source.position(nameEnd + 1), to - nameEnd - 1);
    else if (name === 'pid') {
      const pidEnd = find(view, Ascii.colon, nameEnd + 1, to);
      const pid = wholeNumber(bytes, nameEnd + 1, pidEnd);
      const thread = wholeNumber(bytes, pidEnd + 5, to);
      if (pid >= 0) fields.int(KEYS['process.pid'], pid);
      if (thread >= 0) fields.int(KEYS['thread.id'], thread);
    } else return false;
    return true;
  }

  #finish(batch: LogBatch, row: number, source: TextSource, found: Found): void {
    const { levelAt, levelEnd, bodyAt } = found;
    batch.timeMs[row] = found.ms;
    batch.timeNs[row] = found.ns;
    batch.severity[row] = this.#severities.ofBytes(source.bytes, levelAt, levelEnd);
    batch.severityTextStart[row] = source.position(levelAt);
    batch.severityTextSize[row] = levelEnd - levelAt;
    batch.bodyType[row] = ValueType.string;
    batch.bodyStart[row] = source.position(bodyAt);
    batch.bodySize[row] = source.to - bodyAt;
  }
}

interface Found {
  readonly levelAt: number;
  readonly levelEnd: number;
  readonly bodyAt: number;
  readonly ms: number;
  readonly ns: number;
}
