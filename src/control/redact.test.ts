import { expect, test } from 'vitest';
import { redactValue } from './redact.ts';

test('masks what looks like a secret, and leaves a mask that is there as it is', () => {
  expect(redactValue('password=hunter22 ok')).toBe('password=[REDACTED] ok');
  expect(redactValue('password=[REDACTED] ok')).toBe('password=[REDACTED] ok');
  expect(redactValue({ token: 'x', text: 'Bearer abcdef123', n: [1] })).toEqual({ token: '[REDACTED]', text: 'Bearer [REDACTED]', n: [1] });
});
