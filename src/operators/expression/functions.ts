import { Double, toJson } from '#model';
import { textOf, type Value } from './compare.ts';

interface FunctionOfValues {
  readonly parameters: number;
  /** Throws TypeError. */
  readonly apply: (...values: Value[]) => Value;
}

/** Functions of the Collector's expressions. */
export const FUNCTIONS: Readonly<Record<string, FunctionOfValues>> = {
  env: { parameters: 1, apply: (name) => process.env[textOf(name)] ?? '' },
  hasPrefix: { parameters: 2, apply: (text, start) => textOf(text).startsWith(textOf(start)) },
  hasSuffix: { parameters: 2, apply: (text, end) => textOf(text).endsWith(textOf(end)) },
  len: { parameters: 1, apply: lengthOf },
  lower: { parameters: 1, apply: (text) => textOf(text).toLowerCase() },
  string: { parameters: 1, apply: asText },
  trim: { parameters: 1, apply: (text) => textOf(text).trim() },
  type: { parameters: 1, apply: typeOf },
  upper: { parameters: 1, apply: (text) => textOf(text).toUpperCase() },
};

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
