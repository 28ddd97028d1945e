import { ConfigError, type ConfigProblem, type Host } from '#component';
import type { LogBatch } from '#model';
import { Conditional } from './condition.ts';
import type { OperatorConfig } from './config.ts';
import { Add, AssignKeys, Move, Remove, Retain } from './edits.ts';
import { Failures } from './failures.ts';
import { Filter } from './filter.ts';
import { Flatten } from './flatten.ts';
import { Flow } from './flow.ts';
import type { FilterConfig, FormatConfig } from './formats/config.ts';
import { createFormatOperator, isFormat } from './formats/create.ts';
import { JsonParser } from './json/json-parser.ts';
import type { Operator, RowStep } from './operator.ts';
import { planOf, type Plan } from './plan.ts';
import { RegexParser } from './regex/regex-parser.ts';
import { Router } from './router.ts';
import { ScopeName } from './scope-name.ts';
import { Severity } from './severity/severity.ts';
import { StepOperator } from './steps.ts';
import { RegexReplace, SanitizeUtf8, Unquote } from './texts.ts';
import { Timestamp } from './time/timestamp.ts';
import { Trace } from './trace.ts';

/** Operators compiled, by their places in the list. Rows they cannot handle are counted and kept or dropped as `on_error` says. */
export interface Compiled {
  readonly plan: Plan;
  /** Undefined for those that do nothing by themselves. */
  readonly operators: readonly (Operator | undefined)[];
  readonly failures: readonly Failures[];
}

/** Operators that handle each batch by itself. */
export class OperatorChain {
  readonly #operators: readonly Operator[];
  readonly #failures: readonly Failures[];
  readonly #flow: Flow | undefined;
  readonly #end: number;

  /** With a flow, which operators in a line do not need, those up to the place `end` of it. */
  constructor({ operators, failures }: Compiled, flow?: Flow, end: number = flow?.end ?? 0) {
    this.#operators = operators.filter((operator) => operator !== undefined);
    this.#failures = failures;
    this.#flow = flow;
    this.#end = end;
  }

  start(host: Host): void {
    for (const failures of this.#failures) failures.start(host);
    for (const operator of this.#operators) operator.start?.(host);
  }

  /** Edits the batch in place. Never throws because of what the rows hold. */
  process(batch: LogBatch): void {
    const flow = this.#flow;
    if (flow) {
      flow.begin(batch);
      flow.run(batch, 0, this.#end);
    } else for (const operator of this.#operators) operator.process(batch);
    this.report();
  }

  /** Tells of failures, if the last time is long enough ago. */
  report(): void {
    for (const failures of this.#failures) failures.report();
  }

  /** Tells of failures that were not told yet. */
  stop(): void {
    for (const failures of this.#failures) failures.flush();
  }
}

/** Compiles a list of operators none of which holds rows. Throws ConfigError when one cannot run; `checkOperators` finds the same problems. */
export function compileOperators(configs: readonly OperatorConfig[], settings: { readonly id: string }): OperatorChain {
  const compiled = compile(configs, settings);
  const { plan, operators } = compiled;
  return new OperatorChain(compiled, plan.isLine ? undefined : new Flow(plan, operators));
}

/** Throws ConfigError when one cannot run. */
export function compile(configs: readonly OperatorConfig[], settings: { readonly id: string }): Compiled {
  const plan = planOf(configs);
  const problems: ConfigProblem[] = plan.problems.map(({ path, message }) => ({ path: `${settings.id}.operators.${path}`, message }));
  const operators: (Operator | undefined)[] = [];
  const allFailures: Failures[] = [];
  for (const [index, config] of configs.entries()) {
    const failures = new Failures(plan.ids[index] ?? config.type, config.type, config.on_error ?? 'send');
    try {
      const operator = createOperator(config, failures);
      const condition = config.if ?? '';
      operators.push(operator && condition !== '' ? new Conditional(condition, operator, failures) : operator);
      if (operator) allFailures.push(failures);
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      problems.push({ path: `${settings.id}.operators.${index}`, message: problem.message });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { plan, operators, failures: allFailures };
}

/** Undefined for an operator that does nothing, or nothing by itself. Throws RangeError when it cannot run. */
export function createOperator(config: OperatorConfig, failures: Failures): Operator | undefined {
  switch (config.type) {
    case 'json_parser':
      return new JsonParser(config, failures);
    case 'regex_parser':
      return new RegexParser(config, failures);
    case 'filter':
      return new Filter(config, failures);
    case 'router':
      return new Router(config, failures);
    case 'noop':
    case 'recombine':
      return undefined;
    default:
      if (isFormat(config)) return createFormatOperator(config, failures);
      return new StepOperator(createStep(config), failures);
  }
}

type StepConfig = Exclude<
  OperatorConfig,
  FormatConfig | FilterConfig | { type: 'json_parser' | 'regex_parser' | 'router' | 'noop' | 'recombine' }
>;

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
    case 'assign_keys':
      return new AssignKeys(config);
    case 'unquote':
      return new Unquote(config);
    case 'sanitize_utf8':
      return new SanitizeUtf8(config);
    case 'strip_ansi_escape_codes':
      return new RegexReplace({ type: 'regex_replace', field: config.field ?? 'body', regex_name: 'ansi_control_sequences' });
    case 'regex_replace':
      return new RegexReplace(config);
  }
}
