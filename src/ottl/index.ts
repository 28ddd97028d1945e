/**
 * OTTL, the language of conditions and edits of the OpenTelemetry Collector, compiled to closures over the columns of a
 * batch. Imported as `#ottl`. What is read by mistake throws RangeError with the place; what cannot be done on a record
 * throws OttlProblem when the closure runs.
 */
import { Environment } from './environment.ts';
import { compileEditor, compileTest, compileValue as compileExpression } from './compile.ts';
import { Compilation, type Cache, type ContextName, type Evaluate, type Test } from './expression.ts';
import { parseExpression, parseStatement } from './grammar.ts';

export { Environment } from './environment.ts';
export { OttlMistake, OttlProblem } from './problem.ts';
export type { Value as OttlValue } from './value.ts';
export { ERROR_MODES, OttlFailures, type ErrorMode } from './failures.ts';
export { ConditionList, StatementList, contextOf, type ListOptions, type StatementTexts } from './statements.ts';
export { checkOttl } from './check.ts';
export type OttlContext = ContextName;

export interface OttlOptions {
  /** Whose fields can be named without a prefix. `log` when not given. */
  readonly context?: OttlContext;
  /** Time and random numbers; a component hands in one that it starts with its host. */
  readonly environment?: Environment;
}

/** True for rows that the condition holds for. Throws OttlProblem where that cannot be answered. */
export type CompiledCondition = Test;
export type CompiledValue = Evaluate;
export type CompiledStatement = (batch: Parameters<Test>[0], row: number) => void;

/** Compiles a condition such as `severity_number >= SEVERITY_NUMBER_WARN and IsMatch(body, "timeout")`. Throws RangeError. */
export function compileCondition(text: string, options: OttlOptions = {}): CompiledCondition {
  return compileTest(parseExpression(text), compilationOf(text, options, { values: {} }));
}

/** Compiles a value such as `Concat([attributes["a"], attributes["b"]], "-")`. Throws RangeError. */
export function compileValue(text: string, options: OttlOptions = {}): CompiledValue {
  return compileExpression(parseExpression(text), compilationOf(text, options, { values: {} })).evaluate;
}

/** Compiles a statement such as `set(attributes["a"], "b") where attributes["a"] == nil`. Throws RangeError. */
export function compileStatement(text: string, options: OttlOptions = {}): CompiledStatement {
  const { editor, where } = parseStatement(text);
  const cache: Cache = { values: {} };
  const compilation = compilationOf(text, options, cache);
  const edit = compileEditor(editor, compilation);
  const test = where && compileTest(where, compilation);
  return (batch, row) => {
    cache.values = {};
    if (!test || test(batch, row)) edit(batch, row);
  };
}

function compilationOf(text: string, { context = 'log', environment = new Environment() }: OttlOptions, cache: Cache): Compilation {
  return new Compilation(text, context, environment, cache);
}
