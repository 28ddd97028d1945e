import type { LogBatch } from '#model';
import { Ascii } from '../formats/bytes.ts';
import type { Format } from '../formats/format.ts';
import { COMMON_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import type { TextSource } from '../text-source.ts';
import { IsoReader } from '../time/iso-reader.ts';
import type { Zone } from '../time/zone.ts';

/** A level stands near the beginning of a line, or is a word of the message. */
const HEAD_BYTES = 96;
const WORD_BYTES_MAX = 11;

/** 1 for upper-case, 2 for lower-case letters. */
const LETTERS = new Uint8Array(256);
LETTERS.fill(1, 0x41, 0x5b);
LETTERS.fill(2, 0x61, 0x7b);

/**
 * Lines of which no more is known than that most of them begin with a time and a level. Both are read where they can be
 * found, and the line stays the body. Nothing is an error here.
 */
export class PlainText implements Format {
  readonly #time: IsoReader;
  readonly #severities = new SeverityLookup(COMMON_SEVERITIES);
  /** What the last line had. */
  hasTime = false;
  hasSeverity = false;

  constructor(zone: Zone) {
    this.#time = new IsoReader(zone);
  }

  parse(batch: LogBatch, row: number, source: TextSource): undefined {
    const { bytes, from, to } = source;
    const time = this.#time;
    const start = bytes[from] === Ascii.openBracket ? from + 1 : from;
    this.hasTime = time.read(bytes, start, to);
    this.hasSeverity = false;
    if (this.hasTime) {
      batch.timeMs[row] = time.ms;
      batch.timeNs[row] = time.ns;
    }
    this.#findSeverity(batch, row, source, this.hasTime ? time.end : from);
  }

  #findSeverity(batch: LogBatch, row: number, source: TextSource, from: number): void {
    const { bytes } = source;
    const end = Math.min(source.to, from + HEAD_BYTES);
    let at = from;
    while (at < end) {
      const letter = LETTERS[bytes[at] as number] as number;
      if (letter === 0) {
        at++;
        continue;
      }
      const wordAt = at;
      let isUpper = true;
      for (; at < end && LETTERS[bytes[at] as number] !== 0; at++) if (LETTERS[bytes[at] as number] === 2) isUpper = false;
      const size = at - wordAt;
      if (size < 3 || size > WORD_BYTES_MAX) continue;
      if (!isUpper && !isMarked(bytes, wordAt, at, from)) continue;
      const severity = this.#severities.ofBytes(bytes, wordAt, at);
      if (severity === 0) continue;
      batch.severity[row] = severity;
      batch.severityTextStart[row] = source.position(wordAt);
      batch.severityTextSize[row] = size;
      this.hasSeverity = true;
      return;
    }
  }
}

/** A word that is not in capitals is a level when it stands in brackets, or begins the line and a colon follows. */
function isMarked(bytes: Uint8Array, from: number, to: number, start: number): boolean {
  const before = bytes[from - 1];
  const after = bytes[to];
  if (from > start && (before === Ascii.openBracket || before === Ascii.less || before === Ascii.open)) {
    return after === Ascii.closeBracket || after === Ascii.greater || after === Ascii.close;
  }
  return after === Ascii.colon && from - start <= 1;
}
