import { isList, isMap, type Value } from '../value.ts';

export interface FlattenOptions {
  readonly prefix: string;
  readonly depth: number;
  /** Keys that come twice get a number: `a`, `a.0`, `a.1`. Else the last one stays. */
  readonly resolvesConflicts: boolean;
}

/** Maps and lists inside become entries of their own, their keys joined with dots. */
export function flattenEntries(entries: readonly (readonly [string, Value])[], options: FlattenOptions): Map<string, Value> {
  const flat = new Map<string, Value>();
  const conflicts = new Map<string, number>();
  const put = (key: string, value: Value): void => {
    if (!options.resolvesConflicts || !flat.has(key)) {
      flat.set(key, value);
      return;
    }
    const number = conflicts.get(key) ?? 0;
    conflicts.set(key, number + 1);
    flat.set(`${key}.${number}`, value);
  };
  const walk = (key: string, value: Value, depth: number): void => {
    const isDeepEnough = depth >= options.depth;
    if (isMap(value) && !isDeepEnough) {
      for (const [name, inner] of Object.entries(value)) walk(`${key}.${name}`, inner, depth + 1);
    } else if (isList(value) && !isDeepEnough) {
      // With conflicts resolved, items of a list share its key and are numbered like any other conflict.
      for (const [index, inner] of value.entries()) walk(options.resolvesConflicts ? key : `${key}.${index}`, inner, depth + 1);
    } else put(key, value);
  };
  for (const [key, value] of entries) walk(options.prefix === '' ? key : `${options.prefix}.${key}`, value, 0);
  return flat;
}
