import { NO_ATTRIBUTES, ValueType, type Key, type LogBatch, type SharedAttributes, type ValueTypeNumber } from '#model';
import type { Field } from './field.ts';
import { writeField } from './values.ts';

/**
 * Where a parser writes texts under always the same keys: straight into the columns when the target is the attributes,
 * else as a map.
 */
export class AttributeTarget {
  readonly #field: Field;
  readonly #keys: readonly Key[];
  readonly #isAttributes: boolean;
  /** The shared attributes looked at last, and whether they have one of the keys. */
  #shared: SharedAttributes = NO_ATTRIBUTES;
  #isInShared = false;

  constructor(field: Field, keys: readonly Key[]) {
    this.#field = field;
    this.#keys = keys;
    this.#isAttributes = field.root === 'attributes' && field.path.length === 0;
  }

  /** Writes texts of the batch's byte space. Returns what hindered it, or undefined. */
  write(batch: LogBatch, row: number, positions: Int32Array, sizes: Int32Array): string | undefined {
    const keys = this.#keys;
    if (!this.#isAttributes) {
      const entries = keys.map((key, index) => [key.text, batch.space.text(positions[index] as number, sizes[index] as number)]);
      return writeField(batch, row, this.#field, Object.fromEntries(entries));
    }
    const table = batch.attributes;
    const isNew = (table.head[row] as number) < 0 && !this.#isShared(batch, row);
    if (!isNew) {
      for (let i = 0; i < keys.length; i++) {
        setRange(batch, row, keys[i] as Key, ValueType.string, positions[i] as number, sizes[i] as number);
      }
      return undefined;
    }
    table.reserve(keys.length);
    let slot = table.count;
    for (let i = 0; i < keys.length; i++, slot++) {
      // Mostly it is there from the batch before, and a store of an object tells the collector of it.
      if (table.key[slot] !== keys[i]) table.key[slot] = keys[i];
      table.type[slot] = ValueType.string;
      table.start[slot] = positions[i] as number;
      table.size[slot] = sizes[i] as number;
    }
    table.link(row, slot);
    return undefined;
  }

  #isShared(batch: LogBatch, row: number): boolean {
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    if (shared !== this.#shared) {
      this.#shared = shared;
      const own = new Set(this.#keys.map(({ text }) => text));
      this.#isInShared = Array.from(shared.entries.keys()).some(({ text }) => own.has(text));
    }
    return this.#isInShared;
  }
}

/** Gives a row an attribute whose value lies in the batch's byte space already. */
export function setRange(batch: LogBatch, row: number, key: Key, type: ValueTypeNumber, position: number, size: number): void {
  const table = batch.attributes;
  let slot = table.find(row, key);
  if (slot < 0) {
    // Makes room for it among the attributes that the row shares with others.
    batch.deleteAttribute(row, key);
    slot = table.add(row, key, type, position, size, 0);
  }
  table.type[slot] = type;
  table.start[slot] = position;
  table.size[slot] = size;
}
