import { Double, ValueType, resourceAttributes, withResourceAttributes, type AttributeValue, type LogBatch, type Origin } from '#model';
import type { Field } from './field.ts';

/**
 * Fields of a record as JavaScript values: the general way, for nested fields, the resource and whatever has no quicker
 * one. A double that is whole comes as `Double`, so that it stays a double when it is written elsewhere.
 */
export type FieldValue = AttributeValue | Double;
type Values = { readonly [key: string]: AttributeValue };

// Rows of one file share a handful of resources; past the bound equal ones are made again.
const RESOURCES_MAX = 1024;
const resources = new Map<string, Origin>();

/** The value, or undefined when there is none. */
export function readField(batch: LogBatch, row: number, field: Field): FieldValue | undefined {
  const [first, ...rest] = field.path;
  if (field.root === 'body') {
    const type = batch.bodyType[row];
    if (type === ValueType.none || (field.path.length > 0 && type !== ValueType.encoded)) return undefined;
    return within(batch.body(row), field.path);
  }
  if (first === undefined || !field.key) return undefined;
  if (field.root === 'resource') return within(resourceOf(batch, row), field.path);
  const slot = batch.attributes.find(row, field.key);
  if (slot >= 0 && rest.length === 0 && batch.attributes.type[slot] === ValueType.double) {
    return new Double(batch.attributes.number[slot] as number);
  }
  return within(batch.attribute(row, field.key), rest);
}

/**
 * Sets the value, making the maps on the way to it. A map is merged into a map that is there. Returns what hindered it,
 * or undefined.
 */
export function writeField(batch: LogBatch, row: number, field: Field, value: FieldValue): string | undefined {
  const [first, ...rest] = field.path;
  if (first === undefined) return writeRoot(batch, row, field, value);
  if (field.root === 'body') batch.setBody(row, withValue(batch.body(row), field.path, value));
  else if (field.root === 'resource') setResource(batch, row, toValues(withValue(resourceOf(batch, row), field.path, value)));
  else if (rest.length === 0 && !isValues(value)) batch.setAttribute(row, first, value);
  else batch.setAttribute(row, first, withValue(batch.attribute(row, first), rest, value));
  return undefined;
}

function writeRoot(batch: LogBatch, row: number, field: Field, value: FieldValue): string | undefined {
  if (field.root === 'body') {
    const old = batch.body(row);
    batch.setBody(row, isValues(value) && isValues(old) ? merged(old, value) : value);
    return undefined;
  }
  if (!isValues(value)) return `only a map can be written to ${field.root}; name a field below it`;
  if (field.root === 'resource') setResource(batch, row, merged(resourceOf(batch, row), value));
  else for (const [key, inner] of Object.entries(value)) batch.setAttribute(row, key, inner);
  return undefined;
}

/** True when there was such a field. The bare roots are emptied. */
export function deleteField(batch: LogBatch, row: number, field: Field): boolean {
  const [first, ...rest] = field.path;
  if (first === undefined) {
    emptyRoot(batch, row, field.root);
    return true;
  }
  if (field.root === 'attributes' && rest.length === 0) return batch.deleteAttribute(row, first);
  const values = field.root === 'body' ? batch.body(row) : field.root === 'resource' ? resourceOf(batch, row) : batch.attribute(row, first);
  const path = field.root === 'attributes' ? rest : field.path;
  if (values === undefined || within(values, path) === undefined) return false;
  const left = withoutValue(values, path);
  if (field.root === 'body') batch.setBody(row, left);
  else if (field.root === 'resource') setResource(batch, row, toValues(left));
  else batch.setAttribute(row, first, left);
  return true;
}

function emptyRoot(batch: LogBatch, row: number, root: Field['root']): void {
  if (root === 'body') batch.setBody(row, null);
  else if (root === 'resource') setResource(batch, row, {});
  else for (const key of batch.attributesOf(row).keys()) batch.deleteAttribute(row, key);
}

export function resourceOf(batch: LogBatch, row: number): Values {
  return resourceAttributes(batch.resources[batch.resourceOf[row] as number] as Origin);
}

/** Gives the row the resource with exactly these attributes. */
export function setResource(batch: LogBatch, row: number, attributes: Values): void {
  const old = batch.resources[batch.resourceOf[row] as number] as Origin;
  const made = withResourceAttributes(old, attributes);
  const name = `${made.schemaUrl}\n${Buffer.from(made.encoded).toString('latin1')}`;
  let resource = resources.get(name);
  if (!resource) {
    resource = made;
    if (resources.size >= RESOURCES_MAX) resources.clear();
    resources.set(name, resource);
  }
  const known = batch.resources.lastIndexOf(resource);
  batch.resourceOf[row] = known >= 0 ? known : batch.addResource(resource);
}

function isValues(value: unknown): value is Values {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Double)
  );
}

function toValues(value: unknown): Values {
  return isValues(value) ? value : {};
}

function within(value: AttributeValue | undefined, path: readonly string[]): AttributeValue | undefined {
  let inner = value;
  for (const name of path) {
    if (!isValues(inner) || !Object.hasOwn(inner, name)) return undefined;
    inner = inner[name];
  }
  return inner;
}

function merged(old: Values, added: Values): Values {
  return fromEntries([...Object.entries(old), ...Object.entries(added)]);
}

// A double inside a map would need a type of its own in AttributeValue; one that is whole becomes an integer there.
function withValue(old: AttributeValue | undefined, path: readonly string[], value: FieldValue): AttributeValue {
  const [first, ...rest] = path;
  const plain = value instanceof Double ? value.value : value;
  if (first === undefined) return isValues(plain) && isValues(old) ? merged(old, plain) : plain;
  const values = toValues(old);
  const inner = Object.hasOwn(values, first) ? values[first] : undefined;
  return fromEntries([...Object.entries(values), [first, withValue(inner, rest, plain)]]);
}

function withoutValue(old: AttributeValue, path: readonly string[]): AttributeValue {
  const [first, ...rest] = path;
  if (first === undefined || !isValues(old)) return old;
  const entries = Object.entries(old);
  if (rest.length === 0) return fromEntries(entries.filter(([key]) => key !== first));
  return fromEntries(entries.map(([key, inner]) => [key, key === first ? withoutValue(inner, rest) : inner]));
}

/** Object.fromEntries defines properties rather than assigning them, so a key "__proto__" is a key like any other. */
function fromEntries(entries: Iterable<readonly [string, AttributeValue]>): Values {
  return Object.fromEntries(entries);
}
