import type { Host } from '#component';
import type { LogBatch } from '#model';
import { Environment, OttlProblem, compileCondition } from '#ottl';

export type RowCondition = (batch: LogBatch, row: number) => boolean;

/** True for rows for which any of the conditions is. One that cannot be answered for a row is not true. */
export function compileConditions(conditions: readonly string[], host: Host): RowCondition | undefined {
  if (conditions.length === 0) return undefined;
  const environment = new Environment();
  environment.start(host);
  const tests = conditions.map((text) => compileCondition(text, { environment }));
  return (batch, row) => {
    for (const test of tests) {
      try {
        if (test(batch, row)) return true;
      } catch (problem) {
        if (!(problem instanceof OttlProblem)) throw problem;
      }
    }
    return false;
  };
}

/** What is wrong with a condition as it is written; undefined when nothing is. */
export function conditionProblem(text: string): string | undefined {
  try {
    compileCondition(text);
    return undefined;
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    return problem.message;
  }
}
