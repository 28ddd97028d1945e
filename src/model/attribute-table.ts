import { Double, decodeAnyValue, encodeAnyValue, type AttributeValue } from './any-value.ts';
import type { ByteSpace } from './byte-space.ts';
import { grown } from './columns.ts';
import type { Key } from './key.ts';

/** How a value is stored. `none` is a removed attribute, `empty` an AnyValue without a value. */
export const ValueType = { none: 0, string: 1, bytes: 2, bool: 3, int: 4, double: 5, encoded: 6, empty: 7 } as const;
export type ValueTypeNumber = (typeof ValueType)[keyof typeof ValueType];

const NO_SLOT = -1;
// So many slots are looked through one after the other. Beyond, a row is a whole document rather than a record, and its
// keys are entered in a table: to set each of a hundred thousand would take minutes otherwise.
const WALKED_MAX = 64;

/**
 * The attributes of all rows: slots in arrays, each row's slots a linked list in order of insertion. Rows filled one
 * after the other have theirs side by side; a row edited later links to slots at the end.
 */
export class AttributeTable {
  readonly #space: ByteSpace;
  /** First and last slot of each row, or -1. */
  head: Int32Array;
  tail: Int32Array;
  count = 0;
  key: (Key | undefined)[] = [];
  type: Uint8Array = new Uint8Array(SLOTS_FIRST);
  /** Position and length in the byte space (string, bytes, encoded). */
  start: Int32Array = new Int32Array(SLOTS_FIRST);
  size: Int32Array = new Int32Array(SLOTS_FIRST);
  /** The value itself (bool as 0 or 1, int, double). */
  number: Float64Array = new Float64Array(SLOTS_FIRST);
  next: Int32Array = new Int32Array(SLOTS_FIRST);
  /** Slots of one long row by their keys; those that were removed since are there still. Rows move, first slots do not. */
  readonly #index: Map<string, number> = new Map();
  #indexedHead: number = NO_SLOT;

  constructor(space: ByteSpace, rows: number) {
    this.#space = space;
    this.head = new Int32Array(rows).fill(NO_SLOT);
    this.tail = new Int32Array(rows);
  }

  reset(rows: number): void {
    if (this.count > SLOTS_KEPT_MAX) this.#shrink();
    this.count = 0;
    this.#forgetIndex();
    this.head.fill(NO_SLOT, 0, rows);
  }

  growRows(rows: number): void {
    const length = this.head.length;
    this.head = grown(this.head, rows);
    this.head.fill(NO_SLOT, length);
    this.tail = grown(this.tail, rows);
  }

