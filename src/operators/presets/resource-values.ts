import { resourceAttributes, withResourceAttributes, type Key, type LogBatch, type Origin } from '#model';

interface Known {
  readonly before: Origin;
  readonly keys: readonly Key[];
  readonly bytes: Buffer;
  readonly after: Origin;
}

const SLOTS = 256;
const VALUES_MAX = 8;

/**
 * Gives rows a resource with some attributes more. Equal values have been there before nearly always, and are found by
 * their bytes without a string.
 */
export class ResourceValues {
  readonly #known: (Known | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #keys: Key[] = [];
  readonly #positions = new Int32Array(VALUES_MAX);
  readonly #sizes = new Int32Array(VALUES_MAX);
  #batch: LogBatch | undefined;
  #origin: Origin | undefined;
  #index = 0;

  begin(): void {
    this.#keys.length = 0;
  }

  /** Notes a text in the byte space. False when there are too many. */
  add(key: Key, position: number, size: number): boolean {
    const at = this.#keys.length;
    if (at === VALUES_MAX) return false;
    this.#keys.push(key);
    this.#positions[at] = position;
    this.#sizes[at] = size;
    return true;
  }

  apply(batch: LogBatch, row: number): void {
    if (this.#keys.length === 0) return;
    const before = batch.resources[batch.resourceOf[row] as number] as Origin;
    const slot = this.#hash(batch);
    let known = this.#known[slot];
    if (!known || known.before !== before || !this.#isSame(batch, known)) {
      known = this.#make(batch, before);
      this.#known[slot] = known;
    }
    batch.resourceOf[row] = this.#indexOf(batch, known.after);
  }

  #indexOf(batch: LogBatch, origin: Origin): number {
    if (batch === this.#batch && origin === this.#origin && batch.resources[this.#index] === origin) return this.#index;
    const at = batch.resources.lastIndexOf(origin);
    this.#batch = batch;
    this.#origin = origin;
    this.#index = at >= 0 ? at : batch.addResource(origin);
    return this.#index;
  }

  #hash(batch: LogBatch): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.#keys.length; i++) {
      const position = this.#positions[i] as number;
      const bytes = position >= 0 ? batch.space.bytes : batch.space.side;
      const from = position >= 0 ? position : ~position;
      const to = from + (this.#sizes[i] as number);
      for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
      hash = Math.imul(hash ^ 0xff, 0x01000193);
    }
    return (hash ^ (hash >>> 15)) & (SLOTS - 1);
  }

  #isSame(batch: LogBatch, known: Known): boolean {
    if (known.keys.length !== this.#keys.length) return false;
    let at = 0;
    for (let i = 0; i < this.#keys.length; i++) {
      const size = this.#sizes[i] as number;
      if (known.keys[i] !== this.#keys[i] || known.bytes.length < at + size + 1) return false;
      const position = this.#positions[i] as number;
      const bytes = position >= 0 ? batch.space.bytes : batch.space.side;
      const from = position >= 0 ? position : ~position;
      for (let j = 0; j < size; j++) if (known.bytes[at + j] !== bytes[from + j]) return false;
      // 0xff never occurs in UTF-8, so it tells where a value ends.
      if (known.bytes[at + size] !== 0xff) return false;
      at += size + 1;
    }
    return at === known.bytes.length;
  }

  #make(batch: LogBatch, before: Origin): Known {
    const attributes = { ...resourceAttributes(before) };
    const parts: Uint8Array[] = [];
    for (const [i, key] of this.#keys.entries()) {
      const value = Buffer.from(batch.space.view(this.#positions[i] as number, this.#sizes[i] as number));
      attributes[key.text] = value.toString('utf8');
      parts.push(value, Uint8Array.of(0xff));
    }
    const bytes = Buffer.concat(parts);
    return { before, keys: [...this.#keys], bytes, after: this.#shared(withResourceAttributes(before, attributes)) };
  }

  /** The same object for equal resources, where it can be found: batches tell resources apart by identity. */
  #shared(made: Origin): Origin {
    for (const known of this.#known) {
      if (known && known.after.schemaUrl === made.schemaUrl && Buffer.compare(known.after.encoded, made.encoded) === 0) return known.after;
    }
    return made;
  }
}
