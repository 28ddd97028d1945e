import type { ServerResponse } from 'node:http';
import { messageOf } from '#component';
import type { LogBatch } from '#model';
import { toPlainRecord, type Watcher } from '../pipeline/index.ts';
import { redactValue } from './redact.ts';
import { cutLong } from './cut-long.ts';

/** One line of the answer to `GET /tap`. */
export type TapEvent =
  | { readonly record: Readonly<Record<string, unknown>> }
  /** So many records passed unseen: more came than a tap may cost, or than its reader takes. */
  | { readonly skipped: number }
  /** Nothing follows. */
  | { readonly end: string };

export interface TapStreamOptions {
  /** True for rows to show. */
  readonly filter: ((batch: LogBatch, row: number) => boolean) | undefined;
  readonly limit: number;
  readonly durationMs: number;
  readonly isRedacted: boolean;
}

// What all of this may take of one core: 2 %. What is more passes unseen.
const SLICE_MS = 1000;
const BUDGET_MS = 20;
// So seldom is the clock looked at, and by so much at most is the budget exceeded.
const ROWS_BETWEEN_LOOKS = 8;
/** What may wait for a reader that is slower than the pipeline. */
const WAITING_BYTES_MAX = 1024 * 1024;
const TOLD_EVERY_MS = 1000;

/**
 * Shows what passes one place to one reader. It never keeps the pipeline waiting: when it has used its share of the
 * processor, or its reader is behind, records pass unseen and are counted.
 */
export class TapStream implements Watcher {
  readonly #response: ServerResponse;
  readonly #options: TapStreamOptions;
  readonly #onEnd: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #left: number;
  #skipped = 0;
  #sliceBegan = 0;
  #used = 0;
  #isEnded = false;

  constructor(response: ServerResponse, options: TapStreamOptions, onEnd: () => void) {
    this.#response = response;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#left = options.limit;
  }

  open(): void {
    const response = this.#response;
    response.on('close', () => this.#finish());
    // The reader has gone in the middle of a line. The next thing that happens is 'close'.
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.flushHeaders();
    this.#timers.push(setInterval(() => this.#tellSkipped(), TOLD_EVERY_MS).unref());
    const { durationMs } = this.#options;
    if (durationMs < Infinity) this.#timers.push(setTimeout(() => this.end('the time is over'), durationMs).unref());
  }

  show(batch: LogBatch): void {
    if (this.#isEnded) return;
    const began = performance.now();
    if (began - this.#sliceBegan >= SLICE_MS) {
      this.#sliceBegan = began;
      this.#used = 0;
    }
    this.#showRows(batch, began);
    this.#used += performance.now() - began;
  }

  failed(problem: unknown): void {
    this.end(`the tap failed: ${messageOf(problem)}`);
  }

  /** Says why, and that nothing follows. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#tellSkipped();
    this.#write({ end: reason });
    this.#response.end();
    this.#finish();
  }

  #showRows(batch: LogBatch, began: number): void {
    const { filter } = this.#options;
    let isOver = this.#used >= BUDGET_MS;
    for (let row = 0, looked = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (!isOver && ++looked % ROWS_BETWEEN_LOOKS === 0) isOver = this.#used + performance.now() - began >= BUDGET_MS;
      if (isOver || this.#response.writableLength > WAITING_BYTES_MAX) {
        this.#skipped++;
        continue;
      }
      if (filter && !passes(filter, batch, row)) continue;
      this.#showRow(batch, row);
      if (--this.#left > 0) continue;
      this.end('the limit is reached');
      return;
    }
  }

  #showRow(batch: LogBatch, row: number): void {
    const record = cutLong({ ...toPlainRecord(batch, row), template: batch.templateOf[row]?.text ?? '' });
    this.#tellSkipped();
    this.#write({ record: asRecord(this.#options.isRedacted ? redactValue(record) : record) });
  }

  #tellSkipped(): void {
    if (this.#skipped === 0 || this.#isEnded) return;
    const skipped = this.#skipped;
    this.#skipped = 0;
    this.#write({ skipped });
  }

  #write(event: TapEvent): void {
    this.#response.write(`${JSON.stringify(event)}\n`);
  }

  #finish(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#onEnd();
  }
}

/** A condition that cannot be answered for a record does not hold for it. */
function passes(filter: (batch: LogBatch, row: number) => boolean, batch: LogBatch, row: number): boolean {
  try {
    return filter(batch, row);
  } catch {
    return false;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
