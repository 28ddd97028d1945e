import type { Counter, Host } from '#component';
import type { LogBatch } from '#model';
import { parseCondition, type Expression } from './expression/parse.ts';
import type { Failures } from './failures.ts';
import type { FilterConfig } from './formats/config.ts';
import type { Operator } from './operator.ts';

/** Drops rows for which a condition is true, all of them or a share. */
export class Filter implements Operator {
  readonly #condition: Expression;
  readonly #ratio: number;
  readonly #failures: Failures;
  #random: () => number = Math.random;
  #dropped: Counter | undefined;

  /** Throws RangeError when the condition cannot be read. */
  constructor(config: FilterConfig, failures: Failures) {
    this.#condition = parseCondition(config.expr);
    this.#ratio = config.drop_ratio ?? 1;
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#random = host.random;
    this.#dropped = host.metrics.counter('winnow_operator_filtered_log_records', 'Records that a filter operator has dropped.');
  }

  process(batch: LogBatch): void {
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || !this.#isMeant(batch, row)) continue;
      if (this.#ratio < 1 && this.#random() >= this.#ratio) continue;
      this.#dropped?.add(1);
      batch.drop(row, 'filter');
    }
  }

  #isMeant(batch: LogBatch, row: number): boolean {
    try {
      return this.#condition(batch, row) === true;
    } catch (problem) {
      if (!(problem instanceof TypeError)) throw problem;
      this.#failures.add(batch, row, () => problem.message);
      return false;
    }
  }
}
