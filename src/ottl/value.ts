import { Double, toJson, type AttributeValue } from '#model';
import { OttlProblem } from './problem.ts';
import { Duration, Time } from './time-values.ts';

/**
 * What an expression yields. `null` is nil. Whole numbers and bigints are integers; a double that is whole comes as
 * `Double`, so that `2.0` is not taken for `2`.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Double
  | Time
  | Duration
  | readonly Value[]
  | { readonly [key: string]: Value };

export type ValueMap = { readonly [key: string]: Value };

export function isMap(value: unknown): value is ValueMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Uint8Array || value instanceof Double || value instanceof Time || value instanceof Duration);
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

export function isInt(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

export function isDouble(value: unknown): value is number | Double {
  return value instanceof Double || (typeof value === 'number' && !Number.isSafeInteger(value));
}

/** The number of a double, whichever way it is kept. */
export function numberOf(value: number | Double): number {
  return value instanceof Double ? value.value : value;
}

/** A double that stays one: whole numbers are wrapped. */
export function toDouble(value: number): number | Double {
  return Number.isSafeInteger(value) ? new Double(value) : value;
}

/** An integer of 64 bits, as a plain number where that is exact. */
export function toInt(value: bigint): number | bigint {
  const wrapped = BigInt.asIntN(64, value);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

/** The entry of a map, nil when there is none. */
export function entryOf(map: ValueMap, key: string): Value {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

/** Object.fromEntries defines properties rather than assigning them, so a key "__proto__" is a key like any other. */
export function toMap(entries: Iterable<readonly [string, Value]>): ValueMap {
  return Object.fromEntries(entries);
}

export function typeOf(value: Value): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isInt(value)) return 'int';
  if (isDouble(value)) return 'double';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Time) return 'time';
  if (value instanceof Duration) return 'duration';
  return Array.isArray(value) ? 'list' : 'map';
}

const SHOWN_MAX = 40;

/** For messages: the type and the beginning of the value. */
export function describe(value: Value): string {
  if (value === null) return 'nil';
  const text = typeof value === 'string' ? JSON.stringify(value) : (toText(value) ?? '');
  return `${typeOf(value)} ${text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text}`;
}

/** The value as text, the way `IsMatch` and `Concat` see it: bytes in base64, lists and maps as JSON; nil gives nil. */
export function toText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (value instanceof Double) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Time || value instanceof Duration) return value.toString();
  return toJson(toStored(value) as AttributeValue);
}

/** What can be kept in a record. Times and durations become their nanoseconds, as integers. */
export function toStored(value: Value): AttributeValue | Double {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Double) return value;
  return toPlain(value);
}

/** The same for what lies inside lists and maps, where a whole double becomes an integer. */
function toPlain(value: Value): AttributeValue {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (value instanceof Double) return value.value;
  if (value instanceof Time || value instanceof Duration) return toInt(value.nanoseconds);
  if (isList(value)) return value.map(toPlain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]));
}

export function expectText(value: Value, what: string): string {
  if (typeof value === 'string') return value;
  throw new OttlProblem(`${what} must be a string, got ${describe(value)}`);
}

export function expectInt(value: Value, what: string): number | bigint {
  if (isInt(value)) return value;
  throw new OttlProblem(`${what} must be an int, got ${describe(value)}`);
}

export function expectMap(value: Value, what: string): ValueMap {
  if (isMap(value)) return value;
  throw new OttlProblem(`${what} must be a map, got ${describe(value)}`);
}
