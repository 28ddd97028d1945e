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
  readonly #open = new Map<Loan, () => void>();
  /** Those whose callers were let go before an answer came. */
  readonly #held = new Set<Loan>();
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
    const loan = new Loan(copy, () => this.#open.delete(loan));
    const { promise: letGo, resolve } = Promise.withResolvers<undefined>();
    this.#open.set(loan, () => resolve(undefined));
    this.#watch();
    const answer = this.#options.next.consume(copy).then(
      () => this.#taken(loan),
      (problem: unknown) => this.#refused(loan, problem),
    );
    const problem = await Promise.race([answer, letGo]);
    if (problem) throw problem;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #taken(loan: Loan): undefined {
    loan.given();
    this.#answered(loan);
    if (this.#spares.length < SPARES_MAX) this.#spares.push(loan.copy);
  }

  /** What its caller has to hear; nothing when there is no caller any more. */
  #refused(loan: Loan, problem: unknown): Error | undefined {
    const { books, fatal } = this.#options;
    const isHeld = this.#held.has(loan);
    this.#answered(loan);
    this.#open.delete(loan);
    const refusal = problem instanceof Error ? problem : new Error(String(problem));
    if (!isHeld) {
      loan.returned();
      books.created.add(loan.rows - loan.copy.liveRows);
      return refusal;
    }
    if (refusal instanceof RefusedError) books.abandoned.add(loan.copy.liveRows);
    else fatal(refusal);
    loan.giveUp();
    return undefined;
  }

  /** From here on an answer goes to the source and not to the caller. */
  #letGo(loan: Loan, letGo: () => void): void {
    loan.given();
    this.#held.add(loan);
    this.#options.books.held += loan.rows;
    letGo();
  }

  #answered(loan: Loan): void {
    if (this.#held.delete(loan)) this.#options.books.held -= loan.rows;
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
    for (const [loan, letGo] of this.#open) if (loan.isOffered) this.#letGo(loan, letGo);
    if (!lending || now - this.#downSince < lending.takeBackMs || !lending.mayTakeBack()) return;
    for (const loan of this.#open.keys()) if (!loan.isOffered) this.#takeBack(loan);
  }

  #takeBack(loan: Loan): void {
    this.#open.delete(loan);
    this.#options.books.takenBack.add(loan.giveUp());
  }
}
