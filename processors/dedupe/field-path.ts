import { keyOf, type AttributeValue, type Key } from '#model';

/** A field of a record as the configuration names it: `body`, `body.user.id`, `attributes.http\.method`. */
export interface FieldPath {
  readonly from: 'body' | 'attributes';
  readonly path: readonly string[];
  /** The whole path as one attribute name: names with dots are what OpenTelemetry has most. */
  readonly key: Key;
}

/** The parts are set apart by dots; a dot within a name is written `\.`. Undefined for what is no field. */
export function parseField(text: string): FieldPath | undefined {
  const [from, ...path] = Array.from(text.matchAll(/(?:\\.|[^.\\])+/g), ([part]) => part.replaceAll('\\.', '.'));
  const isWhole = text.split('.').every((part) => part !== '');
  if (!isWhole || (from !== 'body' && from !== 'attributes')) return undefined;
  if (from === 'attributes' && path.length === 0) return undefined;
  return { from, path, key: keyOf(path.join('.')) };
}

type Values = { readonly [key: string]: AttributeValue };

function isMap(value: AttributeValue | undefined): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** What lies at the path within nested maps; undefined when there is nothing. */
export function valueAt(value: AttributeValue | undefined, path: readonly string[]): AttributeValue | undefined {
  let at = value;
  for (const name of path) {
    if (!isMap(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

/** The value without what lies at the path. The same object when there is nothing. */
export function without(value: AttributeValue, path: readonly string[]): AttributeValue {
  const [name, ...rest] = path;
  if (name === undefined || !isMap(value) || !Object.hasOwn(value, name)) return value;
  const inner = value[name] ?? null;
  const kept = rest.length === 0 ? undefined : without(inner, rest);
  if (kept === inner) return value;
  const entries = Object.entries(value).filter(([key]) => key !== name || kept !== undefined);
  return Object.fromEntries(entries.map(([key, own]) => [key, key === name && kept !== undefined ? kept : own]));
}
