import { ValueType, type Key, type LogBatch, type SharedAttributes, type ValueTypeNumber } from '#model';
import type { Field } from './field.ts';
import { writeField } from './values.ts';

/**
 * Where a parser writes texts by key: straight into the columns when the target is the attributes, else gathered and
 * written as a map.
 */
export class AttributeTarget {
  readonly #field: Field;
  readonly #isAttributes: boolean;
  #isFresh = false;
  #values: Record<string, string> = {};
  #batch: LogBatch | undefined;
  #row = 0;
  #shared: SharedAttributes | undefined;

  constructor(field: Field) {
    this.#field = field;
    this.#isAttributes = field.root === 'attributes' && field.path.length === 0;
  }

  begin(batch: LogBatch, row: number): void {
    this.#batch = batch;
    this.#row = row;
    this.#shared = batch.shared[batch.sharedOf[row] as number];
    this.#isFresh = (batch.attributes.head[row] as number) < 0;
    if (!this.#isAttributes) this.#values = {};
  }

  add(key: Key, position: number, size: number): void {
    const batch = this.#batch;
    if (!batch) return;
    if (!this.#isAttributes) {
      Object.defineProperty(this.#values, key.text, {
        value: batch.space.text(position, size),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return;
    }
    const isShared = this.#shared !== undefined && this.#shared.entries.size > 0 && this.#shared.entries.has(key);
    // A row without attributes so far cannot have the key: the names of the groups differ.
    if (this.#isFresh && !isShared) batch.attributes.add(this.#row, key, ValueType.string, position, size, 0);
    else setRange(batch, this.#row, key, ValueType.string, position, size);
  }

  /** Returns what hindered the writing, or undefined. */
  end(): string | undefined {
    return this.#isAttributes || !this.#batch ? undefined : writeField(this.#batch, this.#row, this.#field, this.#values);
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
