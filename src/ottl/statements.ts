import type { LogBatch } from '#model';
import type { Node, StatementNode } from './ast.ts';
import { compileEditor, compileTest } from './compile.ts';
import type { Environment } from './environment.ts';
import { Compilation, type Cache, type ContextName, type Evaluate, type Test } from './expression.ts';
import type { ErrorMode, OttlFailures } from './failures.ts';
import { parseExpression, parseStatement } from './grammar.ts';

export interface ListOptions {
  readonly environment: Environment;
  readonly failures: OttlFailures;
  readonly mode: ErrorMode;
}

interface Condition {
  readonly text: string;
  readonly test: Test;
}

interface Statement {
  readonly text: string;
  readonly edit: Evaluate;
  readonly where: Test | undefined;
}

/** Conditions of which one must hold. One that fails counts as not holding. */
export class ConditionList {
  readonly #conditions: readonly Condition[];
  readonly #options: ListOptions;

  /** Throws OttlMistake. */
  constructor(texts: readonly string[], context: ContextName, options: ListOptions, cache: Cache = { values: {} }) {
    this.#options = options;
    this.#conditions = texts.map((text) => {
      const compilation = new Compilation(text, context, options.environment, cache);
      return { text, test: compileTest(parseExpression(text), compilation) };
    });
  }

  /** True when one holds. A row that a failure has dropped is for the caller to see. */
  holds(batch: LogBatch, row: number): boolean {
    for (const { text, test } of this.#conditions) {
      try {
        if (test(batch, row)) return true;
      } catch (problem) {
        const { failures, mode } = this.#options;
        failures.add(batch, row, { mode, expression: text, problem });
        if (mode === 'propagate') return false;
      }
    }
    return false;
  }
}

export interface StatementTexts {
  readonly statements: readonly string[];
  /** When there are any, one of them must hold. */
  readonly conditions: readonly string[];
}

/** Statements that run one after the other on a row, with a cache of their own. */
export class StatementList {
  readonly #statements: readonly Statement[];
  readonly #conditions: ConditionList | undefined;
  readonly #options: ListOptions;
  readonly #cache: Cache = { values: {} };

  /** Throws OttlMistake. */
  constructor({ statements, conditions }: StatementTexts, context: ContextName, options: ListOptions) {
    this.#options = options;
    if (conditions.length > 0) this.#conditions = new ConditionList(conditions, context, options, this.#cache);
    this.#statements = statements.map((text) => {
      const compilation = new Compilation(text, context, options.environment, this.#cache);
      const { editor, where } = parseStatement(text);
      return { text, edit: compileEditor(editor, compilation), where: where && compileTest(where, compilation) };
    });
  }

  run(batch: LogBatch, row: number): void {
    this.#cache.values = NOTHING;
    if (this.#conditions && !this.#conditions.holds(batch, row)) return;
    for (const { text, edit, where } of this.#statements) {
      try {
        if (!where || where(batch, row)) edit(batch, row);
      } catch (problem) {
        const { failures, mode } = this.#options;
        failures.add(batch, row, { mode, expression: text, problem });
        if (mode === 'propagate') return;
      }
    }
  }
}

const NOTHING = {};

/** The context that a list of statements and conditions is meant for: the narrowest that a prefix names. */
export function contextOf({ statements, conditions }: StatementTexts): ContextName {
  const prefixes = new Set<string>();
  for (const text of statements) for (const node of partsOf(parseStatement(text))) collectPrefixes(node, prefixes);
  for (const text of conditions) collectPrefixes(parseExpression(text), prefixes);
  const named = (['log', 'scope', 'instrumentation_scope', 'resource'] as const).find((name) => prefixes.has(name));
  if (prefixes.has('') || named === undefined || named === 'log') return 'log';
  return named === 'resource' ? 'resource' : 'scope';
}

function partsOf({ editor, where }: StatementNode): Node[] {
  return where ? [editor, where] : [editor];
}

/** The first names of the paths; those without a prefix, such as `body`, as an empty text. */
function collectPrefixes(node: Node, prefixes: Set<string>): void {
  switch (node.kind) {
    case 'reference': {
      const [first] = node.segments;
      if (first && /^[a-z]/.test(first.name))
        prefixes.add(/^(log|scope|instrumentation_scope|resource)$/.test(first.name) ? first.name : '');
      for (const { keys } of node.segments) for (const key of keys) collectPrefixes(key, prefixes);
      return;
    }
    case 'call':
      for (const { value } of node.arguments) collectPrefixes(value, prefixes);
      for (const key of node.keys) collectPrefixes(key, prefixes);
      return;
    case 'list':
      for (const item of node.items) collectPrefixes(item, prefixes);
      return;
    case 'map':
      for (const { value } of node.entries) collectPrefixes(value, prefixes);
      return;
    case 'not':
      collectPrefixes(node.inner, prefixes);
      return;
    case 'literal':
      return;
    default:
      collectPrefixes(node.left, prefixes);
      collectPrefixes(node.right, prefixes);
  }
}
