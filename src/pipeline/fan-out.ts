import { touchesOf, type Consumer, type Delivery, type RefusedError, type Touches } from '#component';
import type { LogBatch } from '#model';
import { Loan, rowsByDelivery } from './loan.ts';
import { offerAll, type OfferingHost } from './offer-all.ts';

export interface Branch {
  readonly name: string;
  readonly consumer: Consumer;
}

/**
 * Gives every batch to all branches at once.
 *
 *                  ┌─▶ a copy of the columns, for a branch that edits
 *   batch ─▶ fork ─┼─▶ a view of the batch
 *                  └─▶ the batch itself, for the last branch that only reads
 *
 * Each branch settles its own fork of the Delivery, so the source's position moves when the slowest has settled.
 * `consume` resolves when all branches have taken the batch. When all refuse, so does the fan-out, and the caller keeps
 * the batch untouched. When only some refuse, the others must not get the rows again: then the fan-out keeps offering
 * the batch to those that refused, and its caller waits as it would before a full queue.
 */
export class FanOut implements Consumer {
  readonly mutates = false;
  /** Records are decoded before the batch is divided, lest each branch does it. */
  readonly touches: Touches;
  readonly #branches: readonly Branch[];
  readonly #host: OfferingHost;
  readonly #lastReader: number;
  readonly #spares: LogBatch[] = [];

  constructor(branches: readonly Branch[], host: OfferingHost) {
    this.#branches = branches;
    this.#host = host;
    this.touches = branches.every(({ consumer }) => touchesOf(consumer) === 'rows') ? 'rows' : 'reads';
    this.#lastReader = branches.findLastIndex(({ consumer }) => !consumer.mutates);
  }

  async consume(batch: LogBatch): Promise<void> {
    if (batch.liveRows === 0) return;
    const own = batch.deliveries;
    const loan = new Loan(batch);
    const offered = this.#divide(batch);
    let refusal: RefusedError | undefined;
    try {
      refusal = await offerAll(
        this.#branches.map(({ name, consumer }, i) => ({ name, consumer, batch: offered[i] as LogBatch })),
        this.#host,
      );
    } finally {
      batch.deliveries = own;
    }
    for (const [i, { consumer }] of this.#branches.entries()) {
      if (!consumer.mutates && i !== this.#lastReader) this.#spares.push(offered[i] as LogBatch);
    }
    if (refusal) {
      loan.returned();
      throw refusal;
    }
    loan.given();
  }

  /** The batch as each branch gets it. Copies are made before the first branch runs. */
  #divide(batch: LogBatch): LogBatch[] {
    const forks = forkDeliveries(batch, this.#branches.length);
    const offered = this.#branches.map(({ consumer }, i) => {
      const deliveries = forks[i] as Delivery[];
      if (consumer.mutates) return batch.clone(deliveries);
      return i === this.#lastReader ? batch : batch.view(deliveries, this.#spares.pop());
    });
    if (this.#lastReader >= 0) batch.deliveries = forks[this.#lastReader] as Delivery[];
    return offered;
  }
}

/** For each branch the table of Deliveries that replaces the batch's. */
function forkDeliveries(batch: LogBatch, branches: number): Delivery[][] {
  const tables: Delivery[][] = Array.from({ length: branches }, () => []);
  const rows = rowsByDelivery(batch);
  for (const [index, delivery] of batch.deliveries.entries()) {
    const count = rows[index] as number;
    // A Delivery none of whose rows is alive here will not be settled here either.
    const forks = count > 0 ? delivery.fork(branches, count) : undefined;
    for (const [i, table] of tables.entries()) table.push(forks?.[i] ?? delivery);
  }
  return tables;
}
