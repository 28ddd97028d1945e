import { Double, LogBatch, SeverityNumber, severityName } from '#model';
import { hint } from '../config/suggest.ts';
import type { CallNode, Node } from './ast.ts';
import { Call, type CallArgument, type FunctionDefinition } from './call.ts';
import { compileComparison } from './comparison.ts';
import { OttlProblem } from './problem.ts';
import type { Compilation, Evaluate, Expression, Test } from './expression.ts';
import { CONVERTERS, EDITORS } from './functions/index.ts';
import { calculate } from './math.ts';
import { resolvePath } from './paths.ts';
import { readSteps } from './steps.ts';
import { describe, toMap, typeOf, type Value } from './value.ts';

const ENUM_PREFIX = 'SEVERITY_NUMBER_';
const ENUMS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 25 }, (_, number) => [
    `${ENUM_PREFIX}${number === SeverityNumber.unspecified ? 'UNSPECIFIED' : severityName(number)}`,
    number,
  ]),
);

/** Compiles a condition. Throws OttlMistake. */
export function compileTest(node: Node, compilation: Compilation): Test {
  switch (node.kind) {
    case 'or': {
      const left = compileTest(node.left, compilation);
      const right = compileTest(node.right, compilation);
      return (batch, row) => left(batch, row) || right(batch, row);
    }
    case 'and': {
      const left = compileTest(node.left, compilation);
      const right = compileTest(node.right, compilation);
      return (batch, row) => left(batch, row) && right(batch, row);
    }
    case 'not': {
      const inner = compileTest(node.inner, compilation);
      return (batch, row) => !inner(batch, row);
    }
    case 'compare':
      return compileComparison(node.operator, compileValue(node.left, compilation), compileValue(node.right, compilation));
    case 'literal':
    case 'call':
      return compileBool(node, compilation);
    case 'reference':
      return compilation.fail(node.at, 'a path alone is no condition; compare it, as in attributes["a"] == true');
    default:
      return compilation.fail(node.at, 'expected a condition: a comparison, or a function that answers true or false');
  }
}

function compileBool(node: Node, compilation: Compilation): Test {
  const { evaluate, isConstant, constant = null } = compileValue(node, compilation);
  if (isConstant && typeof constant !== 'boolean') {
    return compilation.fail(node.at, `expected a condition, got ${describe(constant)}; compare it with something`);
  }
  return (batch, row) => {
    const value = evaluate(batch, row);
    if (typeof value === 'boolean') return value;
    throw new OttlProblem(`a condition must be true or false, got ${describe(value)}`);
  };
}

/** Compiles a value. Throws OttlMistake. */
export function compileValue(node: Node, compilation: Compilation): Expression {
  switch (node.kind) {
    case 'literal': {
      if (Number.isNaN(node.value)) compilation.fail(node.at, 'an int must fit into 64 bits');
      return constantOf(node.isDouble && Number.isSafeInteger(node.value) ? new Double(Number(node.value)) : node.value);
    }
    case 'reference':
      return compileReference(node, compilation);
    case 'call':
      return compileConverter(node, compilation);
    case 'list': {
      const items = node.items.map((item) => compileValue(item, compilation));
      if (items.every(({ isConstant }) => isConstant)) return { ...constantOf(items.map(({ constant }) => constant ?? null)), items };
      return { evaluate: (batch, row) => items.map(({ evaluate }) => evaluate(batch, row)), items };
    }
    case 'map': {
      const entries = node.entries.map(({ key, value }) => [key, compileValue(value, compilation)] as const);
      if (entries.every(([, { isConstant }]) => isConstant))
        return constantOf(toMap(entries.map(([key, { constant }]) => [key, constant ?? null])));
      return { evaluate: (batch, row) => toMap(entries.map(([key, { evaluate }]) => [key, evaluate(batch, row)])) };
    }
    case 'math': {
      const { evaluate: left } = compileValue(node.left, compilation);
      const { evaluate: right } = compileValue(node.right, compilation);
      const evaluate: Evaluate = (batch, row) => calculate(node.operator, left(batch, row), right(batch, row));
      return { evaluate };
    }
    default:
      return compilation.fail(node.at, 'a condition is no value');
  }
}

function constantOf(constant: Value): Expression {
  return { evaluate: () => constant, constant, isConstant: true };
}

function compileReference(node: Extract<Node, { kind: 'reference' }>, compilation: Compilation): Expression {
  const name = compilation.source.slice(node.at, node.end);
  if (/^[A-Z]/.test(name)) {
    const number = ENUMS.get(name);
    if (number !== undefined) return constantOf(number);
    if (CONVERTERS.has(name)) return compilation.fail(node.end, `expected "(" behind ${name}`);
    return compilation.fail(
      node.at,
      `"${name}" is no enum and no function${hint(name, [...ENUMS.keys(), ...CONVERTERS.keys()], 'enums and functions')}`,
    );
  }
  const path = resolvePath(node, compilation, (key) => compileKey(key, compilation));
  return { evaluate: path.get, path };
}

