import type { LogBatch } from '#model';
import { parseField, type Field } from '../field.ts';
import { compileRegex, type CompiledRegex } from '../regex/compile.ts';
import { Found, TextSource } from '../text-source.ts';
import { readField, resourceOf } from '../values.ts';
import { booleanOf, COMPARISONS, isNil, sumOf, textOf, type Value } from './compare.ts';
import { FUNCTIONS } from './functions.ts';
import { tokensOf, type Token } from './tokens.ts';

/** A condition over one row, compiled. Throws TypeError where a value is of the wrong kind. */
export type Expression = (batch: LogBatch, row: number) => Value;

interface Part {
  readonly evaluate: Expression;
  readonly field?: Field;
}

const CONSTANTS: Readonly<Record<string, Value>> = { true: true, false: false, nil: undefined };
/** Only what can be negated with `not` in front: `x not in [1, 2]`. */
const NEGATABLE: ReadonlySet<string> = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);
const ROOTS: ReadonlySet<string> = new Set(['body', '$', 'attributes', 'resource']);
const DEPTH_MAX = 50;
// Each leads one call deeper, where the stack of V8 has room for some 10,000.
const CHAINED_MAX = 1000;

/**
 * Reads a condition as the Collector writes them, the part of its language that conditions mostly use:
 *
 *   a ? b : c · or || · and && · not ! · == != < <= > >= · in · matches · contains · startsWith · endsWith · + · ?? · ( )
 *   "text" 'text' `text` · 12.5 · true false nil · [a, b] · body.x · attributes["a.b"] · resource.x · attributes · len(body)
 *
 * Throws RangeError.
 */
export function parseCondition(condition: string): Expression {
  return new ConditionParser(condition).parse();
}

/** A condition that cannot be answered, because a value is of another kind, is not true. */
export function isTrue(condition: Expression, batch: LogBatch, row: number): boolean {
  try {
    return condition(batch, row) === true;
  } catch (problem) {
    if (problem instanceof TypeError) return false;
    throw problem;
  }
}

class ConditionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #chained = 0;

  constructor(condition: string) {
    this.#tokens = tokensOf(condition);
  }

  parse(): Expression {
    const { evaluate } = this.#choice();
    if (this.#token.kind !== 'end') this.#fail('and, or, a comparison or the end');
    return evaluate;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #take(...words: readonly string[]): string | undefined {
    const { kind, value } = this.#token;
    if (kind !== 'word' || !words.includes(value)) return undefined;
    this.#at++;
    return value;
  }

  #expect(word: string): void {
    if (this.#take(word) === undefined) this.#fail(`"${word}"`);
  }

  #fail(expected: string): never {
    const { value, position } = this.#token;
    throw new RangeError(`expected ${expected} at character ${position + 1} of the condition, got "${value}"`);
  }

  /** One more of those that are evaluated one inside the other. */
  #chain(): void {
    if (++this.#chained > CHAINED_MAX) this.#fail(`at most ${CHAINED_MAX} comparisons, sums and choices in a condition`);
  }

  #choice(): Part {
    const condition = this.#or();
    if (this.#take('?') === undefined) return condition;
    this.#chain();
    const { evaluate: test } = condition;
    const { evaluate: one } = this.#choice();
    this.#expect(':');
    const { evaluate: other } = this.#choice();
    return { evaluate: (batch, row) => (booleanOf(test(batch, row)) ? one : other)(batch, row) };
  }

  #or(): Part {
    if (++this.#depth > DEPTH_MAX) this.#fail(`at most ${DEPTH_MAX} conditions inside each other`);
    const first = this.#and();
    const parts = [first.evaluate];
    while (this.#take('or', '||') !== undefined) parts.push(this.#and().evaluate);
    this.#depth--;
    return parts.length === 1 ? first : { evaluate: anyOf(parts) };
  }

  #and(): Part {
    const first = this.#comparison();
    const parts = [first.evaluate];
    while (this.#take('and', '&&') !== undefined) parts.push(this.#comparison().evaluate);
    return parts.length === 1 ? first : { evaluate: allOf(parts) };
  }

  #comparison(): Part {
    let left = this.#sum();
    for (let count = 0; ; count++) {
      const before = this.#at;
      const isNegated = this.#take('not') !== undefined;
      const operator = this.#take('matches', ...Object.keys(COMPARISONS));
      if (operator === undefined || (isNegated && !NEGATABLE.has(operator))) {
        this.#at = before;
        return left;
      }
      if (count > 0) this.#chain();
      const compare = operator === 'matches' ? this.#matches(left) : this.#compare(left, operator);
      left = { evaluate: isNegated ? (batch, row) => !compare(batch, row) : compare };
    }
  }

  #compare({ evaluate: one }: Part, operator: string): (batch: LogBatch, row: number) => boolean {
    const compare = COMPARISONS[operator];
    const { evaluate: other } = this.#sum();
    if (!compare) throw new RangeError(`"${operator}" is not known`);
    return (batch, row) => compare(one(batch, row), other(batch, row));
  }

  #matches({ field, evaluate }: Part): (batch: LogBatch, row: number) => boolean {
    const { kind, value: pattern } = this.#token;
    if (kind !== 'text') this.#fail('a regular expression in quotes behind "matches"');
    this.#at++;
    // A group around all, since patterns elsewhere have one at least.
    const regex = compileRegex(`(?P<winnow_condition>${pattern})`);
    const source = field && new TextSource(field);
    return (batch, row) => {
      if (source?.find(batch, row) === Found.text) return regex.match(source.bytes, source.from, source.to);
      const value = evaluate(batch, row);
      return !isNil(value) && matchesText(regex, textOf(value));
    };
  }

  #sum(): Part {
    let left = this.#operand();
    for (;;) {
      const sign = this.#take('+', '??');
      if (sign === undefined) return left;
      this.#chain();
      const { evaluate: one } = left;
      const { evaluate: other } = this.#operand();
      left = {
        evaluate:
          sign === '+' ? (batch, row) => sumOf(one(batch, row), other(batch, row)) : (batch, row) => one(batch, row) ?? other(batch, row),
      };
    }
  }

  #operand(): Part {
    if (this.#take('not', '!') !== undefined) {
      if (++this.#depth > DEPTH_MAX) this.#fail('fewer negations');
      const { evaluate } = this.#operand();
      this.#depth--;
      return { evaluate: (batch, row) => !booleanOf(evaluate(batch, row)) };
    }
    if (this.#take('(') !== undefined) {
      const inner = this.#choice();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[') !== undefined) return this.#list();
    const sign = this.#take('-') === undefined ? 1 : -1;
    const { kind, value } = this.#token;
    if (kind === 'number') return this.#constant(sign * Number(value));
    if (sign < 0) this.#fail('a number');
    if (kind === 'text') return this.#constant(value);
    if (kind === 'word' && Object.hasOwn(CONSTANTS, value)) return this.#constant(CONSTANTS[value]);
    if (kind === 'word' && ROOTS.has(value)) return this.#field();
    if (kind === 'word' && Object.hasOwn(FUNCTIONS, value)) return this.#call(value);
    return this.#fail('body, attributes, resource, a function, a text, a number, true, false or nil');
  }

  #constant(value: Value): Part {
    this.#at++;
    return { evaluate: () => value };
  }

  #call(name: string): Part {
    const { parameters, apply } = FUNCTIONS[name] as (typeof FUNCTIONS)[string];
    this.#at++;
    this.#expect('(');
    const given = this.#items(')');
    if (given.length !== parameters)
      throw new RangeError(`${name} takes ${parameters} value${parameters === 1 ? '' : 's'}, got ${given.length}`);
    return { evaluate: (batch, row) => apply(...given.map((value) => value(batch, row))) };
  }

  #items(end: string): Expression[] {
    const items: Expression[] = [];
    while (this.#take(end) === undefined) {
      if (items.length > 0) this.#expect(',');
      items.push(this.#choice().evaluate);
    }
    return items;
  }

  #list(): Part {
    const items = this.#items(']');
    return { evaluate: (batch, row) => items.map((item) => plain(item(batch, row))) };
  }

  #field(): Part {
    const root = this.#token.value;
    this.#at++;
    let text = root === '$' ? 'body' : root;
    for (;;) {
      const step = this.#take('.', '?.', '[');
      if (step === undefined) break;
      const { kind, value } = this.#token;
      if (kind !== (step === '[' ? 'text' : 'word')) this.#fail(step === '[' ? 'a name in quotes' : 'a name');
      this.#at++;
      text += `[${JSON.stringify(value)}]`;
      if (step === '[') this.#expect(']');
    }
    if (text === 'attributes') return { evaluate: (batch, row) => Object.fromEntries(batch.attributesOf(row)) };
    if (text === 'resource') return { evaluate: resourceOf };
    const field = parseField(text);
    return { evaluate: (batch, row) => readField(batch, row, field), field };
  }
}

function anyOf(parts: readonly Expression[]): Expression {
  return (batch, row) => {
    for (const part of parts) if (booleanOf(part(batch, row))) return true;
    return false;
  };
}

function allOf(parts: readonly Expression[]): Expression {
  return (batch, row) => {
    for (const part of parts) if (!booleanOf(part(batch, row))) return false;
    return true;
  };
}

function matchesText(regex: CompiledRegex, text: string): boolean {
  const bytes = Buffer.from(text);
  return regex.match(bytes, 0, bytes.length);
}

/** A list is made of attribute values, which know neither a missing one nor the wrapper of a whole double. */
function plain(value: Value): Exclude<Value, undefined | object> | null {
  if (typeof value === 'object') throw new TypeError('a condition expected plain values in a list');
  return value ?? null;
}
