import {
  LogBatch,
  NO_ATTRIBUTES,
  ValueType,
  encodeAnyValue,
  keyOf,
  type AttributeTable,
  type AttributeValue,
  type Key,
  type SharedAttributes,
  type ValueTypeNumber,
} from '#model';
import { parseField, type Field } from '../field.ts';
import { writeField } from '../values.ts';

// So many keys are compared each with each, which is quicker than a table. A line of words can have a hundred thousand.
const COMPARED_MAX = 32;

/**
 * Gathers the fields of one row. They are written to free slots of the attribute table, and become the row's when all of
 * them are there: a text that turns out to be malformed leaves nothing behind. Where the fields do not go to the
 * attributes, the same slots are read back and written as a map.
 */
export class FieldWriter {
  readonly #target: Field;
  readonly #isAttributes: boolean;
  #batch: LogBatch = new LogBatch();
  #table: AttributeTable = this.#batch.attributes;
  #row = 0;
  /** One past the last slot that is filled. */
  #end = 0;
  #sideLength = 0;
  /** The shared attributes looked at last, and their keys. */
  #shared: SharedAttributes = NO_ATTRIBUTES;
  #sharedKeys: readonly Key[] = [];

  constructor(target: Field = ATTRIBUTES) {
    this.#target = target;
    this.#isAttributes = target.root === 'attributes' && target.path.length === 0;
  }

  begin(batch: LogBatch, row: number): void {
    this.#batch = batch;
    this.#table = batch.attributes;
    this.#row = row;
    this.#end = batch.attributes.count;
    this.#sideLength = batch.space.sideLength;
  }

  /** A text that lies in the batch's byte space already. */
  text(key: Key, position: number, size: number): void {
    const table = this.#table;
    const slot = this.#add(key, ValueType.string);
    table.start[slot] = position;
    table.size[slot] = size;
  }

  int(key: Key, value: number): void {
    // The slot first: a table that grows has other columns.
    const slot = this.#add(key, ValueType.int);
    this.#table.number[slot] = value;
  }

  bool(key: Key, value: boolean): void {
    const slot = this.#add(key, ValueType.bool);
    this.#table.number[slot] = value ? 1 : 0;
  }

  value(key: Key, value: AttributeValue): void {
    const { space } = this.#batch;
    const isText = typeof value === 'string';
    const start = isText ? space.appendText(value) : space.appendBytes(encodeAnyValue(value));
    const slot = this.#add(key, isText ? ValueType.string : ValueType.encoded);
    this.#table.start[slot] = start;
    this.#table.size[slot] = space.sideLength - ~start;
  }

  /** Takes back what was written since `begin`. */
  cancel(): void {
    this.#batch.space.sideLength = this.#sideLength;
  }

  /** Gives the row its fields. With `areDistinct` no key was written twice. Returns what hindered it, or undefined. */
  commit(areDistinct: boolean): string | undefined {
    const batch = this.#batch;
    const table = batch.attributes;
    const first = table.count;
    const end = this.#end;
    if (!areDistinct) this.#keepLast(first, end);
    if (!this.#isAttributes) return this.#writeElsewhere(first, end);
    const row = this.#row;
    if ((table.head[row] as number) >= 0) {
      for (let slot = first; slot < end; slot++) {
        const old = table.find(row, table.key[slot] as Key);
        if (old >= 0) table.remove(old);
      }
    }
    const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
    if (shared.entries.size > 0) this.#unshare(batch, shared, first, end);
    table.link(row, end);
    return undefined;
  }

  #add(key: Key, type: ValueTypeNumber): number {
    const slot = this.#end++;
    const table = this.#table;
    if (slot === table.type.length) table.reserve(slot - table.count + 1);
    table.key[slot] = key;
    table.type[slot] = type;
    return slot;
  }

  /** Of equal keys the last counts. */
  #keepLast(first: number, end: number): void {
    const { key, type } = this.#table;
    if (end - first > COMPARED_MAX) {
      const last = new Map<string, number>();
      for (let slot = first; slot < end; slot++) {
        const { text } = key[slot] as Key;
        const before = last.get(text);
        if (before !== undefined) type[before] = ValueType.none;
        last.set(text, slot);
      }
      return;
    }
    for (let slot = first + 1; slot < end; slot++) {
      const own = key[slot] as Key;
      for (let other = first; other < slot; other++) {
        const before = key[other] as Key;
        if (before === own || before.text === own.text) type[other] = ValueType.none;
      }
    }
  }

  /** What the row now has itself it no longer has in common with others. */
  #unshare(batch: LogBatch, shared: SharedAttributes, first: number, end: number): void {
    if (shared !== this.#shared) {
      this.#shared = shared;
      this.#sharedKeys = Array.from(shared.entries.keys());
    }
    const { key } = batch.attributes;
    for (const own of this.#sharedKeys) {
      for (let slot = first; slot < end; slot++) {
        const written = key[slot] as Key;
        if (written === own || written.text === own.text) batch.deleteAttribute(this.#row, own);
      }
    }
  }

  #writeElsewhere(first: number, end: number): string | undefined {
    const table = this.#table;
    const entries: [string, AttributeValue][] = [];
    for (let slot = first; slot < end; slot++) {
      if (table.type[slot] !== ValueType.none) entries.push([(table.key[slot] as Key).text, table.value(slot)]);
    }
    return writeField(this.#batch, this.#row, this.#target, Object.fromEntries(entries));
  }
}

const ATTRIBUTES = parseField('attributes');

/** Keys by name, made once for a format. */
export function keysOf<Name extends string>(...names: readonly Name[]): Record<Name, Key> {
  return Object.fromEntries(names.map((name) => [name, keyOf(name)])) as Record<Name, Key>;
}
