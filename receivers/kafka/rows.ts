import { Buffer, isUtf8 } from 'node:buffer';
import { LogBatch, TIME_MS_MAX, ValueType } from '#model';
import { readJsonRequest, readRequest } from '#otlp';
import type { Encoding } from './config.ts';

export interface KafkaMessage {
  readonly offset: number;
  readonly timestampMs: number;
  readonly value: Buffer;
}

// What a batch has grown to for one message, it keeps. A rare large one shall not keep its memory for ever.
const SPARE_ROWS_MAX = 16_384;

/** Makes records of messages. A batch is valid until the next one is asked for. */
export class RowReader {
  readonly #encoding: Encoding;
  #spare = new LogBatch();

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** How many messages from `from` on make one batch: those of OTLP are batches already. */
  countFrom(messages: readonly KafkaMessage[], from: number): number {
    return this.#encoding === 'raw' || this.#encoding === 'text' ? Math.min(messages.length - from, BATCH_ROWS_MAX) : 1;
  }

  /** Throws RangeError when a message is not what it should be. */
  read(messages: readonly KafkaMessage[], nowMs: number): LogBatch {
    if (this.#spare.timeMs.length > SPARE_ROWS_MAX) this.#spare = new LogBatch();
    const [first] = messages;
    if (this.#encoding === 'otlp_json') return readJsonRequest(first?.value ?? NOTHING);
    if (this.#encoding === 'otlp_proto') return readRequest(first?.value ?? NOTHING, this.#spare);
    return this.#readBodies(messages, nowMs);
  }

  #readBodies(messages: readonly KafkaMessage[], nowMs: number): LogBatch {
    const batch = this.#spare;
    const bytes = Buffer.concat(messages.map(({ value }) => value));
    batch.reset(bytes);
    const isText = this.#encoding === 'text';
    let at = 0;
    for (const { value, timestampMs } of messages) {
      const type = isText && isUtf8(value) ? ValueType.string : ValueType.bytes;
      const row = batch.addRow(type, at, value.length);
      if (isText && type === ValueType.bytes) batch.setAttribute(row, 'winnow.body.encoding_error', true);
      // Beyond are producers that tell nanoseconds for milliseconds, and before 1970 those that know no time.
      if (timestampMs > 0 && timestampMs <= TIME_MS_MAX) batch.timeMs[row] = timestampMs;
      batch.observedMs[row] = nowMs;
      at += value.length;
    }
    return batch;
  }
}

const NOTHING = Buffer.alloc(0);
const BATCH_ROWS_MAX = 8192;
