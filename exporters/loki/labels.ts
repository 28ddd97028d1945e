import { keyOf, resourceAttributes, severityName, toJson, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';
import type { LokiConfig } from './config.ts';

const VALUE_CHARACTERS_MAX = 1024;
// Values come from the outside; what they make is remembered for so many.
const REMEMBERED_MAX = 10_000;

/** A name as Loki takes it. */
export function toLabelName(name: string): string {
  const text = name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]/.test(text) ? `_${text}` : text;
}

export function textOf(value: AttributeValue): string {
  return (typeof value === 'string' ? value : toJson(value)).toWellFormed();
}

/** `error`, `warn`, … of a severity. */
export function levelOf(batch: LogBatch, row: number): string {
  const name = severityName(batch.severity[row] as number).replace(/[0-9]$/, '');
  return (name === '' ? batch.severityText(row) : name).toLowerCase();
}

/** Makes the labels of records, written as `{app="web", level="info"}`, in the order of their names. */
export class Labels {
  readonly #config: LokiConfig;
  readonly #attributes: readonly (readonly [key: Key, name: string])[];
  readonly #ofResource = new WeakMap<Origin, ReadonlyMap<string, string>>();
  readonly #texts = new Map<string, string>();
  #lastResource: Origin | undefined;
  #lastLevel = '';
  #lastText = '';

  constructor(config: LokiConfig) {
    this.#config = config;
    this.#attributes = config.labels_from_attributes.map((name) => [keyOf(name), toLabelName(name)]);
  }

  /** Attributes of a record that are labels, and therefore not metadata too. */
  isLabel(name: string): boolean {
    return this.#config.labels_from_attributes.includes(name);
  }

  of(batch: LogBatch, row: number): string {
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    const level = this.#config.level_label ? levelOf(batch, row) : '';
    if (this.#attributes.length === 0) {
      // Neighbours mostly come from one place.
      if (resource === this.#lastResource && level === this.#lastLevel) return this.#lastText;
      this.#lastResource = resource;
      this.#lastLevel = level;
      this.#lastText = this.#write(new Map(this.#resourceLabels(resource)), level);
      return this.#lastText;
    }
    const labels = new Map(this.#resourceLabels(resource));
    for (const [key, name] of this.#attributes) {
      const value = batch.attribute(row, key);
      if (value !== undefined && value !== null) labels.set(name, cut(textOf(value)));
    }
    return this.#write(labels, level);
  }

  #resourceLabels(resource: Origin): ReadonlyMap<string, string> {
    let labels = this.#ofResource.get(resource);
    if (labels) return labels;
    const { labels: fixed, labels_from_resource: names } = this.#config;
    const own = new Map<string, string>();
    const values = resourceAttributes(resource);
    for (const name of names) {
      const value = values[name];
      if (value !== undefined && value !== null) own.set(toLabelName(name), cut(textOf(value)));
    }
    for (const [name, value] of Object.entries(fixed)) own.set(name, value);
    this.#ofResource.set(resource, (labels = own));
    return labels;
  }

  #write(labels: Map<string, string>, level: string): string {
    if (level !== '') labels.set('level', level);
    // A stream needs a label; this is what Loki itself calls what does not say who it is.
    if (labels.size === 0) labels.set('service_name', 'unknown_service');
    const id = Array.from(labels, ([name, value]) => `${name}\u0000${value}`).join('\u0000');
    let text = this.#texts.get(id);
    if (text !== undefined) return text;
    const pairs = [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1));
    text = `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
    if (this.#texts.size < REMEMBERED_MAX) this.#texts.set(id, text);
    return text;
  }
}

function cut(text: string): string {
  return text.length > VALUE_CHARACTERS_MAX ? text.slice(0, VALUE_CHARACTERS_MAX).toWellFormed() : text;
}
