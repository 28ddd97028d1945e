import { RefusedError, type Clock, type Consumer, type Lending, type Timer } from '#component';
import { LogBatch, appendRows } from '#model';
import { Loan } from './loan.ts';
import type { OutletBooks } from './outlets.ts';

export interface LenderOptions {
  readonly next: Consumer;
  /** False when an exporter behind it says that it cannot deliver. */
  readonly isUp: () => boolean;
  readonly lending: Lending | undefined;
  readonly books: OutletBooks;
  readonly clock: Clock;
  readonly fatal: (problem: unknown) => void;
}

/** How often one looks whether what was lent still goes on. */
const LOOK_MS = 250;
// One batch is usually on its way; a few more come when several sources feed the connector.
const SPARES_MAX = 4;
const NO_BYTES = Buffer.alloc(0);

/**
 * Gives copies of batches to a consumer that may stop answering.
 *
 *   lend ─▶ [ offered ] ─▶ taken ─▶ [ not settled ] ─▶ settled
 *               │                        └─▶ down too long: the source gives the rows again
 *               └─▶ down: the caller goes on, the copy stays
 *
 * So nobody waits for a consumer that is down, and no row waits for it longer than it has to. What is lent and asked of
 * its source again may arrive twice, never not at all.
 */
export class Lender {
  readonly #options: LenderOptions;
  readonly #spares: LogBatch[] = [];
  /** Not settled, and what to do when its caller need not wait any more. */
  readonly #open = new Map<Lent, () => void>();
  /** Those whose callers were let go before an answer came. */
  readonly #held = new Set<Lent>();
  #downSince: number | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LenderOptions) {
    this.#options = options;
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  async lend(batch: LogBatch): Promise<void> {
    if (batch.liveRows === 0) return;
    const copy = this.#spares.pop() ?? new LogBatch();
    copy.reset(NO_BYTES);
    appendRows(copy, batch);
    const lent: Lent = { copy, rows: copy.length, loan: new Loan(copy, () => this.#open.delete(lent)) };
    const { promise: letGo, resolve } = Promise.withResolvers<undefined>();
    this.#open.set(lent, () => resolve(undefined));
    this.#watch();
    const answer = this.#options.next.consume(copy).then(
      () => this.#taken(lent),
      (problem: unknown) => this.#refused(lent, problem),
    );
    const problem = await Promise.race([answer, letGo]);
    if (problem) throw problem;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #taken(lent: Lent): undefined {
    lent.loan.given();
    this.#answered(lent);
    if (this.#spares.length < SPARES_MAX) this.#spares.push(lent.copy);
  }

  /** What its caller has to hear; nothing when there is no caller any more. */
  #refused(lent: Lent, problem: unknown): Error | undefined {
    const { books, fatal } = this.#options;
    const { loan, copy, rows } = lent;
    const isHeld = this.#held.has(lent);
    this.#answered(lent);
    this.#open.delete(lent);
    const refusal = problem instanceof Error ? problem : new Error(String(problem));
    if (!isHeld) {
      loan.returned();
      books.created.add(rows - copy.liveRows);
      return refusal;
    }
    if (refusal instanceof RefusedError) books.abandoned.add(copy.liveRows);
    else fatal(refusal);
    loan.giveUp();
    return undefined;
  }

  /** From here on an answer goes to the source and not to the caller. */
  #letGo(lent: Lent, letGo: () => void): void {
    lent.loan.given();
    this.#held.add(lent);
    this.#options.books.held += lent.rows;
    letGo();
  }

  #answered(lent: Lent): void {
    if (this.#held.delete(lent)) this.#options.books.held -= lent.rows;
  }

  #watch(): void {
    if (this.#timer || this.#isClosed) return;
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      this.#look();
      if (this.#open.size > 0) this.#watch();
    });
  }

  #look(): void {
    const { isUp, clock, lending } = this.#options;
    if (isUp()) {
      this.#downSince = undefined;
      return;
    }
    const now = clock.monotonic();
    this.#downSince ??= now;
    for (const [lent, letGo] of this.#open) if (lent.loan.isOffered) this.#letGo(lent, letGo);
    if (!lending || now - this.#downSince < lending.takeBackMs || !lending.mayTakeBack()) return;
    for (const lent of this.#open.keys()) {
      this.#open.delete(lent);
      this.#options.books.takenBack.add(lent.loan.giveUp());
    }
  }
}

/** A copy on its way. */
interface Lent {
  readonly copy: LogBatch;
  readonly rows: number;
  readonly loan: Loan;
}
