/**
 * Goal: no text makes the parser do anything but give a tree or say what is wrong with it, and what it gives means what
 * it should. Method: texts of random tokens, texts cut and spliced out of right ones, and random trees that are written
 * out, read again and evaluated beside a model of a few lines. Seeds are printed by fast-check when a run fails.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBatch } from '#model';
import { buildBatch, rowSpec } from '../../test/helpers/row-arbitrary.ts';
import { OttlMistake, OttlProblem, compileCondition, compileStatement, compileValue } from './index.ts';

const runs = { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 300) };

const WORDS = [
  'body',
  'attributes',
  'resource.attributes',
  'log.',
  'severity_number',
  'time',
  'trace_id',
  'cache',
  '["a"]',
  '[0]',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  '==',
  '!=',
  '<',
  '>=',
  '=',
  '+',
  '-',
  '*',
  '/',
  ',',
  ':',
  '.',
  'and',
  'or',
  'not',
  'where',
  'true',
  'false',
  'nil',
  '0x0g',
  '0x00',
  '1',
  '2.5',
  '.',
  '"x"',
  '"',
  "'",
  '\\',
  'IsMatch',
  'Concat',
  'set',
  'Int',
  'SEVERITY_NUMBER_INFO',
  'SHA256',
  'é',
  '\n',
  '\u0000',
  '🚀',
  'ParseJSON',
  'Time',
  'replace_pattern',
];
const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 25 }).map((words) => words.join(' '));
const SAMPLES = [
  'set(attributes["a"], Concat([body, "x"], "-")) where IsMatch(body, "^a") and severity_number >= SEVERITY_NUMBER_WARN',
  'replace_pattern(attributes["x"], "(?P<a>\\\\d+)", "$a", SHA256, replacement_format = "<%s>") where not (1 + 2 * 3 == 7 or nil != 0x00)',
  'merge_maps(cache, ParseJSON("{\\"a\\": [1, {\\"b\\": nil}]}"), "upsert") where {"a": {}} == {}',
];
const spliced = fc
  .tuple(fc.constantFrom(...SAMPLES), fc.nat(), fc.nat({ max: 12 }), fc.constantFrom('', ...WORDS))
  .map(([sample, at, size, word]) => sample.slice(0, at % sample.length) + word + sample.slice((at % sample.length) + size));

/** A record that no expression knows anything about. */
const anyRow = fc.array(rowSpec, { minLength: 1, maxLength: 2 }).map(buildBatch);

function problemOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (problem) {
    return problem;
  }
}

test('any text is compiled or refused with its place, and what is compiled runs or fails as data do', () => {
  fc.assert(
    fc.property(fc.oneof(soup, spliced, fc.string({ unit: 'binary', maxLength: 60 })), anyRow, (text, batch) => {
      for (const compile of [compileCondition, compileStatement, compileValue]) {
        let run: ((row: LogBatch, index: number) => unknown) | undefined;
        const mistake = problemOf(() => void (run = compile(text)));
        const failure = problemOf(() => run?.(batch, 0));

        expect(mistake === undefined || (mistake instanceof OttlMistake && mistake.offset >= 0 && mistake.offset <= text.length)).toBe(
          true,
        );
        expect(failure === undefined || failure instanceof OttlProblem).toBe(true);
      }
    }),
    runs,
  );
});

interface Modelled<Result> {
  readonly text: string;
  /** Undefined where the language says it is an error. */
  readonly value: Result | undefined;
}

const ints: fc.Arbitrary<Modelled<bigint>> = fc
  .integer({ min: -50, max: 50 })
  .map((value) => ({ text: String(value), value: BigInt(value) }));

