import { isDeepStrictEqual } from 'node:util';
import { RefusedError, type Clock, type Consumer, type Outcome, type Transaction } from '#component';
import type { LogBatch } from '#model';
import { saidByRow } from '../helpers/row-arbitrary.ts';
import { createBatch, poison, UPSTREAM, type Parcel, type RowSeed } from './rows.ts';

/** What a source gives rows to, from a start until it is stopped or killed. */
export interface SourceLife {
  readonly clock: Clock;
  readonly head: Consumer;
  /** True when batches may be edited in place. */
  readonly mayEdit: boolean;
}

interface Entry {
  readonly parcel: Parcel;
  /**
   * Waiting: to be given. Given: the processor has it, or has taken it. Back: it was given up, and waits for the next
   * turn, or a sink that gives everything up would never let it end. Settled: it is safe or dropped.
   */
  state: 'waiting' | 'given' | 'back' | 'settled';
  /** Counts the times it was given, so that answers to earlier times are not mistaken for the last one's. */
  round: number;
  /** A refused batch that is offered again as it is. */
  batch: LogBatch | undefined;
}

/** The figures of one life. */
export interface LifeFigures {
  durable: number;
  abandoned: number;
  dropped: number;
  /** Deliveries whose last row has not been settled. */
  open: number;
}

/**
 * Where rows come from: gives parcels one at a time, keeps what is refused, gives again what was given up or what was
 * not settled when the process was killed. Bytes and batch are overwritten as soon as `consume` has resolved.
 */
export class WorldSource {
  readonly known: Set<string> = new Set();
  readonly given: Map<string, number> = new Map();
  readonly problems: string[] = [];
  readonly #entries: Entry[] = [];
  /** True when a refused batch is offered again as it is, false when its rows are put in a new one. */
  readonly #offersAgain: boolean;
  #life: SourceLife | undefined;
  #isGiving = false;
  figures: LifeFigures = { durable: 0, abandoned: 0, dropped: 0, open: 0 };

  constructor(offersAgain: boolean) {
    this.#offersAgain = offersAgain;
  }

  /** From now on the source belongs to this life. What the last one left unsettled is given again. */
  enter(life: SourceLife): void {
    this.#life = life;
    this.#isGiving = false;
    this.figures = { durable: 0, abandoned: 0, dropped: 0, open: 0 };
    for (const entry of this.#entries) {
      entry.batch = undefined;
      if (entry.state === 'given') entry.state = 'waiting';
    }
  }

  add(rows: readonly RowSeed[], splits: readonly number[]): void {
    const ids = rows.map((_, i) => (this.known.size + i + 1).toString(16).padStart(16, '0'));
    for (const id of ids) this.known.add(id);
    this.#entries.push({ parcel: { rows, ids, splits }, state: 'waiting', round: 0, batch: undefined });
  }

  /** True when a parcel is inside `consume`, or waits to be given again. */
  get isBusy(): boolean {
    return this.#isGiving || this.#entries.some(({ state }) => state === 'waiting' || state === 'back');
  }

  get isSettled(): boolean {
    return this.#entries.every(({ state }) => state === 'settled');
  }

  /** Ids of rows that were settled and not dropped upstream. */
  get settledIds(): string[] {
    return this.#entries
      .filter(({ state }) => state === 'settled')
      .flatMap(({ parcel: { rows, ids } }) => ids.filter((_, i) => !rows[i]?.isDropped));
  }

  /** Gives what waits, in order, until something is refused or not answered. */
  async pump(): Promise<void> {
    const life = this.#life;
    for (const entry of this.#entries) if (entry.state === 'back') entry.state = 'waiting';
    for (;;) {
      const entry = this.#entries.find(({ state }) => state === 'waiting');
      if (!entry || this.#isGiving || !life || life !== this.#life) return;
      if (!(await this.#give(entry, life))) return;
    }
  }

  async #give(entry: Entry, life: SourceLife): Promise<boolean> {
    this.#isGiving = true;
    // First of all: rows that were dropped upstream settle while the batch is made.
    entry.state = 'given';
    const batch = entry.batch ?? this.#open(entry, life);
    const { bytes } = batch.space;
    entry.batch = undefined;
    const before = life.mayEdit ? undefined : said(batch);
    const isTaken = await this.#offer(batch, life);
    if (life !== this.#life) return false;
    this.#isGiving = false;
    if (before && !isDeepStrictEqual(said(batch), before)) this.problems.push('it edits batches in place and says mutates: false');
    if (isTaken) {
      poison(batch, bytes);
      return true;
    }
    entry.state = 'waiting';
    if (this.#offersAgain) entry.batch = batch;
    else this.#giveUp(batch);
    return false;
  }

  #giveUp(batch: LogBatch): void {
    try {
      batch.settleAbandoned();
    } catch (error) {
      this.problems.push(`rows that were refused are settled already: ${String(error)}`);
    }
  }

  async #offer(batch: LogBatch, life: SourceLife): Promise<boolean> {
    try {
      await life.head.consume(batch);
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) this.problems.push(`consume rejects with what is no refusal: ${String(error)}`);
      return false;
    }
  }

  #open(entry: Entry, life: SourceLife): LogBatch {
    const round = ++entry.round;
    for (const id of entry.parcel.ids) this.given.set(id, (this.given.get(id) ?? 0) + 1);
    const { figures } = this;
    const outcomes: Outcome[] = [];
    let parts = 0;
    const batch = createBatch(entry.parcel, life.clock.now(), () => {
      parts++;
      figures.open++;
      return (outcome: Outcome, transaction: Transaction | undefined) => {
        const note = (): void => {
          // Nothing a killed process does reaches anybody.
          if (life !== this.#life) return;
          figures.open--;
          outcomes.push(outcome);
          count(figures, outcome);
          if (outcomes.length === parts) this.#settle(entry, round, outcomes);
        };
        // A source writes its position through the transaction and moves it only after the commit.
        if (transaction) transaction.afterCommit(note);
        else note();
      };
    });
    return batch;
  }

  #settle(entry: Entry, round: number, outcomes: readonly Outcome[]): void {
    if (round !== entry.round) return;
    entry.state = outcomes.some(({ abandoned }) => abandoned > 0) ? 'back' : 'settled';
  }
}

function count(figures: LifeFigures, { durable, abandoned, dropped }: Outcome): void {
  figures.durable += durable;
  figures.abandoned += abandoned;
  for (const [reason, rows] of dropped) if (reason !== UPSTREAM) figures.dropped += rows;
}

function said(batch: LogBatch): unknown {
  return Array.from({ length: batch.length }, (_, row) => [saidByRow(batch, row), batch.isDropped[row], batch.templateOf[row]]);
}
