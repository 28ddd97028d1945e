import { Delivery, type Outcome, type Transaction } from '#component';
import type { LogBatch } from '#model';

type State =
  /** Its caller waits for the answer and answers for the rows. */
  | 'offered'
  /** Taken, or its caller was let go: the outlet answers for the rows. */
  | 'given'
  /** Settled, refused, or asked of the source again: what is still heard of it changes nothing. */
  | 'over';

/**
 * A copy of some rows with Deliveries of its own. Their outcome is passed on to the Deliveries of the rows, unless those
 * were given up before.
 */
export class Loan {
  readonly copy: LogBatch;
  readonly rows: number;
  readonly #onSettled: () => void;
  readonly #open = new Map<Delivery, { readonly original: Delivery; readonly rows: number }>();
  #state: State = 'offered';

  /** The copy has the Deliveries of the rows it was made of; it gets others here. */
  constructor(copy: LogBatch, onSettled: () => void) {
    this.copy = copy;
    this.rows = copy.length;
    this.#onSettled = onSettled;
    const rows = copy.deliveries.map(() => 0);
    for (let row = 0; row < copy.length; row++) rows[copy.deliveryOf[row] as number] = (rows[copy.deliveryOf[row] as number] ?? 0) + 1;
    copy.deliveries = copy.deliveries.map((original, i) => this.#replace(original, rows[i] as number));
  }

  get isOffered(): boolean {
    return this.#state === 'offered';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  given(): void {
    if (this.#state === 'offered') this.#state = 'given';
  }

  /** Nobody took it, and its caller still answers for the rows. */
  returned(): void {
    this.#state = 'over';
    this.#open.clear();
  }

  /** The source has to give the rows again that are not settled yet. Says how many. */
  giveUp(): number {
    this.#state = 'over';
    let abandoned = 0;
    for (const { original, rows } of this.#open.values()) {
      original.abandoned(rows);
      abandoned += rows;
    }
    this.#open.clear();
    return abandoned;
  }

  #replace(original: Delivery, rows: number): Delivery {
    if (rows === 0) return original;
    const own = new Delivery(rows, original.source, (outcome, transaction) => {
      if (!this.#open.delete(own)) return;
      settleAs(original, outcome, transaction);
      if (this.#open.size > 0) return;
      this.#state = 'over';
      this.#onSettled();
    });
    this.#open.set(own, { original, rows });
    return own;
  }
}

/** The transaction goes with what is settled last, since that is what the source hears. */
function settleAs(delivery: Delivery, { durable, dropped, abandoned }: Outcome, transaction: Transaction | undefined): void {
  if (abandoned > 0) delivery.abandoned(abandoned);
  for (const [reason, rows] of dropped) delivery.dropped(rows, reason, transaction);
  if (durable > 0) delivery.durable(durable, transaction);
}
