import type { Host } from '#component';
import { createResource, encodeAnyValue, resourceAttributes, type Attributes, type AttributeValue, type Origin } from '#model';

const PREFIX = 'resource/';

/**
 * What is known of the resource behind each source: the attributes in which all its resources agree. A service on one host
 * has a host, one on many has none. It is in storage, for anomalies that go on over a restart.
 */
export class SourceResources {
  readonly #max: number;
  readonly #sources = new Map<string, Source>();
  #host: Host | undefined;
  #last: Source | undefined;
  #lastResource: Origin | undefined;

  /** Sources beyond `max` have no resource. */
  constructor(max: number) {
    this.#max = max;
  }

  restore(host: Host): void {
    this.#host = host;
    for (const [key, bytes] of host.storage.list(PREFIX)) {
      if (this.#sources.size >= this.#max) return;
      const name = key.slice(PREFIX.length);
      const attributes = resourceAttributes({ encoded: bytes, schemaUrl: '' });
      this.#sources.set(name, { name, attributes, seen: new WeakSet() });
    }
  }

  of(source: string): Attributes {
    return this.#sources.get(source)?.attributes ?? {};
  }

  /** A record of this source came with this resource. */
  note(source: string, resource: Origin): void {
    if (resource === this.#lastResource && source === this.#last?.name) return;
    this.#lastResource = resource;
    this.#last = this.#sources.get(source);
    if (this.#last?.seen.has(resource) === true) return;
    const attributes = resourceAttributes(resource);
    if (this.#last) this.#narrow(this.#last, attributes);
    else this.#last = this.#create(source, attributes);
    this.#last?.seen.add(resource);
  }

  #create(name: string, attributes: Attributes): Source | undefined {
    if (this.#sources.size >= this.#max) return undefined;
    const source = { name, attributes, seen: new WeakSet<Origin>() };
    this.#sources.set(name, source);
    this.#store(source);
    return source;
  }

  #narrow(source: Source, attributes: Attributes): void {
    const before = Object.entries(source.attributes);
    const kept = before.filter(([name, value]) => isEqual(value, attributes[name]));
    if (kept.length === before.length) return;
    source.attributes = Object.fromEntries(kept);
    this.#store(source);
  }

  #store({ name, attributes }: Source): void {
    const storage = this.#host?.storage;
    if (!storage) return;
    const transaction = storage.begin();
    storage.put(transaction, PREFIX + name, createResource(attributes).encoded);
    void storage.commit(transaction);
  }
}

interface Source {
  readonly name: string;
  attributes: Attributes;
  readonly seen: WeakSet<Origin>;
}

function isEqual(one: AttributeValue | undefined, other: AttributeValue | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return Buffer.compare(encodeAnyValue(one), encodeAnyValue(other)) === 0;
}
