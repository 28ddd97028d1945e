import { isAscii, isUtf8 } from 'node:buffer';
import type { RecordWriter, Splitter } from './records.ts';

export interface MultilineRules {
  readonly pattern: RegExp;
  /** True when the pattern marks where a record begins, false when it marks where one ends. */
  readonly isStart: boolean;
  /** The matched text is no part of the record. */
  readonly omitsPattern: boolean;
}

/** Text to search in, and the way back from a place in it to a byte. */
interface TextView {
  readonly text: string;
  /** Called with rising places only. */
  toByte(place: number): number;
}

/** A match, as places in the text. */
interface Match {
  readonly start: number;
  readonly end: number;
}

/**
 * Records of several lines. A record is whole when the next one has begun, or when its end has been seen with something
 * behind it: a match that reaches the end of what was read might go on. Until then it waits.
 */
export class MultilineSplitter implements Splitter {
  readonly #rules: MultilineRules;

  constructor(rules: MultilineRules) {
    this.#rules = rules;
  }

  split(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
    const view = viewOf(records, bytes, from, to);
    const rest = this.#rules.isStart
      ? this.#splitAtStarts(records, bytes, from, to, view, isFinal)
      : this.#splitAtEnds(records, bytes, from, to, view, isFinal);
    if (records.isFull || rest >= to) return rest;
    if (!isFinal && to - rest <= records.rules.recordBytesMax) return rest;
    return this.#writeRest(records, bytes, rest, to, isFinal);
  }

  #splitAtStarts(records: RecordWriter, bytes: Buffer, from: number, to: number, view: TextView, isFinal: boolean): number {
    const omits = this.#rules.omitsPattern;
    let start = from;
    let match = this.#find(view.text, 0);
    if (!match) return start;
    if (match.start > 0) {
      start = view.toByte(match.start);
      this.#write(records, bytes, from, start);
    }
    records.isSkipping = false;
    while (!records.isFull) {
      const content = omits ? view.toByte(match.end) : start;
      if (match.end >= view.text.length && !isFinal) return start;
      const next = this.#find(view.text, match.end + 1);
      if (!next) {
        if (!isFinal || !omits) return start;
        this.#write(records, bytes, content, to);
        return to;
      }
      start = view.toByte(next.start);
      this.#write(records, bytes, content, start);
      match = next;
    }
    return start;
  }

  #splitAtEnds(records: RecordWriter, bytes: Buffer, from: number, to: number, view: TextView, isFinal: boolean): number {
    const { text } = view;
    let start = from;
    let place = 0;
    while (!records.isFull && start < to) {
      const match = this.#find(text, place);
      if (!match || (match.end >= text.length && !isFinal)) return start;
      // An empty match at the beginning would cut off nothing, for ever.
      if (match.end === match.start && view.toByte(match.end) === start) {
        place = match.end + 1;
        continue;
      }
      const first = this.#rules.omitsPattern ? view.toByte(match.start) : start;
      const end = view.toByte(match.end);
      this.#write(records, bytes, start, this.#rules.omitsPattern ? first : end);
      records.isSkipping = false;
      start = end;
      place = match.end;
    }
    return start;
  }

  #find(text: string, from: number): Match | undefined {
    if (from > text.length) return undefined;
    const { pattern } = this.#rules;
    pattern.lastIndex = from;
    const found = pattern.exec(text);
    return found ? { start: found.index, end: found.index + found[0].length } : undefined;
  }

  /** A record whose end is known; one that is too long becomes several, or is cut. */
  #write(records: RecordWriter, bytes: Buffer, from: number, to: number): void {
    if (records.isSkipping) return;
    let start = from;
    while (to - start > records.rules.recordBytesMax) {
      const cut = records.cutAt(bytes, start);
      records.write(bytes, start, cut);
      if (records.rules.isTruncating) return;
      start = cut;
    }
    if (to > start) records.write(bytes, start, to);
  }

  /** What has no end yet, but is too long or has waited long enough. */
  #writeRest(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
    let start = from;
    while (to - start > records.rules.recordBytesMax && !records.isFull && !records.isSkipping) {
      const cut = records.cutAt(bytes, start);
      records.write(bytes, start, cut);
      records.isSkipping = records.rules.isTruncating;
      start = cut;
    }
    if (records.isSkipping) return passedOver(bytes, start, to, isFinal);
    if (!isFinal || records.isFull) return start;
    records.write(bytes, start, to);
    return to;
  }
}

/** Passes over whole lines of a record that was cut, so that a pattern at the beginning of a line is still found. */
function passedOver(bytes: Buffer, from: number, to: number, isFinal: boolean): number {
  if (isFinal) return to;
  const lastLine = bytes.subarray(from, to).lastIndexOf(0x0a);
  return lastLine < 0 ? to : from + lastLine + 1;
}

function viewOf(records: RecordWriter, bytes: Buffer, from: number, to: number): TextView {
  if (records.rules.unit === 2) return wideView(bytes, from, to, records.rules.isBigEndian);
  const part = bytes.subarray(from, to);
  const whole = wholeCharacters(part);
  const isText = records.rules.isUtf8 && !isAscii(part) && isUtf8(part.subarray(0, whole));
  if (!isText) return { text: part.toString('latin1'), toByte: (place) => from + place };
  const text = part.toString('utf8', 0, whole);
  let lastPlace = 0;
  let lastByte = from;
  return {
    text,
    toByte: (place) => {
      lastByte += Buffer.byteLength(text.slice(lastPlace, place));
      lastPlace = place;
      return lastByte;
    },
  };
}

function wideView(bytes: Buffer, from: number, to: number, isBigEndian: boolean): TextView {
  const even = from + ((to - from) & ~1);
  const part = bytes.subarray(from, even);
  const text = isBigEndian ? Buffer.from(part).swap16().toString('utf16le') : part.toString('utf16le');
  return { text, toByte: (place) => from + place * 2 };
}

/** Length without a character that is cut off at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
