import { ValueType, type AttributeTable, type Key } from '#model';

// An empty attribute takes two bytes on the wire and forty here; see REQUEST_ROWS_MAX.
export const REQUEST_ATTRIBUTES_MAX = 2_097_152;
// Up to so many attributes a loop finds a key sooner than a map would; more would take a square of time.
const LOOP_MAX = 32;

/** Finds the slot of a key while the attributes of one row are being read, so that no row has a key twice. */
export class SlotFinder {
  readonly #attributes: AttributeTable;
  readonly #max: number;
  #row = 0;
  #first = 0;
  #byText: Map<string, number> | undefined;

  constructor(attributes: AttributeTable, max: number = REQUEST_ATTRIBUTES_MAX) {
    this.#attributes = attributes;
    this.#max = max;
  }

  beginRow(row: number): void {
    this.#row = row;
    this.#first = this.#attributes.count;
    this.#byText = undefined;
  }

  /** An empty slot for the key: a new one, or that of the same key before; -1 when the request has too many. */
  slotOf(key: Key): number {
    const attributes = this.#attributes;
    const known = this.#find(key);
    if (known >= 0) {
      attributes.type[known] = ValueType.empty;
      attributes.size[known] = 0;
      return known;
    }
    if (attributes.count >= this.#max) return -1;
    const slot = attributes.add(this.#row, key, ValueType.empty, 0, 0, 0);
    this.#byText?.set(key.text, slot);
    return slot;
  }

  /** An empty slot for a key that the row surely does not have; -1 when the request has too many. */
  append(key: Key): number {
    const attributes = this.#attributes;
    return attributes.count >= this.#max ? -1 : attributes.add(this.#row, key, ValueType.empty, 0, 0, 0);
  }

  #find(key: Key): number {
    const { key: keys, count } = this.#attributes;
    if (count - this.#first > LOOP_MAX) return (this.#byText ??= this.#index()).get(key.text) ?? -1;
    for (let slot = this.#first; slot < count; slot++) if (keys[slot] === key) return slot;
    if (key.isKept) return -1;
    for (let slot = this.#first; slot < count; slot++) if ((keys[slot] as Key).text === key.text) return slot;
    return -1;
  }

  #index(): Map<string, number> {
    const { key: keys, count } = this.#attributes;
    const byText = new Map<string, number>();
    for (let slot = this.#first; slot < count; slot++) byText.set((keys[slot] as Key).text, slot);
    return byText;
  }
}
