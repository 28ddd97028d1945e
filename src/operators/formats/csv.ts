import { keyOf, type Key, type LogBatch } from '#model';
import type { TextSource } from '../text-source.ts';
import { Ascii } from './bytes.ts';
import type { FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';
import { cancelled } from './key-values.ts';

export interface CsvOptions {
  readonly header?: string;
  readonly headerAttribute?: string;
  readonly headerDelimiter: string;
  readonly delimiter: string;
  readonly isLazy: boolean;
  readonly areQuotesIgnored: boolean;
}

const HEADERS_KEPT_MAX = 256;

/**
 * Comma-separated values, as Go's encoding/csv reads one line: a value in quotes may hold delimiters, and `""` for a
 * quote. There must be as many values as the header has names.
 */
export class Csv implements Format {
  readonly #options: CsvOptions;
  readonly #delimiter: number;
  readonly #keys: readonly Key[] | undefined;
  readonly #headers = new Map<string, readonly Key[]>();

  /** Throws RangeError. */
  constructor(options: CsvOptions) {
    const { header, headerAttribute, delimiter } = options;
    if ((header === undefined) === (headerAttribute === undefined)) throw new RangeError('expected one of header and header_attribute');
    if (delimiter.length !== 1 || delimiter.charCodeAt(0) > 0x7f) throw new RangeError(`expected one ASCII character, got "${delimiter}"`);
    if (options.isLazy && options.areQuotesIgnored) throw new RangeError('lazy_quotes and ignore_quotes exclude each other');
    this.#options = options;
    this.#delimiter = delimiter.charCodeAt(0);
    this.#keys = header === undefined ? undefined : this.#namesOf(header);
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const keys = this.#keys ?? this.#ownHeader(batch, row);
    if (!keys) return `there is no text in the attribute ${this.#options.headerAttribute}`;
    const { to } = source;
    fields.begin(batch, row);
    let at = source.from;
    let count = 0;
    for (let isMore = true; isMore; count++) {
      const key = keys[count];
      if (!key) return cancelled(fields, `more than the ${keys.length} values of the header`);
      const end = this.#value(batch, source, fields, key, at);
      if (end < 0) return cancelled(fields, 'a quote at a wrong place');
      isMore = end < to;
      at = end + 1;
    }
    if (count !== keys.length) return cancelled(fields, `${count} values where the header has ${keys.length}`);
    // A header may name a column twice.
    return fields.commit(false);
  }

  #value(batch: LogBatch, source: TextSource, fields: FieldWriter, key: Key, from: number): number {
    const { bytes, to } = source;
    if (bytes[from] === Ascii.quote && from < to && !this.#options.areQuotesIgnored) {
      return this.#quoted(batch, source, fields, key, from + 1);
    }
    let at = from;
    while (at < to && bytes[at] !== this.#delimiter) {
      if (bytes[at] === Ascii.quote && !this.#options.isLazy && !this.#options.areQuotesIgnored) return -1;
      at++;
    }
    fields.text(key, source.position(from), at - from);
    return at;
  }

  #quoted(batch: LogBatch, source: TextSource, fields: FieldWriter, key: Key, from: number): number {
    const { bytes, to } = source;
    const isLazy = this.#options.isLazy;
    let doubled = 0;
    let at = from;
    for (; at < to; at++) {
      if (bytes[at] !== Ascii.quote) continue;
      const next = at + 1 < to ? bytes[at + 1] : this.#delimiter;
      if (next === this.#delimiter) break;
      if (next !== Ascii.quote && !isLazy) return -1;
      if (next === Ascii.quote) {
        doubled++;
        at++;
      }
    }
    if (at >= to && !isLazy) return -1;
    if (doubled === 0) fields.text(key, source.position(from), at - from);
    else {
      const text = bytes.toString('utf8', from, at).replaceAll('""', '"');
      const position = batch.space.appendText(text);
      fields.text(key, position, batch.space.sideLength - ~position);
    }
    return Math.min(to, at + 1);
  }

  #ownHeader(batch: LogBatch, row: number): readonly Key[] | undefined {
    const header = batch.attribute(row, this.#options.headerAttribute ?? '');
    if (typeof header !== 'string') return undefined;
    let keys = this.#headers.get(header);
    if (!keys) {
      if (this.#headers.size >= HEADERS_KEPT_MAX) this.#headers.clear();
      keys = this.#namesOf(header);
      this.#headers.set(header, keys);
    }
    return keys;
  }

  #namesOf(header: string): readonly Key[] {
    return header.split(this.#options.headerDelimiter).map((name) => keyOf(name));
  }
}
