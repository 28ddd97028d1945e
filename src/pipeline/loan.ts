import { Delivery, type Outcome, type Transaction } from '#component';
import type { LogBatch } from '#model';

interface Open {
  readonly original: Delivery;
  readonly rows: number;
}

/**
 * Deliveries of its own for a batch that may still be refused, or given up later.
 *
 *   offered ─┬─▶ given ─┬─▶ settled
 *            │          └─▶ given up: the source gives the rows again, and what is heard later changes nothing
 *            └─▶ returned: whoever offered it answers for all of its rows, as before
 *
 * While it is offered, rows may be dropped on their way to somebody who then refuses. In what was copied or forked for
 * the way nobody sees that afterwards: the rows come again. So such a drop is passed on only when the batch is given.
 */
export class Loan {
  readonly #onSettled: () => void;
  readonly #open = new Map<Delivery, Open>();
  readonly #dropped = new Map<Delivery, Outcome>();
  #state: 'offered' | 'given' | 'over' = 'offered';

  /** Replaces the Deliveries of the batch. */
  constructor(batch: LogBatch, onSettled: () => void = () => {}) {
    this.#onSettled = onSettled;
    const rows = rowsByDelivery(batch);
    // A Delivery none of whose rows is alive here will not be settled here either.
    batch.deliveries = batch.deliveries.map((original, i) => (rows[i] ? this.#replace(original, rows[i]) : original));
  }

  get isOffered(): boolean {
    return this.#state === 'offered';
  }

  given(): void {
    if (this.#state !== 'offered') return;
    this.#state = 'given';
    for (const [own, outcome] of this.#dropped) this.#pass(own, outcome, undefined);
    this.#dropped.clear();
  }

  returned(): void {
    this.#state = 'over';
    this.#open.clear();
    this.#dropped.clear();
  }

  /** The source has to give the rows again whose Deliveries are not settled yet. Says how many. */
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
    const own = new Delivery(rows, original.source, (outcome, transaction) => {
      // Who has a row delivered, or has given it up, has taken the batch, even if its answer is still on the way.
      const isOnlyDropped = outcome.durable === 0 && outcome.abandoned === 0;
      if (this.#state === 'offered' && isOnlyDropped) this.#dropped.set(own, outcome);
      else this.#pass(own, outcome, transaction);
    });
    this.#open.set(own, { original, rows });
    return own;
  }

  /** The transaction goes with what is settled last, since that is what the source hears. */
  #pass(own: Delivery, { durable, dropped, abandoned }: Outcome, transaction: Transaction | undefined): void {
    const original = this.#open.get(own)?.original;
    if (!original) return;
    this.#open.delete(own);
    if (abandoned > 0) original.abandoned(abandoned);
    for (const [reason, rows] of dropped) original.dropped(rows, reason, transaction);
    if (durable > 0) original.durable(durable, transaction);
    if (this.#open.size === 0) this.#onSettled();
  }
}

/** Live rows of each Delivery. */
export function rowsByDelivery(batch: LogBatch): number[] {
  if (batch.deliveries.length === 1) return [batch.liveRows];
  const rows = batch.deliveries.map(() => 0);
  const { deliveryOf, isDropped, length } = batch;
  for (let row = 0; row < length; row++) {
    if (isDropped[row] === 0) rows[deliveryOf[row] as number] = (rows[deliveryOf[row] as number] ?? 0) + 1;
  }
  return rows;
}
