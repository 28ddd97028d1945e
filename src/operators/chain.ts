import { ConfigError, type ConfigProblem, type Host } from '#component';
import type { LogBatch } from '#model';
import { Conditional } from './condition.ts';
import type { OperatorConfig } from './config.ts';
import { Add, Move, Remove, Retain } from './edits.ts';
import { Failures } from './failures.ts';
import { Filter } from './filter.ts';
import { Flatten } from './flatten.ts';
import type { FilterConfig, FormatConfig } from './formats/config.ts';
import { createFormatOperator, isFormat } from './formats/create.ts';
import { JsonParser } from './json/json-parser.ts';
import type { Operator, RowStep } from './operator.ts';
import { RegexParser } from './regex/regex-parser.ts';
import { ScopeName } from './scope-name.ts';
import { Severity } from './severity/severity.ts';
import { StepOperator } from './steps.ts';
import { Timestamp } from './time/timestamp.ts';
import { Trace } from './trace.ts';

/** Operators in a row, compiled. Rows they cannot handle are counted and kept or dropped as `on_error` says. */
export class OperatorChain {
  readonly #operators: readonly Operator[];
  readonly #failures: readonly Failures[];

  constructor(operators: readonly Operator[], failures: readonly Failures[]) {
    this.#operators = operators;
    this.#failures = failures;
  }

  start(host: Host): void {
    for (const failures of this.#failures) failures.start(host);
    for (const operator of this.#operators) operator.start?.(host);
  }

  /** Edits the batch in place. Never throws because of what the rows hold. */
  process(batch: LogBatch): void {
    for (const operator of this.#operators) operator.process(batch);
    for (const failures of this.#failures) failures.report();
  }

  /** Tells of failures that were not told yet. */
  stop(): void {
    for (const failures of this.#failures) failures.flush();
  }
}

/** Compiles a list of operators. Throws ConfigError when one cannot run; `checkOperators` finds the same problems. */
export function compileOperators(configs: readonly OperatorConfig[], settings: { readonly id: string }): OperatorChain {
  const names = operatorIds(configs);
  const problems: ConfigProblem[] = [];
  const operators: Operator[] = [];
  const allFailures: Failures[] = [];
  for (const [index, config] of configs.entries()) {
    try {
      const failures = new Failures(names[index] ?? config.type, config.type, config.on_error ?? 'send');
      const operator = createOperator(config, failures);
      if (!operator) continue;
      const condition = config.if ?? '';
      operators.push(condition === '' ? operator : new Conditional(condition, operator, failures));
      allFailures.push(failures);
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      problems.push({ path: `${settings.id}.operators.${index}`, message: problem.message });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return new OperatorChain(operators, allFailures);
}

/** The ids of the operators: the type where none is given, with a number where one is taken. */
export function operatorIds(configs: readonly OperatorConfig[]): string[] {
  const taken = new Set<string>();
  return configs.map(({ id, type }) => {
    const wanted = id ?? type;
    let name = wanted;
    for (let number = 1; taken.has(name); number++) name = `${wanted}${number}`;
    taken.add(name);
    return name;
  });
}

/** Undefined for an operator that does nothing. Throws RangeError when it cannot run. */
export function createOperator(config: OperatorConfig, failures: Failures): Operator | undefined {
  switch (config.type) {
    case 'json_parser':
      return new JsonParser(config, failures);
    case 'regex_parser':
      return new RegexParser(config, failures);
    case 'filter':
      return new Filter(config, failures);
    case 'noop':
      return undefined;
    default:
      if (isFormat(config)) return createFormatOperator(config, failures);
      return new StepOperator(createStep(config), failures);
  }
}

type StepConfig = Exclude<OperatorConfig, FormatConfig | FilterConfig | { type: 'json_parser' | 'regex_parser' | 'noop' }>;

function createStep(config: StepConfig): RowStep {
  switch (config.type) {
    case 'time_parser':
      return new Timestamp(config);
    case 'severity_parser':
      return new Severity(config);
    case 'trace_parser':
      return new Trace(config);
    case 'move':
    case 'copy':
      return new Move(config);
    case 'add':
      return new Add(config);
    case 'remove':
      return new Remove(config);
    case 'retain':
      return new Retain(config);
    case 'scope_name_parser':
      return new ScopeName(config.parse_from);
    case 'flatten':
      return new Flatten(config);
  }
}
