import type { LogBatch } from '#model';
import type { Consumer } from './component.ts';
import type { Delivery } from './delivery.ts';

/**
 * For a processor that edits batches in place: edits a batch and passes it on, but does not edit it again when it had
 * been refused and is offered once more. The hash of a hash would be another value.
 */
export class EditOnce {
  readonly #next: Pick<Consumer, 'consume'>;
  readonly #edit: (batch: LogBatch) => void;
  /**
   * Batches that were refused after they had been edited. Their owners may give one up and fill it with other rows, but
   * those have other Deliveries.
   */
  readonly #refused = new WeakMap<LogBatch, Delivery>();

  constructor(next: Pick<Consumer, 'consume'>, edit: (batch: LogBatch) => void) {
    this.#next = next;
    this.#edit = edit;
  }

  async consume(batch: LogBatch): Promise<void> {
    const [delivery] = batch.deliveries;
    const isEdited = delivery !== undefined && this.#refused.get(batch) === delivery;
    this.#refused.delete(batch);
    if (!isEdited) this.#edit(batch);
    try {
      await this.#next.consume(batch);
    } catch (problem) {
      if (delivery) this.#refused.set(batch, delivery);
      throw problem;
    }
  }
}
