import type { RowKey } from './row-key.ts';

const NONE = -1;

/**
 * Gives keys small numbers, their slots, so that what belongs to a key lies in arrays. A full table gives the slot of
 * the key that was asked for longest ago to the new one, after `onEvict` has seen to what the old one had.
 */
export class KeyTable {
  readonly #max: number;
  readonly #onEvict: (slot: number) => void;
  readonly #buckets: Int32Array;
  readonly #mask: number;
  /** By slot: the key, its hash, the next slot of the bucket, the neighbours in order of use. */
  readonly #keys: Uint8Array[] = [];
  readonly #hashes: Int32Array;
  readonly #chain: Int32Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #newest = NONE;
  #oldest = NONE;
  /** True when the last `slotOf` made its slot. */
  isNew = false;

  constructor(max: number, onEvict: (slot: number) => void = () => {}) {
    this.#max = max;
    this.#onEvict = onEvict;
    const buckets = 2 ** Math.ceil(Math.log2(max * 2));
    this.#mask = buckets - 1;
    this.#buckets = new Int32Array(buckets).fill(NONE);
    this.#hashes = new Int32Array(max);
    this.#chain = new Int32Array(max);
    this.#newer = new Int32Array(max);
    this.#older = new Int32Array(max);
  }

  get size(): number {
    return this.#keys.length;
  }

  keyOf(slot: number): Uint8Array {
    return this.#keys[slot] as Uint8Array;
  }

  slotOf(key: RowKey): number {
    const { bytes, length, hash } = key;
    const bucket = hash & this.#mask;
    for (let slot = this.#buckets[bucket] as number; slot !== NONE; slot = this.#chain[slot] as number) {
      if (this.#hashes[slot] !== hash || !isEqual(this.#keys[slot] as Uint8Array, bytes, length)) continue;
      this.isNew = false;
      if (slot !== this.#newest) {
        this.#unlink(slot);
        this.#link(slot);
      }
      return slot;
    }
    this.isNew = true;
    const slot = this.size < this.#max ? this.size : this.#evict();
    this.#keys[slot] = Uint8Array.from(bytes.subarray(0, length));
    this.#hashes[slot] = hash;
    this.#chain[slot] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = slot;
    this.#link(slot);
    return slot;
  }

  #evict(): number {
    const slot = this.#oldest;
    this.#onEvict(slot);
    this.#unlink(slot);
    const bucket = (this.#hashes[slot] as number) & this.#mask;
    if (this.#buckets[bucket] === slot) {
      this.#buckets[bucket] = this.#chain[slot] as number;
      return slot;
    }
    let before = this.#buckets[bucket] as number;
    while (this.#chain[before] !== slot) before = this.#chain[before] as number;
    this.#chain[before] = this.#chain[slot] as number;
    return slot;
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  #unlink(slot: number): void {
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
  }
}

function isEqual(known: Uint8Array, bytes: Uint8Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[i]) return false;
  return true;
}
