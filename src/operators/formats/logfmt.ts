import type { Key, LogBatch } from '#model';
import { JsonProblem } from '../json/bytes.ts';
import { StringDecoder } from '../json/strings.ts';
import type { TextSource } from '../text-source.ts';
import { Ascii, Words, find, wholeNumber } from './bytes.ts';
import type { FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';
import { KeySequence } from './key-sequence.ts';
import { cancelled } from './key-values.ts';

/** Bytes of a key: all but white space, control characters, `=` and quotes. */
const IN_KEY = new Uint8Array(256).fill(1);
IN_KEY.fill(0, 0, 0x21);
IN_KEY[Ascii.equals] = 0;
IN_KEY[Ascii.quote] = 0;

/**
 * logfmt: `level=info msg="it's done" took=12 cached`. A key alone is true; whole numbers without quotes are integers if
 * that is wanted. Escapes in quotes are those of JSON.
 */
export class Logfmt implements Format {
  readonly #isIntParsed: boolean;
  readonly #words = new Words();
  readonly #strings = new StringDecoder();
  readonly #keys = new KeySequence();
  /** Pairs with a value of the last line, for those who ask whether a text is logfmt at all. */
  pairs = 0;
  /** Keys without one. */
  flags = 0;

  constructor(isIntParsed: boolean) {
    this.#isIntParsed = isIntParsed;
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    this.pairs = 0;
    this.flags = 0;
    this.#keys.begin();
    fields.begin(batch, row);
    let at = from;
    for (;;) {
      while (at < to && (bytes[at] as number) <= Ascii.space) at++;
      if (at >= to) break;
      const keyAt = at;
      while (at < to && IN_KEY[bytes[at] as number] === 1) at++;
      if (at === keyAt) return cancelled(fields, 'expected a key');
      const key = this.#keys.next(bytes, keyAt, at);
      if (at < to && bytes[at] === Ascii.equals) {
        this.pairs++;
        at = this.#value(batch, source, view, fields, key, at + 1);
        if (at < 0) return cancelled(fields, 'a quoted value without its end');
      } else if (at < to && bytes[at] === Ascii.quote) return cancelled(fields, 'a quote inside a key');
      else {
        this.flags++;
        fields.bool(key, true);
      }
    }
    if (this.pairs === 0) return cancelled(fields, 'no pairs of key and value');
    return fields.commit(false);
  }

  /** Where the value ends, or -1. */
  #value(batch: LogBatch, source: TextSource, view: DataView, fields: FieldWriter, key: Key, from: number): number {
    const { bytes, to } = source;
    if (from < to && bytes[from] === Ascii.quote) return this.#quoted(batch, source, view, fields, key, from + 1);
    let at = from;
    while (at < to && (bytes[at] as number) > Ascii.space) at++;
    const number = this.#isIntParsed && isCanonical(bytes, from, at) ? wholeNumber(bytes, from, at) : -1;
    if (number >= 0) fields.int(key, number);
    else fields.text(key, source.position(from), at - from);
    return at;
  }

  #quoted(batch: LogBatch, source: TextSource, view: DataView, fields: FieldWriter, key: Key, from: number): number {
    const { bytes, to } = source;
    const end = find(view, Ascii.quote, from, to);
    if (end >= to) return -1;
    if (find(view, Ascii.backslash, from, end) === end) {
      fields.text(key, source.position(from), end - from);
      return end + 1;
    }
    const { space } = batch;
    space.reserve(to - from);
    try {
      const closing = this.#strings.decode(bytes, from, to, space.side, space.sideLength);
      fields.text(key, ~space.sideLength, this.#strings.outEnd - space.sideLength);
      space.sideLength = this.#strings.outEnd;
      return closing + 1;
    } catch (problem) {
      if (!(problem instanceof JsonProblem)) throw problem;
      return -1;
    }
  }
}

/** True for digits that are not led by a zero: `007` is a text. */
function isCanonical(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] as number;
  return to > from && first >= Ascii.zero && first <= Ascii.nine && (first !== Ascii.zero || to - from === 1);
}
