import { expect, test } from 'vitest';
import { normalise, score } from './template-scores.ts';

test('groups count when they are the same lines, texts when they are the same words', () => {
  const labels = ['a <*>', 'a <*>', 'b', 'c', 'c'];
  const predicted = [
    { id: '1', template: 'a <*>' },
    { id: '1', template: 'a <*>' },
    { id: '2', template: 'x' },
    { id: '3', template: 'c' },
    { id: '4', template: 'c' },
  ];

  expect(score(predicted, labels)).toEqual({ GA: 3 / 5, FGA: (2 * (2 / 4) * (2 / 3)) / (2 / 4 + 2 / 3), PA: 4 / 5, FTA: 2 / 3 });
});

test.each([
  ['a b7<*> c', 'a <*> c'],
  ['<*>:<*>, x=12', '<*>, x=<*>'],
  ['open /var/x  now', 'open <*> now'],
  ['is True', 'is <*>'],
  ['<NUM>/<*>', '<*>'],
])('"%s" reads as "%s"', (text, normal) => {
  expect(normalise(text)).toBe(normal);
});
