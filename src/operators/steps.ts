import type { Clock, Host } from '#component';
import type { LogBatch } from '#model';
import type { Failures } from './failures.ts';
import type { Operator, RowStep } from './operator.ts';

/** An operator that does one thing to each row: a parser of time, severity or trace, or an edit. */
export class StepOperator implements Operator {
  readonly #step: RowStep;
  readonly #failures: Failures;
  #clock: Clock | undefined;

  constructor(step: RowStep, failures: Failures) {
    this.#step = step;
    this.#failures = failures;
  }

  start(host: Host): void {
    this.#clock = host.clock;
  }

  process(batch: LogBatch): void {
    const step = this.#step;
    step.begin?.(this.#clock?.now() ?? Date.now());
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      if (!step.apply(batch, row)) this.#failures.add(batch, row, () => step.describe());
    }
  }
}
