import type { LogBatch } from '#model';
import type { Steps } from './expression.ts';
import { OttlProblem } from './problem.ts';
import { describe, entryOf, isInt, isList, isMap, toMap, typeOf, type Value, type ValueMap } from './value.ts';

/** The value that the steps lead to; nil when a key is missing. Throws OttlProblem where there is nothing to look into. */
export function readSteps(value: Value, steps: Steps, batch: LogBatch, row: number): Value {
  let inner = value;
  for (const step of steps) {
    if (inner === null) return null;
    inner = readStep(inner, step.evaluate(batch, row));
  }
  return inner;
}

function readStep(value: Value, key: Value): Value {
  if (typeof key === 'string') {
    if (isMap(value)) return entryOf(value, key);
    throw new OttlProblem(`${typeOf(value)} has no key ${JSON.stringify(key)}`);
  }
  if (isInt(key) && isList(value)) return value[indexIn(value, key)] ?? null;
  throw new OttlProblem(`${typeOf(value)} has no index ${describe(key)}`);
}

function indexIn(list: readonly Value[], key: number | bigint): number {
  const index = Number(key);
  if (index >= 0 && index < list.length) return index;
  throw new OttlProblem(`index ${index} is out of range: the list has ${list.length} items`);
}

/** The old value with another one where the steps lead; maps on the way are made. */
export function withStep(old: Value, keys: readonly Value[], value: Value): Value {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (typeof key === 'string') {
    const map = old ?? {};
    if (!isMap(map)) throw new OttlProblem(`${typeOf(old)} has no key ${JSON.stringify(key)}`);
    return withEntry(map, key, withStep(entryOf(map, key), rest, value));
  }
  if (!isInt(key) || !isList(old)) throw new OttlProblem(`${typeOf(old)} has no index ${describe(key)}`);
  const index = indexIn(old, key);
  return old.with(index, withStep(old[index] ?? null, rest, value));
}

function withEntry(map: ValueMap, key: string, value: Value): ValueMap {
  return toMap([...Object.entries(map), [key, value]]);
}
