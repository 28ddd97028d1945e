import v8 from 'node:v8';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';

// As the program does before it makes any regular expression.
v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

const { Environment, OttlProblem, compileCondition, compileStatement } = await import('./index.ts');
const { requiredTexts } = await import('./literals.ts');
const { parseRegex } = await import('../operators/regex/parse.ts');

const runs = { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 300) };

function linesOf(lines: readonly string[], batch: LogBatch = new LogBatch()): LogBatch {
  const bytes = Buffer.from(lines.join('\n'));
  batch.reset(bytes);
  let start = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line);
    batch.addRow(ValueType.string, start, size);
    start += size + 1;
  }
  return batch;
}

test.each([
  ['GET /(healthz|readyz)', ['GET /healthz', 'GET /readyz']],
  ['^[0-9.]+ - POST', [' - POST']],
  ['password=\\S+', ['password=']],
  ['a|bc', undefined],
  ['abc|def+', ['abc', 'de']],
  ['(?i)error', undefined],
  ['(abc)?def', ['def']],
  ['(abc)+', ['abc']],
  ['x*', undefined],
  ['\\bfoo\\b', ['foo']],
  ['[ab]cd', ['acd', 'bcd']],
  ['bad\\x{fffd}', undefined],
])('every match of %s holds one of the texts', (pattern, texts) => expect(requiredTexts(parseRegex(pattern))?.toSorted()).toEqual(texts));

/**
 * Goal: looking for a part of the pattern first never changes an answer. Method: the same lines with and without it, in
 * batches that use the same object and the same bytes again, rows asked in any order.
 */
test('a pattern answers the same with and without the search for a part of it', () => {
  const word = fc.constantFrom('GET', ' /healthz', ' /readyz', 'foo', 'bar', ' ', 'é', 'abc', '');
  const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(''));
  const pattern = fc.constantFrom('GET /(healthz|readyz)', 'foo', 'foo.*bar|abc', '^foo', 'bar$', 'é+foo', '(foo)?bar');
  fc.assert(
    fc.property(
      fc.array(fc.array(line, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      pattern,
      fc.boolean(),
      (batches, text, isReversed) => {
        const environment = new Environment();
        const searching = compileCondition(`IsMatch(body, "${text}")`, { environment });
        const plain = compileCondition(`IsMatch(body, "${text}")`);
        const rewriting = compileStatement(`replace_pattern(body, "${text}", "<$0>")`, { environment });
        const rewritingPlainly = compileStatement(`replace_pattern(body, "${text}", "<$0>")`);
        const batch = new LogBatch();
        for (const lines of batches) {
          linesOf(lines, batch);
          environment.beginBatch();
          const order = isReversed ? lines.map((_, row) => row).toReversed() : lines.map((_, row) => row);
          expect(order.map((row) => searching(batch, row))).toEqual(order.map((row) => plain(batch, row)));
          const copy = linesOf(lines);
          for (const row of order) {
            rewriting(batch, row);
            rewritingPlainly(copy, row);
          }
          expect(order.map((row) => batch.bodyText(row))).toEqual(order.map((row) => copy.bodyText(row)));
        }
      },
    ),
    runs,
  );
});

function elapsed(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

/** Runs on each row, and gives the milliseconds that each took. What is refused as too long took its time as well. */
function times(batch: LogBatch, run: (batch: LogBatch, row: number) => unknown): number[] {
  return Array.from({ length: batch.length }, (_, row) =>
    elapsed(() => {
      try {
        run(batch, row);
      } catch (problem) {
        if (!(problem instanceof OttlProblem)) throw problem;
      }
    }),
  );
}

// Ten times what is promised, since tests share their machine.
const DEADLINE_MS = 500;
const ROWS = 200;

describe('patterns that explode are refused or contained', () => {
  const LONG = `${'a'.repeat(30_000)}!`;
  const SHORT = `${'a'.repeat(40)}!`;
  const PATTERNS = ['^(a+)+$', '(?i)^(A+)+$', '^(a|aa)+$', '^(a*)*b', '(a{1,20}){1,20}$', '^(\\\\p{L}+)+$', '(?s)(.*a){12}$'];

  test.each(PATTERNS)('%s takes a moment for 98 texts in 100, on a shared machine', (pattern) => {
    const batch = linesOf(Array.from({ length: ROWS }, (_, row) => (row % 2 === 0 ? SHORT : LONG)));

    for (const run of [compileCondition(`IsMatch(body, "${pattern}")`), compileStatement(`replace_pattern(body, "${pattern}", "x")`)]) {
      const sorted = times(batch, run).toSorted((a, b) => a - b);
      expect(sorted[Math.floor(ROWS * 0.98) - 1]).toBeLessThan(DEADLINE_MS);
    }
  });

  test.each(['(?=a)b', '(a)\\\\1', '(?<!a)b', '(?>a+)b'])('%s is refused', (pattern) => {
    expect(() => compileCondition(`IsMatch(body, "${pattern}")`)).toThrow('pattern is no pattern');
  });

  test('on a line of a megabyte a pattern is not tried, unless a part that it needs is missing', () => {
    const batch = linesOf(['x'.repeat(1_000_000)]);
    const environment = new Environment();
    environment.beginBatch();

    expect(
      elapsed(() =>
        expect(() => compileCondition('IsMatch(body, "(x+x+)+y")')(batch, 0)).toThrow('a text of 1000000 is longer than the 65536'),
      ),
    ).toBeLessThan(DEADLINE_MS);
    expect(elapsed(() => expect(() => compileStatement('replace_pattern(body, "x+$", "y")')(batch, 0)).toThrow(OttlProblem))).toBeLessThan(
      DEADLINE_MS,
    );
    expect(compileCondition('IsMatch(body, "password=\\\\S+")', { environment })(batch, 0)).toBe(false);
    expect(batch.bodyText(0)).toHaveLength(1_000_000);
  });
});
