import { EMPTY_ORIGIN, NO_ATTRIBUTES, type LogBatch, type Origin, type SharedAttributes, type ValueTypeNumber } from '#model';

/**
 * What one request brings, filled in batch by batch. It runs until a batch is full and yields; when it runs on, the batch
 * is empty again. Throws HttpProblem for a body of which nothing can be made.
 */
export type Feed = Generator<void, void, void>;

/** Appends rows to the batch, with the attributes and the resource that are in force. */
export class Rows {
  readonly batch: LogBatch;
  readonly #max: number;
  #shared: SharedAttributes = NO_ATTRIBUTES;
  #resource: Origin = EMPTY_ORIGIN;
  // Places in the tables of the batch; -1 when they are not in the present batch yet.
  #sharedIndex = -1;
  #resourceIndex = -1;

  constructor(batch: LogBatch, max: number) {
    this.batch = batch;
    this.#max = max;
  }

  get isFull(): boolean {
    return this.batch.length >= this.#max;
  }

  /** An empty batch over `bytes`. */
  begin(bytes: Buffer): void {
    this.batch.reset(bytes);
    this.#sharedIndex = -1;
    this.#resourceIndex = -1;
  }

  share(attributes: SharedAttributes): void {
    if (attributes === this.#shared) return;
    this.#shared = attributes;
    this.#sharedIndex = -1;
  }

  from(resource: Origin): void {
    if (resource === this.#resource) return;
    this.#resource = resource;
    this.#resourceIndex = -1;
  }

  add(type: ValueTypeNumber, start: number, size: number): number {
    const { batch } = this;
    if (this.#sharedIndex < 0) this.#sharedIndex = batch.addShared(this.#shared);
    if (this.#resourceIndex < 0) this.#resourceIndex = batch.addResource(this.#resource);
    const row = batch.addRow(type, start, size);
    batch.sharedOf[row] = this.#sharedIndex;
    batch.resourceOf[row] = this.#resourceIndex;
    return row;
  }

  /** Takes back the last row, which has no attributes yet. */
  withdraw(): void {
    this.batch.length--;
  }
}
