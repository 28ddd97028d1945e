import type { LogBatch } from '#model';
import type { TextSource } from '../text-source.ts';
import type { FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';
import { Ascii } from './bytes.ts';
import { KeySequence } from './key-sequence.ts';

/**
 * Pairs such as `name=value other="quoted value"`, with any delimiters. Delimiters inside quotes do not count, quotes
 * and spaces around a key or value are taken away.
 */
export class KeyValues implements Format {
  readonly #delimiter: Buffer;
  readonly #pairDelimiter: Buffer;
  readonly #keys = new KeySequence();
  /** 1 for bytes that may end a pair, or begin or end quotes. */
  readonly #signs = new Uint8Array(256);
  /** What `#trim` has found. */
  #from = 0;
  #to = 0;

  constructor(delimiter: string, pairDelimiter: string) {
    this.#delimiter = Buffer.from(delimiter);
    // Without one, pairs stand apart by white space.
    this.#pairDelimiter = Buffer.from(pairDelimiter);
    for (const sign of [Ascii.quote, Ascii.apostrophe, Ascii.backslash]) this.#signs[sign] = 1;
    if (pairDelimiter === '') for (let byte = 0; byte < 256; byte++) this.#signs[byte] ||= isSpace(byte) ? 1 : 0;
    this.#signs[this.#pairDelimiter[0] ?? Ascii.quote] = 1;
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    this.#keys.begin();
    fields.begin(batch, row);
    let pairs = 0;
    for (let at = from; at < to;) {
      const end = this.#pairEnd(bytes, at, to);
      if (end > at) {
        if (!this.#pair(source, fields, at, end)) return cancelled(fields, 'a pair without a delimiter');
        pairs++;
      }
      at = end + Math.max(1, this.#pairDelimiter.length);
    }
    if (pairs === 0) return cancelled(fields, 'no pairs of key and value');
    return fields.commit(false);
  }

  /** Where the pair ends that begins at `from`. */
  #pairEnd(bytes: Uint8Array, from: number, to: number): number {
    const signs = this.#signs;
    let quote = 0;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      if (signs[byte] === 0) continue;
      if (quote !== 0) {
        if (byte === Ascii.backslash) at++;
        else if (byte === quote) quote = 0;
      } else if (byte === Ascii.quote || byte === Ascii.apostrophe) quote = byte;
      else if (byte !== Ascii.backslash && (this.#pairDelimiter.length < 2 || isAt(this.#pairDelimiter, bytes, at, to))) return at;
    }
    return to;
  }

  #pair(source: TextSource, fields: FieldWriter, from: number, to: number): boolean {
    const { bytes } = source;
    let split = from;
    const first = this.#delimiter[0];
    while (split < to && (bytes[split] !== first || !isAt(this.#delimiter, bytes, split, to))) split++;
    if (split >= to) return isBlank(bytes, from, to);
    this.#trim(bytes, from, split);
    if (this.#to <= this.#from) return false;
    const key = this.#keys.next(bytes, this.#from, this.#to);
    this.#trim(bytes, split + this.#delimiter.length, to);
    fields.text(key, source.position(this.#from), this.#to - this.#from);
    return true;
  }

  /** Finds the range without spaces around it, and without quotes around what is left. */
  #trim(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && isSpace(bytes[from])) from++;
    while (to > from && isSpace(bytes[to - 1])) to--;
    const quote = bytes[from];
    const isQuoted = to - from >= 2 && (quote === Ascii.quote || quote === Ascii.apostrophe) && bytes[to - 1] === quote;
    this.#from = isQuoted ? from + 1 : from;
    this.#to = isQuoted ? to - 1 : to;
  }
}

export function cancelled(fields: FieldWriter, problem: string): string {
  fields.cancel();
  return problem;
}

function isAt(text: Uint8Array, bytes: Uint8Array, at: number, to: number): boolean {
  if (at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

function isSpace(byte: number | undefined): boolean {
  return byte === Ascii.space || (byte !== undefined && byte >= Ascii.tab && byte <= Ascii.return);
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isSpace(bytes[at])) return false;
  return true;
}
