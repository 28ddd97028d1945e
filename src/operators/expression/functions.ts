import { Double, toJson, type AttributeValue } from '#model';
import { textOf, type Value } from './compare.ts';

interface FunctionOfValues {
  readonly parameters: number;
  /** Throws TypeError. */
  readonly apply: (...values: Value[]) => Value;
}

// More than any record may have; beyond 512 Mi characters V8 throws.
const REPLACED_MAX = 16 * 1024 * 1024;

/** Functions of the Collector's expressions. */
export const FUNCTIONS: Readonly<Record<string, FunctionOfValues>> = {
  env: { parameters: 1, apply: (name) => process.env[textOf(name)] ?? '' },
  float: { parameters: 1, apply: (value) => new Double(Number(numberOf(value))) },
  get: { parameters: 2, apply: memberOf },
  hasPrefix: { parameters: 2, apply: (text, start) => textOf(text).startsWith(textOf(start)) },
  hasSuffix: { parameters: 2, apply: (text, end) => textOf(text).endsWith(textOf(end)) },
  int: { parameters: 1, apply: (value) => Math.trunc(Number(numberOf(value))) },
  len: { parameters: 1, apply: lengthOf },
  lower: { parameters: 1, apply: (text) => textOf(text).toLowerCase() },
  replace: { parameters: 3, apply: replaced },
  string: { parameters: 1, apply: asText },
  trim: { parameters: 1, apply: (text) => textOf(text).trim() },
  trimPrefix: { parameters: 2, apply: (text, start) => withoutStart(textOf(text), textOf(start)) },
  trimSuffix: { parameters: 2, apply: (text, end) => withoutEnd(textOf(text), textOf(end)) },
  type: { parameters: 1, apply: typeOf },
  upper: { parameters: 1, apply: (text) => textOf(text).toUpperCase() },
};

function numberOf(value: Value): number | bigint {
  const plain = value instanceof Double ? value.value : value;
  const number = typeof plain === 'string' && plain.trim() !== '' ? Number(plain) : plain;
  if ((typeof number !== 'number' && typeof number !== 'bigint') || Number.isNaN(number))
    throw new TypeError('a condition expected a number');
  return number;
}

function replaced(text: Value, from: Value, to: Value): string {
  const replacement = textOf(to);
  let size = 0;
  return textOf(text).replaceAll(textOf(from), () => {
    size += replacement.length;
    if (size > REPLACED_MAX) throw new TypeError('replace would make a text of more than 16 Mi characters');
    return replacement;
  });
}

/** The member of a map, or nothing. */
function memberOf(map: Value, name: Value): Value {
  if (typeof map !== 'object' || map === null || map instanceof Double || map instanceof Uint8Array || Array.isArray(map)) return undefined;
  const key = textOf(name);
  return Object.hasOwn(map, key) ? (map as { readonly [key: string]: AttributeValue })[key] : undefined;
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}

function withoutEnd(text: string, end: string): string {
  return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (typeof value === 'object' && value !== null && !(value instanceof Double)) {
    return Array.isArray(value) || value instanceof Uint8Array ? value.length : Object.keys(value).length;
  }
  return textOf(value).length;
}

function asText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Double) return String(value.value);
  return value === undefined || value === null ? 'nil' : toJson(value);
}

function typeOf(value: Value): string {
  if (value === undefined || value === null) return 'nil';
  if (value instanceof Double) return 'float';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      return Array.isArray(value) || value instanceof Uint8Array ? 'array' : 'map';
  }
}
