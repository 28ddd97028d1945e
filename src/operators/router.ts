import type { LogBatch } from '#model';
import type { RouterConfig } from './config.ts';
import { toAttributeValue } from './edits.ts';
import { isTrue, parseCondition, type Expression } from './expression/parse.ts';
import type { Failures } from './failures.ts';
import { parseField, type Field } from './field.ts';
import type { Operator } from './operator.ts';
import { writeField, type FieldValue } from './values.ts';

interface Route {
  readonly condition: Expression;
  readonly attributes: readonly (readonly [Field, FieldValue])[];
}

/** Gives each row to the operator of the first route whose condition is true. */
export class Router implements Operator {
  readonly #routes: readonly Route[];
  readonly #hasDefault: boolean;
  readonly #failures: Failures;
  #routeOf: Uint16Array = new Uint16Array(0);

  /** Throws RangeError when a condition cannot be read. */
  constructor(config: RouterConfig, failures: Failures) {
    this.#routes = (config.routes ?? []).map(({ expr, attributes = {} }) => ({
      condition: parseCondition(expr),
      attributes: Object.entries(attributes).map(([name, value]) => [
        parseField(`attributes[${JSON.stringify(name)}]`),
        toAttributeValue(value),
      ]),
    }));
    this.#hasDefault = config.default !== undefined;
    this.#failures = failures;
  }

  process(batch: LogBatch): void {
    if (this.#routeOf.length < batch.length) this.#routeOf = new Uint16Array(batch.length);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const at = this.#routes.findIndex(({ condition }) => isTrue(condition, batch, row));
      const route = this.#routes[at];
      this.#routeOf[row] = route ? at : this.#routes.length;
      for (const [field, value] of route?.attributes ?? []) writeField(batch, row, field, value);
      if (!route && !this.#hasDefault) this.#failures.add(batch, row, () => 'no route takes the record, and there is no default');
    }
  }

  outputOf(row: number): number {
    return this.#routeOf[row] as number;
  }
}
