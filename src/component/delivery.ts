import assert from 'node:assert';
import type { Transaction } from './storage.ts';

/** What became of the rows of one Delivery. The three numbers sum to its rows. */
export interface Outcome {
  /** Delivered, or on disk. */
  readonly durable: number;
  /** Dropped on purpose or for good, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Given up while the source could still give them again. */
  readonly abandoned: number;
}

export type SettledListener = (outcome: Outcome, transaction: Transaction | undefined) => void;

const NONE_DROPPED: ReadonlyMap<string, number> = new Map();

/**
 * The responsibility for some rows, from the source that read them to whoever makes them safe.
 *
 * It is a countdown: holders settle rows a few at a time, and when none is outstanding the listener hears the outcome,
 * exactly once. Sharing one Delivery between the halves of a split batch therefore needs nothing. It never refers to the
 * bytes of a row, so it may outlive the batch.
 */
export class Delivery {
  /** Rows of equal source keep their order: an exporter has at most one unanswered request with a given source. */
  readonly source: number;
  readonly #listener: SettledListener;
  #outstanding: number;
  #durable = 0;
  #abandoned = 0;
  #dropped: Map<string, number> | undefined;

  constructor(rows: number, source: number, listener: SettledListener) {
    assert(rows > 0, 'a Delivery needs at least one row');
    this.source = source;
    this.#outstanding = rows;
    this.#listener = listener;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /**
   * The rows are delivered or on disk. With a transaction, what the source stores about it goes into the same
   * transaction, and the source forgets only after its commit.
   */
  durable(rows: number, transaction?: Transaction): void {
    this.#durable += rows;
    this.#settle(rows, transaction);
  }

  dropped(rows: number, reason: string, transaction?: Transaction): void {
    this.#dropped ??= new Map();
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + rows);
    this.#settle(rows, transaction);
  }

  abandoned(rows: number): void {
    this.#abandoned += rows;
    this.#settle(rows, undefined);
  }

  /** Gives so many rows that are not settled a Delivery of their own: this one answers for the others only. */
  divide(rows: number, listener: SettledListener): Delivery {
    assert(rows < this.#outstanding, 'a Delivery that is divided keeps some of its rows');
    this.#outstanding -= rows;
    return new Delivery(rows, this.source, listener);
  }

  /**
   * One Delivery for each branch of a fan-out; this one settles when the last of them has. A row counts as abandoned if
   * any branch abandoned it, else as dropped if any branch dropped it, so that the source never moves past a row that a
   * branch still wants. `rows` are those of the batch at hand: the rest may travel in another batch.
   */
  fork(branches: number, rows: number = this.#outstanding): Delivery[] {
    assert(rows <= this.#outstanding, 'a fork answers for rows that are not settled yet');
    const outcomes: Outcome[] = [];
    const listener: SettledListener = (outcome, transaction) => {
      outcomes.push(outcome);
      if (outcomes.length === branches) this.#settleCombined(rows, outcomes, transaction);
    };
    return Array.from({ length: branches }, () => new Delivery(rows, this.source, listener));
  }

  #settleCombined(rows: number, outcomes: readonly Outcome[], transaction: Transaction | undefined): void {
    let left = rows;
    let abandoned = 0;
    for (const outcome of outcomes) abandoned += outcome.abandoned;
    abandoned = Math.min(abandoned, left);
    left -= abandoned;
    const dropped: [string, number][] = [];
    for (const outcome of outcomes) {
      for (const [reason, count] of outcome.dropped) {
        const taken = Math.min(count, left);
        if (taken > 0) dropped.push([reason, taken]);
        left -= taken;
      }
    }
    // The last settlement must be the one that carries the transaction: it is the one that reaches the listener.
    if (abandoned > 0) this.abandoned(abandoned);
    for (const [reason, count] of dropped) this.dropped(count, reason, transaction);
    if (left > 0) this.durable(left, transaction);
  }

  #settle(rows: number, transaction: Transaction | undefined): void {
    assert(rows > 0 && rows <= this.#outstanding, 'a Delivery settles each row exactly once');
    this.#outstanding -= rows;
    if (this.#outstanding > 0) return;
    const outcome = { durable: this.#durable, dropped: this.#dropped ?? NONE_DROPPED, abandoned: this.#abandoned };
    this.#listener(outcome, transaction);
  }
}
