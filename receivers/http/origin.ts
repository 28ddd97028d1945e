import { createResource, createSharedAttributes, EMPTY_ORIGIN, NO_ATTRIBUTES, type Origin, type SharedAttributes } from '#model';
import type { RequestHead } from '#net';
import type { HttpConfig } from './config.ts';

// Senders are few, and requests many: what they have in common is made once. Past the bound the oldest is made anew.
const KEPT_MAX = 256;
// Longer ones are hardly the same twice, and a sender could fill the memory with them.
const KEPT_CHARACTERS_MAX = 4096;

/** What all records of a request have in common: configured, and taken from its head. */
export class Origins {
  readonly #config: HttpConfig;
  readonly #resource: Origin;
  readonly #resources = new Map<string, Origin>();
  readonly #known = new Map<string, SharedAttributes>();

  constructor(config: HttpConfig) {
    this.#config = config;
    this.#resource = Object.keys(config.resource).length === 0 ? EMPTY_ORIGIN : createResource(config.resource);
  }

  get resource(): Origin {
    return this.#resource;
  }

  /** The resource with further attributes. */
  resourceWith(attributes: Readonly<Record<string, string>>): Origin {
    const all = { ...this.#config.resource, ...attributes };
    const id = JSON.stringify(all);
    const known = this.#resources.get(id);
    if (known) return known;
    const resource = createResource(all);
    keep(this.#resources, id, resource);
    return resource;
  }

  /** `own` are those of the path; they win over the general ones, and what the sender says wins over both. */
  attributesOf(head: RequestHead, own: Readonly<Record<string, string>> = {}): SharedAttributes {
    return this.share(this.entriesOf(head, own));
  }

  share(all: Readonly<Record<string, string>>): SharedAttributes {
    if (Object.keys(all).length === 0) return NO_ATTRIBUTES;
    const id = JSON.stringify(all);
    const known = this.#known.get(id);
    if (known) return known;
    const shared = createSharedAttributes(all);
    keep(this.#known, id, shared);
    return shared;
  }

  entriesOf(head: RequestHead, own: Readonly<Record<string, string>> = {}): Record<string, string> {
    const config = this.#config;
    const all: Record<string, string> = { ...config.attributes, ...own };
    for (const [header, attribute] of Object.entries(config.attributes_from_headers)) {
      const value = head.headers[header.toLowerCase()];
      if (value !== undefined) all[attribute] = Array.isArray(value) ? value.join(', ') : value;
    }
    for (const [parameter, attribute] of Object.entries(config.attributes_from_query)) {
      const value = head.query.get(parameter);
      if (value !== null) all[attribute] = value;
    }
    if (config.include_client_address) all['client.address'] = head.remoteAddress;
    return all;
  }
}

function keep<Value>(kept: Map<string, Value>, id: string, value: Value): void {
  if (id.length > KEPT_CHARACTERS_MAX) return;
  if (kept.size === KEPT_MAX) kept.delete(kept.keys().next().value ?? '');
  kept.set(id, value);
}
