import { EditOnce, RefusedError, type Consumer, type Counter, type Host, type Processor } from '#component';
import { ValueType, keyOf, type LogBatch } from '#model';
import { Dictionary } from './dictionary.ts';

export interface ExpandConfig {
  max_templates: number;
  storage?: string;
}

// What dedupe writes; its README describes it.
const DEFINED_ID = keyOf('winnow.encoded.id');
const DEFINED_TEXT = keyOf('winnow.encoded.template');
const ENCODED = keyOf('winnow.encoded');
const SEPARATOR = 0x1f;

/**
 * Puts template and variables together again. Definitions are in storage before the batch that brought them goes on, so that
 * what comes after a restart can be restored too: the sender repeats them only now and then.
 */
export class Expand implements Processor {
  readonly mutates = true;
  readonly #config: ExpandConfig;
  readonly #editing: EditOnce;
  #host: Host | undefined;
  #dictionary: Dictionary | undefined;
  #restored: Counter | undefined;
  #unknown: Counter | undefined;
  #hasWarned = false;
  #isStopped = false;

  constructor(config: ExpandConfig, next: Consumer) {
    this.#config = config;
    const handOn = async (batch: LogBatch): Promise<void> => {
      await this.#dictionary?.written;
      await next.consume(batch);
    };
    this.#editing = new EditOnce({ consume: handOn }, (batch) => this.#edit(batch));
  }

  async start(host: Host): Promise<void> {
    const { storage, max_templates: max } = this.#config;
    this.#host = host;
    this.#dictionary = new Dictionary(host, storage === undefined ? host.storage : host.storageOf(storage), max);
    this.#restored = host.metrics.counter('winnow_expand_expanded_log_records', 'Records restored from template and variables.');
    this.#unknown = host.metrics.counter(
      'winnow_expand_unknown_log_records',
      'Records left as they are because their template is not known.',
    );
    host.metrics.gauge('winnow_expand_templates', 'Templates that are known.', () => this.#dictionary?.size ?? 0);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {
    this.#isStopped = true;
  }

  #edit(batch: LogBatch): void {
    const dictionary = this.#dictionary;
    if (!dictionary || this.#isStopped) throw new RefusedError('the expand processor is stopping and takes no more');
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const id = batch.attribute(row, DEFINED_ID);
      if (typeof id === 'string') this.#define(batch, row, id, dictionary);
      if (batch.attribute(row, ENCODED) === true) this.#expand(batch, row, dictionary);
    }
    dictionary.write();
  }

  #define(batch: LogBatch, row: number, id: string, dictionary: Dictionary): void {
    const text = batch.attribute(row, DEFINED_TEXT);
    if (typeof text !== 'string') return;
    dictionary.define(id, text);
    batch.deleteAttribute(row, DEFINED_ID);
    batch.deleteAttribute(row, DEFINED_TEXT);
  }

  #expand(batch: LogBatch, row: number, dictionary: Dictionary): void {
    const start = batch.bodyStart[row] as number;
    const from = start >= 0 ? start : ~start;
    const bytes = start >= 0 ? batch.space.bytes : batch.space.side;
    const to = from + (batch.bodySize[row] as number);
    const isText = batch.bodyType[row] === ValueType.string;
    const idEnd = endOf(bytes, from, to);
    const id = isText ? bytes.toString('latin1', from, idEnd) : '';
    const parts = dictionary.partsOf(id);
    if (!parts || !fill(batch, row, parts, { bytes, from: idEnd, to })) {
      this.#missing(id);
      return;
    }
    batch.deleteAttribute(row, ENCODED);
    this.#restored?.add(1);
  }

  #missing(id: string): void {
    this.#unknown?.add(1);
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message = 'A record cannot be restored: the text of its template has not come. It passes as it is; its sender repeats the text.';
    this.#host?.log.warn(message, { template: id });
  }
}

interface Variables {
  readonly bytes: Uint8Array;
  /** Each value begins with a separator. */
  readonly from: number;
  readonly to: number;
}

/** Writes the body from constant parts and variables; false when their numbers do not fit. */
function fill(batch: LogBatch, row: number, parts: readonly Uint8Array[], { bytes, from, to }: Variables): boolean {
  const { space } = batch;
  const placeholders = parts.length - 1;
  let values = 0;
  for (let at = from; at < to; at = endOf(bytes, at + 1, to)) values++;
  // One value more than placeholders: the line had a header before what the template describes.
  if (values !== placeholders && values !== parts.length) return false;
  let at = from;
  const target = space.sideLength;
  for (let i = parts.length - values; i < parts.length; i++) {
    if (i > 0) space.appendBytes(parts[i - 1] as Uint8Array);
    const end = endOf(bytes, at + 1, to);
    space.appendBytes(bytes, at + 1, end);
    at = end;
  }
  space.appendBytes(parts[placeholders] as Uint8Array);
  batch.bodyStart[row] = ~target;
  batch.bodySize[row] = space.sideLength - target;
  return true;
}

/** Where the next separator is, or the end. */
function endOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== SEPARATOR) at++;
  return at;
}
