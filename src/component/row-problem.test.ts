import { expect, test } from 'vitest';
import { RowProblem } from '#component';

class Odd extends RowProblem {}

test('has its message and no stack; other errors keep theirs', () => {
  const { stackTraceLimit } = Error;

  const problem = new Odd('expected a key');

  expect(problem).toBeInstanceOf(Error);
  expect(problem.message).toBe('expected a key');
  expect(problem.stack).toBe('Error: expected a key');
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  expect(new Error('x').stack).toContain('row-problem.test.ts');
});
