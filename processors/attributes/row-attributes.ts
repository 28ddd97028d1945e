import { Double, LogBatch, ValueType, type Key } from '#model';
import type { AttributeBag, TypedValue } from '#operators';

const NO_ROWS = new LogBatch();

/** The attributes of one row of a batch at a time: set `batch` and `row`, then ask. */
export class RowAttributes implements AttributeBag {
  batch: LogBatch = NO_ROWS;
  row = 0;

  /** Forgets the batch, which is no longer ours. */
  release(): void {
    this.batch = NO_ROWS;
  }

  get(key: Key): TypedValue | undefined {
    const { attributes } = this.batch;
    const slot = attributes.find(this.row, key);
    // The table remembers that 3.0 is a double; the plain number would not.
    if (slot >= 0 && attributes.type[slot] === ValueType.double) return new Double(attributes.number[slot] as number);
    return this.batch.attribute(this.row, key);
  }

  set(key: Key, value: TypedValue): void {
    this.batch.setAttribute(this.row, key, value);
  }

  delete(key: Key): void {
    this.batch.deleteAttribute(this.row, key);
  }

  keys(): readonly Key[] {
    const { batch, row } = this;
    const { head, next, type, key } = batch.attributes;
    const keys = [...(batch.shared[batch.sharedOf[row] as number]?.entries.keys() ?? [])];
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      if (type[slot] !== ValueType.none) keys.push(key[slot] as Key);
    }
    return keys;
  }
}
