import { typesOf } from './compare.ts';
import { OttlProblem } from './problem.ts';
import { Duration, Time } from './time-values.ts';
import { isDouble, isInt, numberOf, toDouble, toInt, type Value } from './value.ts';

/** `left <operator> right`, where the operator is one of `+ - * /`. Integers wrap at 64 bits. Throws OttlProblem. */
export function calculate(operator: string, left: Value, right: Value): Value {
  if (isInt(left) && isInt(right)) return ofInts(operator, left, right);
  if (isDouble(left) && isDouble(right)) return ofDoubles(operator, numberOf(left), numberOf(right));
  const time = ofTimes(operator, left, right);
  if (time) return time;
  throw new OttlProblem(
    `cannot calculate ${typesOf(left, right)} with "${operator}"${isMixed(left, right) ? '; wrap one in Int() or Double()' : ''}`,
  );
}

function isMixed(left: Value, right: Value): boolean {
  return (isInt(left) || isDouble(left)) && (isInt(right) || isDouble(right));
}

function ofInts(operator: string, left: number | bigint, right: number | bigint): number | bigint {
  if (operator === '/' && (right === 0 || right === 0n)) throw new OttlProblem('division by zero');
  if (typeof left === 'number' && typeof right === 'number') {
    const result =
      operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : Math.trunc(left / right);
    // Adding 0 turns -0 into 0.
    if (Number.isSafeInteger(result)) return result + 0;
  }
  const [one, other] = [BigInt(left), BigInt(right)];
  return toInt(operator === '+' ? one + other : operator === '-' ? one - other : operator === '*' ? one * other : one / other);
}

function ofDoubles(operator: string, left: number, right: number): Value {
  if (operator === '/' && right === 0) throw new OttlProblem('division by zero');
  return toDouble(operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : left / right);
}

function ofTimes(operator: string, left: Value, right: Value): Time | Duration | undefined {
  if (operator !== '+' && operator !== '-') return undefined;
  const direction = operator === '+' ? 1n : -1n;
  if (right instanceof Duration) {
    if (left instanceof Duration) return new Duration(left.nanoseconds + direction * right.nanoseconds);
    if (left instanceof Time) return Time.ofNanoseconds(left.nanoseconds + direction * right.nanoseconds);
  }
  if (!(right instanceof Time)) return undefined;
  if (left instanceof Time && operator === '-') return new Duration(left.nanoseconds - right.nanoseconds);
  if (left instanceof Duration && operator === '+') return Time.ofNanoseconds(left.nanoseconds + right.nanoseconds);
  return undefined;
}
