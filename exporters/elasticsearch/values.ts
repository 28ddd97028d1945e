import {
  ValueType,
  decodeAnyValue,
  severityName,
  type AttributeValue,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
} from '#model';
import { valuesOf } from './index-name.ts';

/** Values as texts of JSON, by name. */
export type Members = Map<string, string>;

/** Integers of any size as numbers, bytes in base64; what JSON has no number for is null. */
export function jsonOf(value: AttributeValue | undefined): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${value.map((element: AttributeValue) => jsonOf(element)).join(',')}]`;
  const entries = Object.entries(value as { readonly [key: string]: AttributeValue });
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${jsonOf(inner)}`).join(',')}}`;
}

export function objectOf(members: Members): string {
  let text = '';
  for (const [name, value] of members) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
  return `{${text}}`;
}

const sharedMembers = new WeakMap<SharedAttributes, Members>();

/** All attributes of a row. The map is the caller's. */
export function attributesOf(batch: LogBatch, row: number): Members {
  const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
  let known = sharedMembers.get(shared);
  if (!known) {
    known = new Map(Array.from(shared.entries, ([key, value]) => [key.text, jsonOf(value)]));
    sharedMembers.set(shared, known);
  }
  const members: Members = new Map(known);
  const { head, next, type, key, start, size, number } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const own = type[slot] as number;
    if (own === ValueType.none) continue;
    const value = valueText(batch, own, start[slot] as number, size[slot] as number, number[slot] as number);
    members.set((key[slot] as Key).text, value);
  }
  return members;
}

const sharedTexts = new WeakMap<SharedAttributes, string>();
const nameTexts = new WeakMap<Key, string>();

/** All attributes of a row as the members of an object, but those with these names. */
export function attributesText(batch: LogBatch, row: number, without: ReadonlySet<string>): string {
  const shared = batch.shared[batch.sharedOf[row] as number] as SharedAttributes;
  let text = sharedTexts.get(shared);
  if (text === undefined) {
    const entries = Array.from(shared.entries).filter(([{ text: name }]) => !without.has(name));
    text = entries.map(([{ text: name }, value]) => `,${JSON.stringify(name)}:${jsonOf(value)}`).join('');
    sharedTexts.set(shared, text);
  }
  const { head, next, type, key, start, size, number } = batch.attributes;
  for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
    const own = type[slot] as number;
    if (own === ValueType.none) continue;
    const { text: name } = key[slot] as Key;
    if (without.has(name)) continue;
    let quoted = nameTexts.get(key[slot] as Key);
    if (quoted === undefined) nameTexts.set(key[slot] as Key, (quoted = `,${JSON.stringify(name)}:`));
    text += quoted + valueText(batch, own, start[slot] as number, size[slot] as number, number[slot] as number);
  }
  return text.slice(1);
}

function valueText(batch: LogBatch, type: number, start: number, size: number, number: number): string {
  switch (type) {
    case ValueType.string:
      return JSON.stringify(batch.space.text(start, size));
    case ValueType.bytes:
      return JSON.stringify(batch.space.view(start, size).toString('base64'));
    case ValueType.bool:
      return number === 0 ? 'false' : 'true';
    case ValueType.int:
      return String(number);
    case ValueType.double:
      return doubleText(number);
    case ValueType.encoded:
      return jsonOf(decodeAnyValue(batch.space.view(start, size), 0, size));
    default:
      return 'null';
  }
}

/** A whole double keeps its point: the first value of a field decides its type in Elasticsearch. */
function doubleText(number: number): string {
  if (!Number.isFinite(number)) return 'null';
  const text = String(number);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Attributes of a resource as texts of JSON. The map is the caller's. */
export function resourceMembers(resource: Origin): Members {
  return new Map(Object.entries(valuesOf(resource)).map(([name, value]) => [name, jsonOf(value)]));
}

export function resourceOf(batch: LogBatch, row: number): Origin {
  return batch.resources[batch.resourceOf[row] as number] as Origin;
}

/** The time of a row: its own, else when it was seen, else now. */
export function timeOf(batch: LogBatch, row: number, nowMs: number): { readonly ms: number; readonly ns: number } {
  const ms = batch.timeMs[row] as number;
  const ns = batch.timeNs[row] as number;
  if (isWritable(ms, ns)) return { ms, ns };
  const observed = batch.observedMs[row] as number;
  const observedNs = batch.observedNs[row] as number;
  return isWritable(observed, observedNs) ? { ms: observed, ns: observedNs } : { ms: nowMs, ns: 0 };
}

// What lies after the year 9999 is no date in ISO 8601 any more, and a mistake anyway.
const MS_MAX = 253_402_300_799_999;

export function isWritable(ms: number, ns: number): boolean {
  return (ms !== 0 || ns !== 0) && ms <= MS_MAX;
}

export function severityOf(batch: LogBatch, row: number): string {
  return batch.severityText(row) || severityName(batch.severity[row] as number);
}

/** True for a body that is a map. */
export function isMap(value: AttributeValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

// Names of attributes are few, but come from the outside; what is known of so many is kept.
const PREFIXES_MAX = 10_000;
const prefixes = new Map<string, readonly string[]>();

/** `a.b.c` has the prefixes `a.b` and `a`. */
function prefixesOf(name: string): readonly string[] {
  let known = prefixes.get(name);
  if (known) return known;
  const found: string[] = [];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) found.push(name.slice(0, dot));
  known = found;
  if (prefixes.size < PREFIXES_MAX) prefixes.set(name, known);
  return known;
}

/** `a` beside `a.b` cannot be: a field is a value or an object. The value becomes `a.value`, as in the Collector, unless that is there. */
export function withoutConflicts(members: Members): Members {
  for (const name of members.keys()) {
    for (const prefix of prefixesOf(name)) {
      const value = members.get(prefix);
      if (value === undefined) continue;
      members.delete(prefix);
      members.set(members.has(`${prefix}.value`) ? `labels.${prefix}` : `${prefix}.value`, value);
    }
  }
  return members;
}
