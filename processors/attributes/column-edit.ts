import { TABLE_MAX, withEntry, withoutKey, type LogBatch, type SharedAttributes } from '#model';
import type { Uniform } from '#operators';

/**
 * Sets or deletes one attribute on many rows. Rows that have nothing else under that name get or lose it by referring
 * to other shared attributes, so that a constant on all rows costs one look at each and no bytes.
 */
export class ColumnEdit {
  readonly #edit: Uniform;
  /** What shared attributes become. The same objects come again batch after batch, above all the empty ones. */
  readonly #edited = new WeakMap<SharedAttributes, SharedAttributes>();

  constructor(edit: Uniform) {
    this.#edit = edit;
  }

  /** Edits the rows whose `isMeant` is 1; all when there is none. */
  apply(batch: LogBatch, isMeant: Uint8Array | undefined): void {
    const { key } = this.#edit;
    const { attributes, sharedOf, isDropped, length } = batch;
    const target = new Int32Array(batch.shared.length).fill(-1);
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1 || isMeant?.[row] === 0) continue;
      const slot = (attributes.head[row] as number) >= 0 ? attributes.find(row, key) : -1;
      if (slot >= 0) {
        this.#editOwn(batch, slot);
        continue;
      }
      const index = sharedOf[row] as number;
      let edited = target[index] as number;
      if (edited < 0) edited = target[index] = this.#editShared(batch, index);
      if (edited < TABLE_MAX) sharedOf[row] = edited;
      else this.#editRow(batch, row);
    }
  }

  #editOwn(batch: LogBatch, slot: number): void {
    const edit = this.#edit;
    if (edit.kind === 'delete') batch.attributes.remove(slot);
    else if (edit.ifPresent) batch.attributes.set(slot, edit.value);
  }

  /** Index of the edited attributes; TABLE_MAX when the table has no room for them. */
  #editShared(batch: LogBatch, index: number): number {
    const shared = batch.shared[index] as SharedAttributes;
    let edited = this.#edited.get(shared);
    if (!edited) this.#edited.set(shared, (edited = this.#edit.kind === 'delete' ? deleted(shared, this.#edit) : set(shared, this.#edit)));
    if (edited === shared) return index;
    return batch.shared.length < TABLE_MAX ? batch.addShared(edited) : TABLE_MAX;
  }

  #editRow(batch: LogBatch, row: number): void {
    const edit = this.#edit;
    if (edit.kind === 'delete') {
      batch.deleteAttribute(row, edit.key);
      return;
    }
    const isPresent = batch.attribute(row, edit.key) !== undefined;
    if (isPresent ? edit.ifPresent : edit.ifAbsent) batch.setAttribute(row, edit.key, edit.value);
  }
}

function deleted(shared: SharedAttributes, { key }: Uniform): SharedAttributes {
  return shared.entries.has(key) ? withoutKey(shared, key) : shared;
}

function set(shared: SharedAttributes, edit: Extract<Uniform, { kind: 'set' }>): SharedAttributes {
  const isDue = shared.entries.has(edit.key) ? edit.ifPresent : edit.ifAbsent;
  return isDue ? withEntry(shared, edit.key, edit.value) : shared;
}
