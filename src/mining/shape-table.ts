import type { Cluster } from './cluster.ts';

const WAYS = 4;

/**
 * Shapes seen before, with the cluster each belongs to. A fixed number of slots in groups of four: of a full group the
 * slot used longest ago is taken. What is forgotten here is found again in its tree, only more slowly.
 */
export class ShapeTable {
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #usedAt: Int32Array;
  readonly #cluster: (Cluster | undefined)[];
  readonly #mask: number;

  constructor(slots: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(slots, WAYS)));
    this.#first = new Int32Array(size);
    this.#second = new Int32Array(size);
    this.#usedAt = new Int32Array(size);
    this.#cluster = Array.from({ length: size });
    this.#mask = size - WAYS;
  }

  find(first: number, second: number, now: number): Cluster | undefined {
    const group = first & this.#mask;
    for (let slot = group; slot < group + WAYS; slot++) {
      if (this.#first[slot] === first && this.#second[slot] === second) {
        this.#usedAt[slot] = now;
        return this.#cluster[slot];
      }
    }
    return undefined;
  }

  put(first: number, second: number, now: number, cluster: Cluster): void {
    const group = first & this.#mask;
    let oldest = group;
    for (let slot = group; slot < group + WAYS; slot++) {
      if (this.#first[slot] === first && this.#second[slot] === second) {
        oldest = slot;
        break;
      }
      if ((this.#usedAt[slot] as number) < (this.#usedAt[oldest] as number)) oldest = slot;
    }
    this.#first[oldest] = first;
    this.#second[oldest] = second;
    this.#usedAt[oldest] = now;
    this.#cluster[oldest] = cluster;
  }
}
