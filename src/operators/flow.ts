import type { LogBatch } from '#model';
import type { Operator } from './operator.ts';
import { END, type Plan } from './plan.ts';

/** An operator and those it gives rows to, by their places in the order. */
interface Station {
  readonly operator: Operator | undefined;
  readonly outputs: readonly number[];
}

/**
 * Takes rows through operators that do not just follow one another. Each row stands before one operator, by its place
 * in an order in which all ways lead forwards: so one pass over the operators takes all rows through. Rows that stand
 * elsewhere are hidden from an operator by the mark of a dropped row.
 */
export class Flow {
  readonly #stations: readonly Station[];
  readonly #first: number;
  /** Where the rows of the batches stand that are under way. */
  readonly #placesOf = new WeakMap<LogBatch, Uint16Array>();
  readonly #hidden: number[] = [];

  /** Without an operator, rows only pass. */
  constructor(plan: Plan, operators: readonly (Operator | undefined)[]) {
    const { order, outputs } = plan;
    const placeOf = (index: number): number => (index === END ? order.length : order.indexOf(index));
    this.#stations = order.map((index) => ({ operator: operators[index], outputs: (outputs[index] ?? []).map(placeOf) }));
    this.#first = placeOf(0);
  }

  /** Behind the last operator. */
  get end(): number {
    return this.#stations.length;
  }

  /** Rows of a new batch stand before the first operator of the list. */
  begin(batch: LogBatch): void {
    this.#place(batch, this.#first);
  }

  /** Rows of a batch made by the operator at this place stand before the next one. */
  leave(batch: LogBatch, place: number): void {
    this.#place(batch, this.#outputOf(place, 0));
  }

  /** Takes the rows of a batch through the operators at the places `[from, to)`. */
  run(batch: LogBatch, from: number, to: number): void {
    for (let place = from; place < to; place++) {
      if (!this.hideOthers(batch, place)) continue;
      this.#stations[place]?.operator?.process(batch);
      this.showOthers(batch, place);
    }
  }

  /**
   * Hides the rows that do not stand at this place, and those that do and are not meant. False, and nothing is hidden, when
   * none is left.
   */
  hideOthers(batch: LogBatch, place: number, isMeant?: (row: number) => boolean): boolean {
    const places = this.#places(batch);
    const hidden = this.#hidden;
    hidden.length = 0;
    let here = 0;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (places[row] === place && isMeant?.(row) !== false) here++;
      else hidden.push(row);
    }
    if (here === 0) {
      hidden.length = 0;
      return false;
    }
    for (const row of hidden) batch.isDropped[row] = 1;
    return true;
  }

  /** The operator at this place has had its rows, which go on; the hidden ones are shown again. */
  showOthers(batch: LogBatch, place: number): void {
    const places = this.#places(batch);
    for (let row = 0; row < batch.length; row++) if (places[row] === place) places[row] = this.#outputOf(place, row);
    for (const row of this.#hidden) batch.isDropped[row] = 0;
    this.#hidden.length = 0;
  }

  #outputOf(place: number, row: number): number {
    const { operator, outputs } = this.#stations[place] as Station;
    return outputs[operator?.outputOf?.(row) ?? 0] as number;
  }

  #place(batch: LogBatch, place: number): void {
    let places = this.#placesOf.get(batch);
    if (!places || places.length < batch.length) this.#placesOf.set(batch, (places = new Uint16Array(batch.length)));
    places.fill(place, 0, batch.length);
  }

  #places(batch: LogBatch): Uint16Array {
    const places = this.#placesOf.get(batch);
    if (!places || places.length < batch.length) throw new TypeError('a batch comes to begin first');
    return places;
  }
}