function compileKey(node: Node, compilation: Compilation): Expression {
  const key = compileValue(node, compilation);
  if (key.isConstant && typeof key.constant !== 'string' && !Number.isSafeInteger(key.constant)) {
    compilation.fail(node.at, `a key is a text or an int, got ${typeOf(key.constant ?? null)}`);
  }
  return key;
}

function compileConverter(node: CallNode, compilation: Compilation): Expression {
  const definition = CONVERTERS.get(node.name);
  if (!definition) {
    if (EDITORS.has(node.name)) compilation.fail(node.at, `${node.name} edits the record and gives no value`);
    return compilation.fail(node.at, `"${node.name}" is no function${hint(node.name, [...CONVERTERS.keys()], 'functions')}`);
  }
  const call = new Call(compilation, node, readArguments(node, definition, compilation));
  const called = definition.compile(call);
  if (definition.isVolatile) compilation.isVolatile = true;
  const steps = node.keys.map((key) => compileKey(key, compilation));
  const evaluate: Evaluate = steps.length === 0 ? called : (batch, row) => readSteps(called(batch, row), steps, batch, row);
  if (definition.isVolatile || !call.isConstant || !steps.every(({ isConstant }) => isConstant)) {
    const jsonText = steps.length === 0 ? definition.jsonText?.(call) : undefined;
    return jsonText ? { evaluate, jsonText } : { evaluate };
  }
  return folded(node, evaluate, compilation);
}

let nothing: LogBatch | undefined;

/** A call whose arguments are constants is made once, and a mistake in them is found now. */
function folded(node: CallNode, evaluate: Evaluate, compilation: Compilation): Expression {
  try {
    // The row does not matter to constants.
    const value = evaluate((nothing ??= new LogBatch()), 0);
    return constantOf(value);
  } catch (problem) {
    if (problem instanceof OttlProblem) compilation.fail(node.at, problem.message);
    throw problem;
  }
}

/** Compiles `editor(…)`. Throws OttlMistake. */
export function compileEditor(node: Node, compilation: Compilation): Evaluate {
  if (node.kind !== 'call') return compilation.fail(node.at, 'expected an editor such as set(attributes["a"], "b")');
  const definition = EDITORS.get(node.name);
  if (!definition) {
    if (CONVERTERS.has(node.name))
      compilation.fail(node.at, `${node.name} gives a value and edits nothing; write it inside an editor such as set`);
    return compilation.fail(node.at, `"${node.name}" is no editor${hint(node.name, [...EDITORS.keys()], 'editors')}`);
  }
  const [key] = node.keys;
  if (key) compilation.fail(key.at, 'an editor takes no keys');
  return definition.compile(new Call(compilation, node, readArguments(node, definition, compilation)));
}

/** An argument may also be the bare name of a function, as SHA256 in `replace_pattern(body, "x", "y", SHA256)`. */
function compileArgument(node: Node, compilation: Compilation): Expression {
  const name = node.kind === 'reference' ? compilation.source.slice(node.at, node.end) : '';
  return CONVERTERS.has(name) ? { evaluate: () => null, functionName: name } : compileValue(node, compilation);
}

/** `utf8_safe` and `utf8Safe` are the same argument. */
function normalized(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function readArguments(node: CallNode, definition: FunctionDefinition, compilation: Compilation): Map<string, CallArgument> {
  const names = definition.parameters.map((name) => name.replace('?', ''));
  const found = new Map<string, CallArgument>();
  let isNamed = false;
  for (const [i, argument] of node.arguments.entries()) {
    const { name: given, at } = argument;
    if (given === undefined && isNamed) compilation.fail(at, 'arguments without a name come before those with one');
    isNamed ||= given !== undefined;
    const name = given === undefined ? names[i] : names.find((known) => normalized(known) === normalized(given));
    if (name === undefined) {
      const takes = names.length === 0 ? 'no arguments' : names.join(', ');
      compilation.fail(
        at,
        given === undefined
          ? `${node.name} takes ${takes}; this is one too many`
          : `"${given}" is no argument of ${node.name}${hint(given, names, 'arguments')}`,
      );
    } else {
      if (found.has(name)) compilation.fail(at, `${name} is given twice`);
      found.set(name, { at: argument.value.at, expression: compileArgument(argument.value, compilation) });
    }
  }
  const missing = definition.parameters.find((name) => !name.endsWith('?') && !found.has(name));
  if (missing !== undefined)
    compilation.fail(node.at, `${node.name} needs the argument ${missing}: ${node.name}(${definition.parameters.join(', ')})`);
  return found;
}