  /** Appends a slot to a row and returns it. The caller has made sure that the row has no such key. */
  add(row: number, key: Key, type: ValueTypeNumber, start: number, size: number, number: number): number {
    const slot = this.count++;
    if (slot === this.type.length) this.#growSlots();
    this.key[slot] = key;
    this.type[slot] = type;
    this.start[slot] = start;
    this.size[slot] = size;
    this.number[slot] = number;
    this.next[slot] = NO_SLOT;
    if (this.head[row] === NO_SLOT) this.head[row] = slot;
    else this.next[this.tail[row] as number] = slot;
    this.tail[row] = slot;
    if (this.head[row] === this.#indexedHead) this.#index.set(key.text, slot);
    return slot;
  }

  /** Makes room for more slots behind `count`. The columns may be other arrays afterwards. */
  reserve(slots: number): void {
    while (this.count + slots > this.type.length) this.#growSlots();
  }

  /**
   * Gives a row the slots from `count` to `end`, which the caller has filled by itself (key, type, and what the type
   * needs): for parsers, where a call for each slot is too much.
   */
  link(row: number, end: number): void {
    const first = this.count;
    if (end === first) return;
    if (this.head[row] === this.#indexedHead) this.#forgetIndex();
    const next = this.next;
    for (let slot = first; slot < end; slot++) next[slot] = slot + 1;
    next[end - 1] = NO_SLOT;
    if (this.head[row] === NO_SLOT) this.head[row] = first;
    else next[this.tail[row] as number] = first;
    this.tail[row] = end - 1;
    this.count = end;
  }

  /** The row's slot with that key, or -1. Removed attributes are not found. */
  find(row: number, key: Key): number {
    const { head, next, key: keys, type } = this;
    let left = WALKED_MAX;
    for (let slot = head[row] as number; slot !== NO_SLOT; slot = next[slot] as number) {
      if (keys[slot] === key && type[slot] !== ValueType.none) return slot;
      if (--left === 0) return this.#findIndexed(row, key.text);
    }
    return key.isKept ? NO_SLOT : this.#findText(row, key.text);
  }

  #findIndexed(row: number, text: string): number {
    if (this.head[row] !== this.#indexedHead) this.#enter(row);
    const slot = this.#index.get(text) ?? NO_SLOT;
    return slot !== NO_SLOT && this.type[slot] !== ValueType.none ? slot : NO_SLOT;
  }

  #enter(row: number): void {
    this.#index.clear();
    this.#indexedHead = this.head[row] as number;
    for (let slot = this.head[row] as number; slot !== NO_SLOT; slot = this.next[slot] as number) {
      const { text } = this.key[slot] as Key;
      if (this.type[slot] !== ValueType.none && !this.#index.has(text)) this.#index.set(text, slot);
    }
  }

  #forgetIndex(): void {
    if (this.#indexedHead === NO_SLOT) return;
    this.#index.clear();
    this.#indexedHead = NO_SLOT;
  }

  #findText(row: number, text: string): number {
    for (let slot = this.head[row] as number; slot !== NO_SLOT; slot = this.next[slot] as number) {
      if ((this.key[slot] as Key).text === text && this.type[slot] !== ValueType.none) return slot;
    }
    return NO_SLOT;
  }

  remove(slot: number): void {
    this.type[slot] = ValueType.none;
  }

  /** The caller has made sure that the row has no such key. */
  rename(slot: number, key: Key): void {
    this.key[slot] = key;
    this.#forgetIndex();
  }

  value(slot: number): AttributeValue {
    const position = this.start[slot] as number;
    const size = this.size[slot] as number;
    switch (this.type[slot]) {
      case ValueType.string:
        return this.#space.text(position, size);
      case ValueType.bytes:
        return Uint8Array.from(this.#space.view(position, size));
      case ValueType.bool:
        return this.number[slot] !== 0;
      case ValueType.int:
      case ValueType.double:
        return this.number[slot] as number;
      case ValueType.encoded:
        return decodeAnyValue(this.#space.view(position, size), 0, size);
      default:
        return null;
    }
  }

  set(slot: number, value: AttributeValue | Double): void {
    const space = this.#space;
    if (typeof value === 'string') this.#setBytes(slot, ValueType.string, space.appendText(value));
    else if (typeof value === 'number') this.#setNumber(slot, Number.isSafeInteger(value) ? ValueType.int : ValueType.double, value);
    else if (typeof value === 'boolean') this.#setNumber(slot, ValueType.bool, value ? 1 : 0);
    else if (value === null) this.type[slot] = ValueType.empty;
    else if (value instanceof Double) this.#setNumber(slot, ValueType.double, value.value);
    else if (value instanceof Uint8Array) this.#setBytes(slot, ValueType.bytes, space.appendBytes(value));
    else this.#setBytes(slot, ValueType.encoded, space.appendBytes(encodeAnyValue(value)));
  }

  #setBytes(slot: number, type: ValueTypeNumber, position: number): void {
    this.type[slot] = type;
    this.start[slot] = position;
    this.size[slot] = this.#space.sideLength - ~position;
  }

  #setNumber(slot: number, type: ValueTypeNumber, number: number): void {
    this.type[slot] = type;
    this.number[slot] = number;
  }

  #growSlots(): void {
    const length = this.type.length * 2;
    this.type = grown(this.type, length);
    this.start = grown(this.start, length);
    this.size = grown(this.size, length);
    this.next = grown(this.next, length);
    this.number = grown(this.number, length);
  }

  /** What a giant has left behind; its keys may be a hundred bytes each. */
  #shrink(): void {
    this.key = [];
    this.type = new Uint8Array(SLOTS_FIRST);
    this.start = new Int32Array(SLOTS_FIRST);
    this.size = new Int32Array(SLOTS_FIRST);
    this.number = new Float64Array(SLOTS_FIRST);
    this.next = new Int32Array(SLOTS_FIRST);
  }

  cloneFor(space: ByteSpace): AttributeTable {
    const copy = new AttributeTable(space, 0);
    copy.head = this.head.slice();
    copy.tail = this.tail.slice();
    copy.count = this.count;
    copy.key = this.key.slice(0, this.count);
    copy.type = this.type.slice();
    copy.start = this.start.slice();
    copy.size = this.size.slice();
    copy.number = this.number.slice();
    copy.next = this.next.slice();
    return copy;
  }
}

const SLOTS_FIRST = 256;
// A batch of a megabyte has seldom half as many.
const SLOTS_KEPT_MAX = 262_144;
