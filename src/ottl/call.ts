import type { LogBatch } from '#model';
import type { CallNode } from './ast.ts';
import type { Compilation, Evaluate, Expression, Path } from './expression.ts';
import type { MapTarget } from './map-target.ts';
import { OttlProblem } from './problem.ts';
import type { TextLocator } from './text-locator.ts';
import { Duration, Time } from './time-values.ts';
import { describe, expectInt, expectMap, expectText, isList, typeOf, type Value, type ValueMap } from './value.ts';

type Of<Result> = (batch: LogBatch, row: number) => Result;

/** A function of the language. */
export interface FunctionDefinition {
  /** Names in order; `?` behind the optional ones. */
  readonly parameters: readonly string[];
  readonly compile: (call: Call) => Evaluate;
  /** Where the text lies, of a function that parses JSON. */
  readonly jsonText?: (call: Call) => TextLocator | undefined;
  /** True when equal arguments may give different values. */
  readonly isVolatile?: boolean;
}

export interface CallArgument {
  readonly at: number;
  readonly expression: Expression;
}

/** The arguments of one call while it is compiled: each is asked for as what the function needs. */
export class Call {
  readonly compilation: Compilation;
  readonly node: CallNode;
  readonly #arguments: ReadonlyMap<string, CallArgument>;

  constructor(compilation: Compilation, node: CallNode, all: ReadonlyMap<string, CallArgument>) {
    this.compilation = compilation;
    this.node = node;
    this.#arguments = all;
  }

  has(name: string): boolean {
    return this.#arguments.has(name);
  }

  /** True when all arguments are the same for all rows. */
  get isConstant(): boolean {
    return Array.from(this.#arguments.values()).every(({ expression }) => expression.isConstant === true);
  }

  fail(name: string, message: string): never {
    return this.compilation.fail(this.#arguments.get(name)?.at ?? this.node.at, `${this.node.name}: ${name} ${message}`);
  }

  expression(name: string): Expression {
    return this.#argument(name).expression;
  }

  value(name: string): Evaluate {
    return this.expression(name).evaluate;
  }

  text(name: string): Of<string> {
    const { evaluate } = this.#checked(name, (value) => typeof value === 'string', 'a string');
    const what = this.#what(name);
    return (batch, row) => expectText(evaluate(batch, row), what);
  }

  int(name: string): Of<number | bigint> {
    const evaluate = this.value(name);
    const what = this.#what(name);
    return (batch, row) => expectInt(evaluate(batch, row), what);
  }

  map(name: string): Of<ValueMap> {
    const { evaluate } = this.#checked(name, (value) => typeof value === 'object', 'a map');
    const what = this.#what(name);
    return (batch, row) => expectMap(evaluate(batch, row), what);
  }

  list(name: string): Of<readonly Value[]> {
    const { evaluate } = this.#checked(name, isList, 'a list');
    const what = this.#what(name);
    return (batch, row) => {
      const value = evaluate(batch, row);
      if (isList(value)) return value;
      throw new OttlProblem(`${what} must be a list, got ${describe(value)}`);
    };
  }

  time(name: string): Of<Time> {
    const evaluate = this.value(name);
    const what = this.#what(name);
    return (batch, row) => {
      const value = evaluate(batch, row);
      if (value instanceof Time) return value;
      throw new OttlProblem(`${what} must be a time, got ${describe(value)}`);
    };
  }

  duration(name: string): Of<Duration> {
    const evaluate = this.value(name);
    const what = this.#what(name);
    return (batch, row) => {
      const value = evaluate(batch, row);
      if (value instanceof Duration) return value;
      throw new OttlProblem(`${what} must be a duration, got ${describe(value)}`);
    };
  }

  path(name: string): Path {
    const { expression } = this.#argument(name);
    return expression.path ?? this.fail(name, 'must be a path, such as attributes or attributes["name"]');
  }

  mapTarget(name: string): MapTarget {
    return this.path(name).map ?? this.fail(name, 'must be a map, such as attributes');
  }

  /** The name of a function that is itself an argument, as `SHA256` in `replace_pattern(body, "x", "y", SHA256)`. */
  functionName(name: string): string {
    return this.#arguments.get(name)?.expression.functionName ?? this.fail(name, 'must be the name of a function, such as SHA256');
  }

  /** A text that must stand in the expression itself, such as a pattern. */
  constantText(name: string, fallback?: string): string {
    if (fallback !== undefined && !this.has(name)) return fallback;
    const value = this.#constant(name);
    return typeof value === 'string' ? value : this.fail(name, `must be a text in double quotes, got ${describe(value)}`);
  }

  constantBool(name: string, fallback: boolean): boolean {
    if (!this.has(name)) return fallback;
    const value = this.#constant(name);
    return typeof value === 'boolean' ? value : this.fail(name, `must be true or false, got ${describe(value)}`);
  }

  constantInt(name: string, bounds: { readonly min: number; readonly fallback?: number }): number {
    if (bounds.fallback !== undefined && !this.has(name)) return bounds.fallback;
    const value = this.#constant(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= bounds.min) return value;
    return this.fail(name, `must be an int of at least ${bounds.min}, got ${describe(value)}`);
  }

  constantTexts(name: string): readonly string[] {
    if (!this.has(name)) return [];
    const value = this.#constant(name);
    if (isList(value) && value.every((item) => typeof item === 'string')) return value;
    return this.fail(name, `must be a list of texts in double quotes, got ${describe(value)}`);
  }

  #constant(name: string): Value {
    const { isConstant, constant } = this.expression(name);
    return isConstant ? (constant ?? null) : this.fail(name, 'must be written out here; it cannot come from a record');
  }

  #argument(name: string): CallArgument {
    const argument = this.#arguments.get(name);
    if (!argument) return this.compilation.fail(this.node.at, `${this.node.name} needs the argument ${name}`);
    const { functionName } = argument.expression;
    return functionName === undefined ? argument : this.compilation.fail(argument.at, `expected "(" behind ${functionName}`);
  }

  /** What is wrong for every row is told when the expression is read. */
  #checked(name: string, isRight: (value: Value) => boolean, expected: string): Expression {
    const expression = this.expression(name);
    if (expression.isConstant && !isRight(expression.constant ?? null)) {
      this.fail(name, `must be ${expected}, got ${typeOf(expression.constant ?? null)}`);
    }
    return expression;
  }

  #what(name: string): string {
    return `${this.node.name}: ${name}`;
  }
}
