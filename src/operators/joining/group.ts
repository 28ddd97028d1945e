import { Delivery, type Outcome, type Transaction } from '#component';
import type { Claim, LogBatch } from '#model';
import { isCalm, isRecordStart } from './lines.ts';

const WARN = 13;
export const NOT_HELD = -1;

/** Rows of one source that belong together so far. One object serves a source for all its groups, one after the other. */
export class Group {
  /** Kept for the rule. */
  state = 0;
  isChained = false;
  isOpen = false;
  /** Rows in all, and bytes of their texts. */
  rows = 0;
  bytes = 0;
  /** The rows in the batch at hand: how many, and the first of them. */
  here = 0;
  first = 0;
  /** The others. */
  readonly others: number[] = [];
  /** The batch in which it was listed among those that have rows there. */
  listedIn = 0;
  /** Where the first row, or with `newest` the last, is kept among the held ones. */
  held: number = NOT_HELD;
  /** The joined texts of the rows of earlier batches, and who answers for them. */
  #text: Buffer = NO_BYTES;
  textSize = 0;
  readonly claims: Claim[] = [];
  /** By the monotonic clock. */
  touchedMs = 0;
  #isFromLogger: boolean | undefined;
  #batch: LogBatch | undefined;

  open(batch: LogBatch): void {
    this.isOpen = true;
    this.isChained = false;
    this.rows = 0;
    this.bytes = 0;
    this.here = 0;
    this.#isFromLogger = undefined;
    this.#batch = batch;
  }

  add(row: number, size: number): void {
    if (this.here === 0) this.first = row;
    else this.others.push(row);
    this.here++;
    this.rows++;
    this.bytes += size;
  }

  close(): void {
    this.isOpen = false;
    this.here = 0;
    if (this.others.length > 0) this.others.length = 0;
    if (this.claims.length > 0) this.claims.length = 0;
    this.held = NOT_HELD;
    this.textSize = 0;
    // What one long trace needed must not be kept for every source.
    if (this.#text.length > TEXT_KEPT_BYTES) this.#text = NO_BYTES;
  }

  /** The rows in the batch at hand, in order. */
  rowsHere(): number[] {
    return this.here === 0 ? [] : [this.first, ...this.others];
  }

  /** True when the first line is one that a logger has written, and may have written with an exception. */
  isFromLogger(): boolean {
    if (this.#isFromLogger !== undefined) return this.#isFromLogger;
    const batch = this.#batch;
    const { first } = this;
    if (!batch || this.here === 0) return false;
    const start = batch.bodyStart[first] as number;
    const from = start >= 0 ? start : ~start;
    const bytes = start >= 0 ? batch.space.bytes : batch.space.side;
    const to = from + (batch.bodySize[first] as number);
    const severity = batch.severity[first] as number;
    this.#isFromLogger = severity > 0 ? severity >= WARN : isRecordStart(bytes, from, to) && !isCalm(bytes, from, to);
    return this.#isFromLogger;
  }

  /** The batch at hand goes away: what is asked about its rows must be known by now. */
  leaveBatch(): void {
    this.isFromLogger();
    this.here = 0;
    if (this.others.length > 0) this.others.length = 0;
    this.forgetBatch();
  }

  forgetBatch(): void {
    this.#batch = undefined;
  }

  get text(): Buffer {
    return this.#text;
  }

  appendText(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.textSize + to - from;
    if (needed > this.#text.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#text.length * 2, TEXT_FIRST_BYTES));
      this.#text.copy(grown, 0, 0, this.textSize);
      this.#text = grown;
    }
    this.#text.set(bytes.subarray(from, to), this.textSize);
    this.textSize = needed;
  }

  addClaim(delivery: Delivery): void {
    const last = this.claims.at(-1);
    if (last?.delivery === delivery) this.claims[this.claims.length - 1] = { delivery, rows: last.rows + 1 };
    else this.claims.push({ delivery, rows: 1 });
  }
}

/** The Delivery of a joined record: what becomes of it becomes of all rows it was made of. */
export function createJoined(claims: readonly Claim[]): Delivery {
  const source = claims[0]?.delivery.source ?? 0;
  return new Delivery(1, source, (outcome, transaction) => settleAll(claims, outcome, transaction));
}

function settleAll(claims: readonly Claim[], outcome: Outcome, transaction: Transaction | undefined): void {
  const [reason] = outcome.dropped.keys();
  for (const { delivery, rows } of claims) {
    if (outcome.abandoned > 0) delivery.abandoned(rows);
    else if (reason !== undefined) delivery.dropped(rows, reason, transaction);
    else delivery.durable(rows, transaction);
  }
}

const NO_BYTES = Buffer.alloc(0);
const TEXT_FIRST_BYTES = 1024;
const TEXT_KEPT_BYTES = 16 * 1024;
