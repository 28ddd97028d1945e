import { TABLE_MAX, keyOf, withEntry, withoutKey, type Key, type LogBatch, type SharedAttributes } from '#model';
import type { MinedTemplate } from '#mining';

/** Sets of attributes kept ready. Past it all are made anew, which costs a few microseconds each. */
const READY_MAX = 8192;

/**
 * Writes template and id beside records. Rows of one template that share their other attributes share these too, so a row
 * costs a look and a number, and the text is encoded once for thousands of records, not once for each.
 */
export class Annotations {
  readonly #textKey: Key | undefined;
  readonly #idKey: Key | undefined;
  #ready = new WeakMap<SharedAttributes, Map<MinedTemplate, SharedAttributes>>();
  #readyCount = 0;
  /** Of the batch at hand: index of the shared attributes with the template's, by index of those without. */
  #indexes: Map<MinedTemplate, number>[] = [];

  constructor(textAttribute: string, idAttribute: string) {
    this.#textKey = textAttribute === '' ? undefined : keyOf(textAttribute);
    this.#idKey = idAttribute === '' ? undefined : keyOf(idAttribute);
  }

  begin(): void {
    this.#indexes = [];
  }

  write(batch: LogBatch, row: number, template: MinedTemplate): void {
    if (!this.#textKey && !this.#idKey) return;
    if ((batch.attributes.head[row] as number) >= 0) this.#removeOwn(batch, row);
    const from = batch.sharedOf[row] as number;
    const indexes = (this.#indexes[from] ??= new Map<MinedTemplate, number>());
    let index = indexes.get(template);
    if (index === undefined) indexes.set(template, (index = this.#enter(batch, from, template)));
    if (index < TABLE_MAX) batch.sharedOf[row] = index;
    else this.#writeOwn(batch, row, template);
  }

  /** What an earlier stage wrote under these names is replaced. */
  #removeOwn(batch: LogBatch, row: number): void {
    removeOwn(batch, row, this.#textKey);
    removeOwn(batch, row, this.#idKey);
  }

  #writeOwn(batch: LogBatch, row: number, { text, id }: MinedTemplate): void {
    if (this.#textKey) batch.setAttribute(row, this.#textKey, text);
    if (this.#idKey) batch.setAttribute(row, this.#idKey, id);
  }

  #enter(batch: LogBatch, from: number, template: MinedTemplate): number {
    if (batch.shared.length >= TABLE_MAX) return TABLE_MAX;
    return batch.shared.push(this.#with(batch.shared[from] as SharedAttributes, template)) - 1;
  }

  #with(shared: SharedAttributes, template: MinedTemplate): SharedAttributes {
    let ready = this.#ready.get(shared);
    let both = ready?.get(template);
    if (both) return both;
    if (++this.#readyCount > READY_MAX) {
      this.#ready = new WeakMap();
      this.#readyCount = 0;
      ready = undefined;
    }
    if (!ready) this.#ready.set(shared, (ready = new Map<MinedTemplate, SharedAttributes>()));
    both = shared;
    for (const [key, value] of [[this.#textKey, template.text] as const, [this.#idKey, template.id] as const]) {
      if (key) both = withEntry(withoutKey(both, key), key, value);
    }
    ready.set(template, both);
    return both;
  }
}

function removeOwn(batch: LogBatch, row: number, key: Key | undefined): void {
  const slot = key ? batch.attributes.find(row, key) : -1;
  if (slot >= 0) batch.attributes.remove(slot);
}
