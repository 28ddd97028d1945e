import { EditOnce, type Consumer, type Host, type Processor } from '#component';
import type { LogBatch } from '#model';
import { Environment, OttlFailures, StatementList, contextOf, type ErrorMode, type OttlContext, type StatementTexts } from '#ottl';
import { OriginRuns } from './origin-runs.ts';

interface GroupConfig {
  context?: OttlContext;
  error_mode?: ErrorMode;
  conditions: string[];
  statements: string[];
}

export interface TransformConfig {
  flatten_data?: boolean;
  error_mode: ErrorMode;
  log_statements?: (string | GroupConfig)[];
  trace_statements?: unknown[];
  metric_statements?: unknown[];
  profile_statements?: unknown[];
}

export interface Group extends StatementTexts {
  /** Its place in `log_statements`, or that of its first statement. */
  readonly first: number;
  readonly isPlain: boolean;
  readonly context: OttlContext | undefined;
  readonly mode: ErrorMode | undefined;
}

/** The groups in order. Statements that follow one another without a group are one. */
export function groupsOf({ log_statements: items = [] }: TransformConfig): Group[] {
  const groups: Group[] = [];
  let plain: string[] | undefined;
  for (const [i, item] of items.entries()) {
    if (typeof item !== 'string') {
      const { context, error_mode: mode, conditions, statements } = item;
      groups.push({ first: i, isPlain: false, context, mode, conditions, statements });
      plain = undefined;
    } else if (plain) plain.push(item);
    else {
      plain = [item];
      groups.push({ first: i, isPlain: true, context: undefined, mode: undefined, conditions: [], statements: plain });
    }
  }
  return groups;
}

/** Runs statements on each record, or once for each resource or scope. Drops only what fails under `propagate`; holds nothing. */
export class Transform implements Processor {
  readonly mutates = true;
  readonly #environment = new Environment();
  readonly #failures = new OttlFailures('transform');
  readonly #runs: readonly ((batch: LogBatch) => void)[];
  readonly #editing: EditOnce;

  constructor(config: TransformConfig, next: Consumer) {
    this.#runs = groupsOf(config).map((group) => this.#compile(group, group.mode ?? config.error_mode));
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
  }

  async start(host: Host): Promise<void> {
    this.#environment.start(host);
    this.#failures.start(host);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {
    this.#failures.flush();
  }

  #compile(group: Group, mode: ErrorMode): (batch: LogBatch) => void {
    const context = group.context ?? contextOf(group);
    const list = new StatementList(group, context, { environment: this.#environment, failures: this.#failures, mode });
    if (context === 'log') return (batch) => runOnRows(list, batch);
    const runs = new OriginRuns(list, context);
    return (batch) => runs.run(batch);
  }

  #edit(batch: LogBatch): void {
    this.#environment.beginBatch();
    for (const run of this.#runs) run(batch);
    this.#failures.report();
  }
}

function runOnRows(list: StatementList, batch: LogBatch): void {
  for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) list.run(batch, row);
}
