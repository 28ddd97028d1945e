import type { Source, TemplateMiner } from '#mining';
import { keyOf, resourceAttributes, type Key, type LogBatch, type Origin, type SharedAttributes } from '#model';

/** Tells which source a row is of. Asked for each row, so it remembers the answer for each resource and set of shared attributes. */
export class Sources {
  readonly #miner: TemplateMiner;
  readonly #names: readonly string[];
  readonly #keys: readonly Key[];
  readonly #byResource = new WeakMap<Origin, Readonly<Record<string, unknown>>>();
  #ofBatch = new Map<number, Source>();
  #last = -1;
  #lastSource: Source | undefined;

  constructor(miner: TemplateMiner, names: readonly string[]) {
    this.#miner = miner;
    this.#names = names;
    this.#keys = names.map((name) => keyOf(name));
  }

  begin(): void {
    this.#ofBatch = new Map();
    this.#last = -1;
  }

  of(batch: LogBatch, row: number): Source {
    const pair = (batch.resourceOf[row] as number) * 65_536 + (batch.sharedOf[row] as number);
    if (pair === this.#last && this.#lastSource) return this.#lastSource;
    let source = this.#ofBatch.get(pair);
    if (!source) {
      const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
      const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
      source = this.#miner.source(this.#nameOf(resource, shared));
      this.#ofBatch.set(pair, source);
    }
    this.#last = pair;
    this.#lastSource = source;
    return source;
  }

  #nameOf(resource: Origin, shared: SharedAttributes): string {
    const attributes = this.#attributesOf(resource);
    for (const [i, name] of this.#names.entries()) {
      const value = attributes[name] ?? shared.entries.get(this.#keys[i] as Key);
      if (typeof value === 'string' && value !== '') return `${name}=${value}`;
    }
    return '';
  }

  #attributesOf(resource: Origin): Readonly<Record<string, unknown>> {
    let attributes = this.#byResource.get(resource);
    if (!attributes) this.#byResource.set(resource, (attributes = resourceAttributes(resource)));
    return attributes;
  }
}
