import type { LogBatch } from '#model';
import type { Compilation, Evaluate, FieldMaker, Path, Steps } from './expression.ts';
import { ValueTarget } from './map-target.ts';
import { OttlProblem } from './problem.ts';
import { readSteps, withStep } from './steps.ts';
import { describe, expectText, isInt, type Value } from './value.ts';

export type Setter = (batch: LogBatch, row: number, value: Value) => void;

/** A path to something with any values inside, which keys lead into. */
export function nestedPath(text: string, steps: Steps, get: Evaluate, set: Setter): Path {
  if (steps.length === 0) return { text, get, set, map: new ValueTarget(text, get, set) };
  const read: Evaluate = (batch, row) => readSteps(get(batch, row), steps, batch, row);
  const write: Setter = (batch, row, value) => {
    const keys = steps.map((step) => step.evaluate(batch, row));
    set(batch, row, withStep(get(batch, row), keys, value));
  };
  return { text, get: read, set: write, map: new ValueTarget(text, read, write) };
}

/** A field without anything inside. */
export function plainField(get: Evaluate, set?: Setter, more: Pick<Path, 'locator' | 'field'> = {}): FieldMaker {
  return (text, steps, compilation) => {
    refuseKeys(text, steps, compilation);
    return set ? { text, get, set, ...more } : { text, get, ...more };
  };
}

function refuseKeys(text: string, steps: Steps, compilation: Compilation): void {
  if (steps.length > 0)
    compilation.fail(Math.max(0, compilation.source.indexOf(text)), `"${text.slice(0, text.indexOf('['))}" takes no key`);
}

/** A setter for strings. */
export function ofText(name: string, set: (batch: LogBatch, row: number, text: string) => void): Setter {
  return (batch, row, value) => set(batch, row, expectText(value, name));
}

/** A setter for integers between two bounds. */
export function ofInt(name: string, min: number, max: number, set: (batch: LogBatch, row: number, value: number) => void): Setter {
  return (batch, row, value) => {
    if (!isInt(value) || value < min || value > max)
      throw new OttlProblem(`${name} must be an int from ${min} to ${max}, got ${describe(value)}`);
    set(batch, row, Number(value));
  };
}
