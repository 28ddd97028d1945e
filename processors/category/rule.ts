import { SeverityNumber, type LogBatch } from '#model';
import { compileCondition, type CompiledCondition, type Environment } from '#ottl';
import type { Captures } from './name-patterns.ts';
import type { RowFacts } from './row-facts.ts';
import type { RuleConfig } from './rule-config.ts';

const NO_CAPTURES: Captures = [];

/** One rule, compiled: questions to the facts of a row, the cheapest first. */
export class Rule {
  readonly #index: number;
  readonly #config: RuleConfig;
  readonly #isConstant: boolean;
  readonly #severity: number;
  readonly #condition: CompiledCondition | undefined;
  #captures: Captures = NO_CAPTURES;

  constructor(config: RuleConfig, index: number, environment: Environment) {
    this.#index = index;
    this.#config = config;
    this.#isConstant = !/\{[1-9]\}/.test(config.category);
    this.#severity = config.severity === undefined ? 0 : severityNumberOf(config.severity);
    this.#condition = config.if === undefined ? undefined : compileCondition(config.if, { environment });
  }

  get hasCondition(): boolean {
    return this.#condition !== undefined;
  }

  /** Throws OttlProblem when the condition cannot be answered. */
  matches(batch: LogBatch, row: number, facts: RowFacts): boolean {
    const { services, paths, loggers, attributes, keywords } = this.#config;
    if ((batch.severity[row] as number) < this.#severity) return false;
    this.#captures = NO_CAPTURES;
    if (services && !this.#take(facts.services[this.#index])) return false;
    if (paths && !this.#take(facts.paths[this.#index])) return false;
    if (loggers && !this.#take(facts.loggers[this.#index])) return false;
    if (attributes && !facts.hasAttribute(this.#index)) return false;
    if (this.#condition && !this.#condition(batch, row)) return false;
    return !keywords || facts.hasKeyword(this.#index);
  }

  /** The category of the row that has just matched. */
  category(): string {
    const { category } = this.#config;
    if (this.#isConstant) return category;
    return category.replaceAll(/\{([1-9])\}/g, (_, index: string) => this.#captures[Number(index) - 1] ?? '');
  }

  #take(captures: Captures | undefined): boolean {
    if (captures && captures.length > 0) this.#captures = captures;
    return captures !== undefined;
  }
}

function severityNumberOf(name: NonNullable<RuleConfig['severity']>): number {
  return SeverityNumber[name.toLowerCase() as keyof typeof SeverityNumber];
}
