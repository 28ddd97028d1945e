import { Double } from '#model';
import type { FieldValue } from '../values.ts';

/** What a part of a condition can be. A field that is missing is nil, as in the Collector. */
export type Value = FieldValue | undefined;
export type Comparison = (left: Value, right: Value) => boolean;

/** The operators between two values but for `matches`, which is compiled beforehand. They throw TypeError. */
export const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '==': isEqual,
  '!=': (left, right) => !isEqual(left, right),
  '<': (left, right) => order(left, right) < 0,
  '<=': (left, right) => order(left, right) <= 0,
  '>': (left, right) => order(left, right) > 0,
  '>=': (left, right) => order(left, right) >= 0,
  contains: textTest((left, right) => left.includes(right)),
  startsWith: textTest((left, right) => left.startsWith(right)),
  endsWith: textTest((left, right) => left.endsWith(right)),
  in: isIn,
};

/** False for what is not there. */
function textTest(test: (left: string, right: string) => boolean): Comparison {
  return (left, right) => !isNil(left) && !isNil(right) && test(textOf(left), textOf(right));
}

export function isNil(value: Value): value is null | undefined {
  return value === undefined || value === null;
}

export function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`a condition expected a text, got ${describe(value)}`);
}

export function booleanOf(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`a condition expected true or false, got ${describe(value)}`);
}

function plainOf(value: Value): Exclude<Value, Double | undefined> {
  if (value === undefined) return null;
  return value instanceof Double ? value.value : value;
}

function isEqual(left: Value, right: Value): boolean {
  const one = plainOf(left);
  const other = plainOf(right);
  // Integers too large for a number are bigints, and 1n === 1 is false.
  if (isNumber(one) && isNumber(other)) return order(one, other) === 0;
  if (typeof one !== 'object' || one === null) return one === other;
  return typeof other === 'object' && other !== null && JSON.stringify(one) === JSON.stringify(other);
}

function order(left: Value, right: Value): number {
  const one = plainOf(left);
  const other = plainOf(right);
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other));
  if (isNumber(one) && isNumber(other)) return one < other ? -1 : one > other ? 1 : 0;
  throw new TypeError(`a condition cannot order ${describe(left)} and ${describe(right)}`);
}

/** Numbers are added, texts joined. */
export function sumOf(left: Value, right: Value): Value {
  const one = plainOf(left);
  const other = plainOf(right);
  if (typeof one === 'string' && typeof other === 'string') return one + other;
  if (typeof one === 'number' && typeof other === 'number') {
    return left instanceof Double || right instanceof Double ? new Double(one + other) : one + other;
  }
  throw new TypeError(`a condition cannot add ${describe(left)} and ${describe(right)}`);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isIn(left: Value, right: Value): boolean {
  const within = plainOf(right);
  if (within === null) return false;
  if (Array.isArray(within)) return within.some((item) => isEqual(left, item));
  if (typeof within === 'object' && !(within instanceof Uint8Array)) return Object.hasOwn(within, textOf(left));
  throw new TypeError(`a condition expected a list or a map behind "in", got ${describe(right)}`);
}

function describe(value: Value): string {
  const plain = plainOf(value);
  if (plain === null) return 'nil';
  if (Array.isArray(plain)) return 'a list';
  return typeof plain === 'object' ? 'a map or bytes' : `the ${typeof plain} ${String(plain).slice(0, 40)}`;
}
