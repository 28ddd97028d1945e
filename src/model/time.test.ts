import { expect, test } from 'vitest';
import { utcText } from './time.ts';

test.each([
  [0, 0, '1970-01-01T00:00:00.000Z'],
  [1_769_774_400_123, 0, '2026-01-30T12:00:00.123Z'],
  [1_769_774_400_123, 4567, '2026-01-30T12:00:00.123004567Z'],
  // No Date holds it.
  [1e25, 0, '+275760-09-13T00:00:00.000Z'],
])('%d ms and %i ns are %s', (ms, ns, text) => {
  expect(utcText(ms, ns)).toBe(text);
});
