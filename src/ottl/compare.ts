import type { Operator } from './ast.ts';
import { Duration, Time } from './time-values.ts';
import { isList, isMap, numberOf, typeOf, type Value } from './value.ts';
import { Double } from '#model';

/**
 * Compares as the language says: numbers of different kinds as numbers, all else only with its like. What cannot be
 * compared is unequal, and neither less nor greater.
 */
export function compareValues(operator: Operator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    default: {
      const order = orderOf(left, right);
      return order !== undefined && holds(operator, order);
    }
  }
}

/** Whether `order <operator> 0`. */
export function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '==':
      return order === 0;
    default:
      return order !== 0;
  }
}

export function isEqual(left: Value, right: Value): boolean {
  if (typeof left === 'string' || left === null || right === null) return left === right;
  if (isList(left)) return isList(right) && left.length === right.length && left.every((item, i) => isEqual(item, right[i] ?? null));
  if (isMap(left)) {
    if (!isMap(right)) return false;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key] ?? null, right[key] ?? null))
    );
  }
  return orderOf(left, right) === 0;
}

/** Less than 0, 0 or greater; undefined when the two cannot be ordered. */
export function orderOf(left: Value, right: Value): number | undefined {
  const one = plain(left);
  const other = plain(right);
  if (typeof one === 'string' && typeof other === 'string') return orderOfTexts(one, other);
  if (isNumeric(one) && isNumeric(other)) return sign(one, other);
  if (typeof one === 'boolean' && typeof other === 'boolean') return Number(one) - Number(other);
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other);
  if ((one instanceof Time && other instanceof Time) || (one instanceof Duration && other instanceof Duration)) {
    return sign(one.nanoseconds, other.nanoseconds);
  }
  return undefined;
}

function plain(value: Value): Value {
  return value instanceof Double ? numberOf(value) : value;
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function sign(one: number | bigint, other: number | bigint): number | undefined {
  return one < other ? -1 : one > other ? 1 : one == other ? 0 : undefined; // oxlint-disable-line eqeqeq -- 1n and 1 are the same number
}

// Bytes decide, not UTF-16 units: they differ for characters beyond 16 bits.
const BEYOND = /[\ud800-\uffff]/;

function orderOfTexts(one: string, other: string): number {
  if (BEYOND.test(one) || BEYOND.test(other)) return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return one < other ? -1 : one > other ? 1 : 0;
}

/** For messages about values that should have been of one kind. */
export function typesOf(left: Value, right: Value): string {
  return `${typeOf(left)} and ${typeOf(right)}`;
}
