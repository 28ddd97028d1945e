import { RefusedError, type Consumer, type Counter } from '#component';
import type { LogBatch } from '#model';

/**
 * Counts the rows that pass between two components. The rows are counted before the batch is given away, since the next
 * one may drop some of them, and added only once it has taken them.
 */
export class Tap implements Consumer {
  readonly mutates: boolean;
  readonly #next: Consumer;
  readonly #accepted: readonly Counter[];
  readonly #refused: readonly Counter[];

  constructor(next: Consumer, accepted: readonly Counter[], refused: readonly Counter[] = []) {
    this.mutates = next.mutates;
    this.#next = next;
    this.#accepted = accepted;
    this.#refused = refused;
  }

  async consume(batch: LogBatch): Promise<void> {
    const rows = batch.liveRows;
    // All rows were dropped on the way: nothing is left to do, and nobody downstream need know.
    if (rows === 0) return;
    try {
      await this.#next.consume(batch);
    } catch (error) {
      if (error instanceof RefusedError) {
        // Rows that were dropped before somebody further down refused are settled: they do not come again.
        const refused = batch.liveRows;
        for (const counter of this.#refused) counter.add(refused);
        for (const counter of this.#accepted) counter.add(rows - refused);
      }
      throw error;
    }
    for (const counter of this.#accepted) counter.add(rows);
  }
}
