import { EditOnce, type Consumer, type Counter, type Host, type Processor } from '#component';
import type { LogBatch } from '#model';
import { ConditionList, Environment, OttlFailures, contextOf } from '#ottl';
import { groupsOf, type ConditionGroup, type FilterConfig } from './config.ts';
import { createMatcher, type Matcher } from './matcher.ts';

const REASON = 'filtered';

/** Drops the records for which a condition holds, counted. Passes all others on as they are, at once. */
export class Filter implements Processor {
  // To drop a row is to mark it in the batch.
  readonly mutates = true;
  readonly touches = 'reads';
  readonly #environment = new Environment();
  readonly #failures = new OttlFailures('filter');
  readonly #conditions: readonly ConditionList[];
  readonly #include: Matcher | undefined;
  readonly #exclude: Matcher | undefined;
  readonly #dropping: EditOnce;
  #dropped: Counter | undefined;
  #filtered: Counter | undefined;

  constructor(config: FilterConfig, next: Consumer) {
    const { include, exclude } = config.logs ?? {};
    this.#include = include && createMatcher(include);
    this.#exclude = exclude && createMatcher(exclude);
    this.#conditions = groupsOf(config).map((group) => this.#compile(group));
    this.#dropping = new EditOnce(next, (batch) => this.#filter(batch));
  }

  async start(host: Host): Promise<void> {
    this.#environment.start(host);
    this.#failures.start(host);
    this.#dropped = host.metrics.counter('winnow_processor_dropped_log_records', 'Log records dropped on purpose.', { reason: REASON });
    this.#filtered = host.metrics.counter('otelcol_processor_filter_logs_filtered', 'Log records dropped by the filter processor.');
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#dropping.consume(batch);
  }

  async shutdown(): Promise<void> {
    this.#failures.flush();
  }

  #compile({ conditions, context, mode }: ConditionGroup): ConditionList {
    const options = { environment: this.#environment, failures: this.#failures, mode };
    return new ConditionList(conditions, context ?? contextOf({ conditions, statements: [] }), options);
  }

  #filter(batch: LogBatch): void {
    let dropped = 0;
    this.#environment.beginBatch();
    const include = this.#include?.(batch);
    const exclude = this.#exclude?.(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const isUnwanted = (include && !include(row)) || exclude?.(row) || this.#holds(batch, row);
      // A condition that failed may have dropped it for another reason.
      if (!isUnwanted || batch.isDropped[row] === 1) continue;
      batch.drop(row, REASON);
      dropped++;
    }
    this.#failures.report();
    if (dropped === 0) return;
    this.#dropped?.add(dropped);
    this.#filtered?.add(dropped);
  }

  #holds(batch: LogBatch, row: number): boolean {
    for (const conditions of this.#conditions) if (batch.isDropped[row] === 0 && conditions.holds(batch, row)) return true;
    return false;
  }
}