const { number, condition } = fc.letrec<{ number: Modelled<bigint>; condition: Modelled<boolean> }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 4 },
    ints,
    fc.tuple(tie('number'), fc.constantFrom('+', '-', '*', '/'), tie('number')).map(([left, operator, right]) => ({
      text: `(${left.text} ${operator} ${right.text})`,
      value: left.value === undefined || right.value === undefined ? undefined : calculate(operator, left.value, right.value),
    })),
  ),
  condition: fc.oneof(
    { maxDepth: 4 },
    fc.boolean().map((value) => ({ text: String(value), value })),
    fc.tuple(tie('number'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('number')).map(([left, operator, right]) => ({
      text: `${left.text} ${operator} ${right.text}`,
      value: left.value === undefined || right.value === undefined ? undefined : compare(operator, left.value, right.value),
    })),
    tie('condition').map(({ text, value }) => ({ text: `not (${text})`, value: value === undefined ? undefined : !value })),
    fc.tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition')).map(([left, operator, right]) => ({
      text: `(${left.text}) ${operator} (${right.text})`,
      // The right side is looked at only when the left one does not decide.
      value: left.value === undefined ? undefined : left.value === (operator === 'or') ? left.value : right.value,
    })),
  ),
}));

function calculate(operator: string, left: bigint, right: bigint): bigint | undefined {
  if (operator === '/') return right === 0n ? undefined : BigInt.asIntN(64, left / right);
  return BigInt.asIntN(64, operator === '+' ? left + right : operator === '-' ? left - right : left * right);
}

function compare(operator: string, left: bigint, right: bigint): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  return operator === '<' ? left < right : operator === '<=' ? left <= right : operator === '>' ? left > right : left >= right;
}

function answerOf(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch (problem) {
    return problem instanceof OttlProblem ? problem.message : problem;
  }
}

test('arithmetic and conditions mean what the model says', () => {
  const batch = new LogBatch();
  batch.addRow(0, 0, 0);
  fc.assert(
    fc.property(number, condition, (one, other) => {
      expect(answerOf(() => BigInt(compileValue(one.text)(batch, 0) as number | bigint))).toBe(one.value ?? 'division by zero');
      expect(answerOf(() => compileCondition(other.text)(batch, 0))).toBe(other.value ?? 'division by zero');
    }),
    runs,
  );
});

test('what is answered on the columns is what comparing values would say', () => {
  const literal = fc.constantFrom(
    '"x"',
    '""',
    '"shared"',
    '1',
    '0',
    '0.5',
    '-3',
    'true',
    'nil',
    '"schlimm"',
    '0x00',
    '1152921504606846976',
  );
  const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
  const path = fc.constantFrom(
    'body',
    'attributes["a"]',
    'attributes["f"]',
    'severity_text',
    'severity_number',
    'resource.attributes["s"]',
    'attributes["b"]',
  );
  fc.assert(
    fc.property(anyRow, path, operator, literal, (batch, field, sign, constant) => {
      const quick = compileCondition(`${field} ${sign} ${constant}`);
      // Inside a list nothing is known beforehand, so this goes the general way.
      const general = compileCondition(`Coalesce([${field}, nil]) ${sign} Coalesce([cache["none"], ${constant}])`);

      for (let row = 0; row < batch.length; row++) expect(quick(batch, row)).toBe(general(batch, row));
    }),
    { numRuns: runs.numRuns * 3 },
  );
});

test('JSON that goes straight into the columns is what comes by way of a map', () => {
  const json = fc.dictionary(fc.constantFrom('a', 'b', 'f', 'x.y', '__proto__'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
  fc.assert(
    fc.property(rowSpec, json, fc.constantFrom('', ' ', '{', ', "z": 01'), (spec, value, broken) => {
      const text = JSON.stringify(value) + broken;
      const [straight, around] = [
        buildBatch([{ ...spec, body: text, isDropped: false }]),
        buildBatch([{ ...spec, body: text, isDropped: false }]),
      ];
      const run = (statement: string, batch: LogBatch): boolean =>
        problemOf(() => compileStatement(statement)(batch, 0)) instanceof OttlProblem;

      const said = run('merge_maps(attributes, ParseJSON(body), "upsert")', straight);

      expect(run('merge_maps(attributes, ParseJSON(Concat([body], "")), "upsert")', around)).toBe(said);
      expect(Object.fromEntries(straight.attributesOf(0))).toEqual(Object.fromEntries(around.attributesOf(0)));
    }),
    runs,
  );
});
