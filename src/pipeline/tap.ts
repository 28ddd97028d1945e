import { RefusedError, prepare, touchesOf, type Consumer, type Counter, type Delivery, type Touches } from '#component';
import type { LogBatch } from '#model';
import type { TapPoint } from './tap-points.ts';

export interface TapOptions {
  readonly accepted: readonly Counter[];
  readonly refused?: readonly Counter[];
  /** Where somebody may look at what passes. */
  readonly point: TapPoint;
}

/**
 * Counts the rows that pass between two components, and shows them to those who look. The rows are counted before the
 * batch is given away, since the next one may drop some of them, and added only once it has taken them.
 */
export class Tap implements Consumer {
  readonly mutates: boolean;
  readonly touches: Touches;
  readonly #next: Consumer;
  readonly #accepted: readonly Counter[];
  readonly #refused: readonly Counter[];
  readonly #point: TapPoint;
  /** Of a batch that was shown and then refused: it is offered again and need not be shown again. */
  #shown: Delivery | undefined;

  constructor(next: Consumer, { accepted, refused = [], point }: TapOptions) {
    this.mutates = next.mutates;
    this.touches = touchesOf(next);
    this.#next = next;
    this.#accepted = accepted;
    this.#refused = refused;
    this.#point = point;
  }

  async consume(batch: LogBatch): Promise<void> {
    const rows = batch.liveRows;
    // All rows were dropped on the way: nothing is left to do, and nobody downstream need know.
    if (rows === 0) return;
    if (this.#point.isWatched) this.#show(batch);
    prepare(batch, this.#next);
    try {
      await this.#next.consume(batch);
    } catch (error) {
      if (error instanceof RefusedError) {
        // Rows that were dropped before somebody further down refused are settled: they do not come again.
        const refused = batch.liveRows;
        for (const counter of this.#refused) counter.add(refused);
        for (const counter of this.#accepted) counter.add(rows - refused);
        [this.#shown] = batch.deliveries;
      }
      throw error;
    }
    for (const counter of this.#accepted) counter.add(rows);
  }

  /** Before it is given away: afterwards it is not ours to read, and what nobody takes is what one wants to see. */
  #show(batch: LogBatch): void {
    batch.open();
    const [delivery] = batch.deliveries;
    if (delivery === undefined || delivery !== this.#shown) this.#point.show(batch);
    this.#shown = undefined;
  }
}
