import type { LogBatch } from '#model';
import { parseCondition, type Expression } from './expression/parse.ts';
import type { Failures } from './failures.ts';
import type { Operator } from './operator.ts';
import type { Host } from '#component';

/**
 * An operator with an `if`: rows for which the condition is not true pass it by. They are hidden from the operator by
 * the mark of a dropped row, which every operator passes over, and the mark is taken away afterwards.
 */
export class Conditional implements Operator {
  readonly #condition: Expression;
  readonly #operator: Operator;
  readonly #failures: Failures;
  readonly #hidden: number[] = [];

  /** Throws RangeError when the condition cannot be read. */
  constructor(condition: string, operator: Operator, failures: Failures) {
    this.#condition = parseCondition(condition);
    this.#operator = operator;
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#operator.start?.(host);
  }

  process(batch: LogBatch): void {
    const hidden = this.#hidden;
    hidden.length = 0;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || this.#isTrue(batch, row)) continue;
      // The failure may have dropped the row for good.
      if (batch.isDropped[row] === 1) continue;
      batch.isDropped[row] = 1;
      hidden.push(row);
    }
    this.#operator.process(batch);
    for (const row of hidden) batch.isDropped[row] = 0;
  }

  #isTrue(batch: LogBatch, row: number): boolean {
    try {
      const value = this.#condition(batch, row);
      if (typeof value === 'boolean') return value;
      this.#failures.add(batch, row, () => 'the condition is neither true nor false');
    } catch (problem) {
      if (!(problem instanceof TypeError)) throw problem;
      this.#failures.add(batch, row, () => problem.message);
    }
    return false;
  }
}
