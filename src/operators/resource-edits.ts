import { TABLE_MAX, field, fields, type LogBatch, type Origin } from '#model';

/** Fields of Resource and of KeyValue. */
const ATTRIBUTE = 0x0a;
const KEY = 0x0a;

/**
 * Replaces the resources of batches, each once however many records refer to it. A resource that comes again, in this
 * batch or a later one, becomes the same object again, so that records stay together in one ResourceLogs.
 */
export class ResourceEdits {
  readonly #edit: (resource: Origin) => Origin;
  readonly #edited = new WeakMap<Origin, Origin>();

  constructor(edit: (resource: Origin) => Origin) {
    this.#edit = edit;
  }

  apply(batch: LogBatch): void {
    const { resources } = batch;
    for (let index = 1; index < resources.length; index++) resources[index] = this.#editedOf(resources[index] as Origin);
    const first = resources[0] as Origin;
    const edited = this.#editedOf(first);
    if (edited !== first) moveRowsOfFirst(batch, edited);
  }

  #editedOf(resource: Origin): Origin {
    let edited = this.#edited.get(resource);
    if (!edited) {
      edited = this.#edit(resource);
      this.#edited.set(resource, edited);
      // A batch that is refused may be offered again with resources that have had their turn.
      this.#edited.set(edited, edited);
    }
    return edited;
  }
}

/** Entry 0 is the same in all batches and stays when one is emptied, so its rows are given another entry. */
function moveRowsOfFirst(batch: LogBatch, resource: Origin): void {
  const { resources, resourceOf, length } = batch;
  const at = resourceOf.indexOf(0);
  if (at < 0 || at >= length) return;
  // A full table has no room for one more; then these rows stay as they are.
  const index = resources.length < TABLE_MAX ? batch.addResource(resource) : resources.indexOf(resource);
  if (index < 0) return;
  for (let row = at; row < length; row++) if (resourceOf[row] === 0) resourceOf[row] = index;
}

/**
 * The resource with these attributes as well: encoded KeyValue messages by name. What the resource has under such a name
 * stays unless `isOverriding`. All else keeps the bytes it came in.
 */
export function mergeAttributes(resource: Origin, added: ReadonlyMap<string, Uint8Array>, isOverriding: boolean): Origin {
  const bytes = resource.encoded;
  const kept: Uint8Array[] = [];
  const present = new Set<string>();
  let start = 0;
  for (const { tag, from, to } of fields(bytes, 0, bytes.length)) {
    const name = tag === ATTRIBUTE ? nameAt(bytes, from, to) : undefined;
    if (name === undefined || !isOverriding || !added.has(name)) {
      kept.push(bytes.subarray(start, to));
      if (name !== undefined) present.add(name);
    }
    start = to;
  }
  const missing = Array.from(added, ([name, keyValue]) => (present.has(name) ? [] : [field(ATTRIBUTE, keyValue)])).flat();
  if (missing.length === 0) return resource;
  return { encoded: Buffer.concat([...kept, ...missing]), schemaUrl: resource.schemaUrl };
}

function nameAt(bytes: Uint8Array, start: number, end: number): string {
  for (const { tag, from, to } of fields(bytes, start, end)) {
    if (tag === KEY) return Buffer.from(bytes.subarray(from, to)).toString('utf8');
  }
  return '';
}
