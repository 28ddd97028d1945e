import { RefusedError, type Clock, type Consumer, type Delivery } from '#component';
import type { LogBatch } from '#model';
import { backoffMs } from './backoff.ts';

export interface Branch {
  readonly name: string;
  readonly consumer: Consumer;
}

export interface FanOutHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when what is not taken yet has to be given up. */
  readonly deadline: AbortSignal;
  /** Called each time a branch refuses rows that another branch has taken. */
  onLagging(branch: string, refusal: RefusedError): void;
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
  readonly #branches: readonly Branch[];
  readonly #host: FanOutHost;
  readonly #lastReader: number;
  readonly #spares: LogBatch[] = [];

  constructor(branches: readonly Branch[], host: FanOutHost) {
    this.#branches = branches;
    this.#host = host;
    this.#lastReader = branches.findLastIndex(({ consumer }) => !consumer.mutates);
  }

  async consume(batch: LogBatch): Promise<void> {
    if (batch.liveRows === 0) return;
    const own = batch.deliveries;
    const offered = this.#divide(batch);
    const round = new Round(this.#branches.length);
    try {
      await Promise.all(this.#branches.map((branch, i) => this.#offer(branch, offered[i] as LogBatch, round)));
    } finally {
      batch.deliveries = own;
    }
    for (const [i, { consumer }] of this.#branches.entries()) {
      if (!consumer.mutates && i !== this.#lastReader) this.#spares.push(offered[i] as LogBatch);
    }
    if (round.refusal) throw round.refusal;
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

  async #offer(branch: Branch, batch: LogBatch, round: Round): Promise<void> {
    const { clock, random, deadline } = this.#host;
    for (let attempt = 0; ; attempt++) {
      const refusal = await tryConsume(branch.consumer, batch);
      if (!refusal) {
        round.take();
        return;
      }
      round.refuse(refusal);
      if (round.refusal) return;
      if (round.isTaken) this.#host.onLagging(branch.name, refusal);
      await clock.sleep(backoffMs(attempt, refusal.retryAfterMs, random), AbortSignal.any([deadline, round.ended]));
      if (round.refusal) return;
      if (deadline.aborted) {
        batch.settleAbandoned();
        round.take();
        return;
      }
      round.retry();
    }
  }
}

/** What the branches have said to one batch. It is refused as a whole when all refuse and none has taken it. */
class Round {
  refusal: RefusedError | undefined;
  isTaken = false;
  #open: number;
  #ending: AbortController | undefined;

  constructor(branches: number) {
    this.#open = branches;
  }

  /** Aborts when the batch is refused as a whole. */
  get ended(): AbortSignal {
    this.#ending ??= new AbortController();
    return this.#ending.signal;
  }

  take(): void {
    this.isTaken = true;
  }

  refuse(refusal: RefusedError): void {
    if (--this.#open > 0 || this.isTaken) return;
    this.refusal = refusal;
    this.#ending?.abort();
  }

  retry(): void {
    this.#open++;
  }
}

async function tryConsume(consumer: Consumer, batch: LogBatch): Promise<RefusedError | undefined> {
  try {
    await consumer.consume(batch);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
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

function rowsByDelivery(batch: LogBatch): number[] {
  if (batch.deliveries.length === 1) return [batch.liveRows];
  const rows = batch.deliveries.map(() => 0);
  const { deliveryOf, isDropped, length } = batch;
  for (let row = 0; row < length; row++) {
    if (isDropped[row] === 0) rows[deliveryOf[row] as number] = (rows[deliveryOf[row] as number] ?? 0) + 1;
  }
  return rows;
}
