import type { LabelKey } from './label-key.ts';

/** The series for everything beyond the bound. */
export const OVERFLOW = 0;

const NONE = -1;
const SLOTS_FIRST = 64;

/**
 * The label sets of one metric: each gets a small number that columns of values are indexed by, from 1 to `max`. A set
 * that finds no room gets OVERFLOW. Open addressing over the hash of the bytes; it never holds more than half its slots.
 */
export class LabelSets {
  readonly #max: number;
  #slots = new Int32Array(SLOTS_FIRST).fill(NONE);
  #hashes = new Int32Array(SLOTS_FIRST);
  readonly #keys: (Buffer | undefined)[] = [undefined];
  readonly #free: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Sets held, without the overflow. */
  get size(): number {
    return this.#keys.length - 1 - this.#free.length;
  }

  /** One more than the largest number in use. */
  get end(): number {
    return this.#keys.length;
  }

  keyOf(index: number): Buffer | undefined {
    return this.#keys[index];
  }

  find(key: LabelKey): number {
    const known = this.#lookUp(key);
    if (known !== NONE) return known;
    if (key.repair()) {
      const repaired = this.#lookUp(key);
      if (repaired !== NONE) return repaired;
    }
    return this.#add(key);
  }

  /** Forgets these sets; their numbers are given to others. */
  remove(indexes: readonly number[]): void {
    if (indexes.length === 0) return;
    for (const index of indexes) {
      this.#keys[index] = undefined;
      this.#free.push(index);
    }
    this.#rebuild(this.#slots.length);
  }

  #lookUp({ bytes, length, hash }: LabelKey): number {
    const mask = this.#slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === NONE) return NONE;
      if (this.#hashes[index] === hash && isEqual(this.#keys[index] as Buffer, bytes, length)) return index;
    }
  }

  #add({ bytes, length, hash }: LabelKey): number {
    if (this.size >= this.#max) return OVERFLOW;
    const index = this.#free.pop() ?? this.#keys.length;
    this.#keys[index] = Buffer.from(bytes.subarray(0, length));
    if (index >= this.#hashes.length) {
      const grown = new Int32Array(this.#hashes.length * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[index] = hash;
    if (this.size * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
    else this.#place(index);
    return index;
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = spread(this.#hashes[index] as number) & mask;
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.#slots[slot] = index;
  }

  #rebuild(slots: number): void {
    this.#slots = new Int32Array(slots).fill(NONE);
    for (let index = 1; index < this.#keys.length; index++) if (this.#keys[index]) this.#place(index);
  }
}

/** The low bits of FNV-1a depend on few of the input's. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function isEqual(key: Buffer, bytes: Buffer, length: number): boolean {
  if (key.length !== length) return false;
  for (let i = 0; i < length; i++) if (key[i] !== bytes[i]) return false;
  return true;
}
