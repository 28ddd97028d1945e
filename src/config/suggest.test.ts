import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, hint, suggest } from './suggest.ts';

describe('the distance between words', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['interval', 'intervall', 1],
    ['interval', 'intreval', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('%s to %s is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  test('is the same both ways, 0 only for equal words, and no longer than the longer word', () => {
    const word = fc.stringMatching(/^[ab_]{0,7}$/);
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('a suggestion', () => {
  test('is the nearest word, whatever its spelling style', () => {
    expect(suggest('sendingQueue', ['sending_queue', 'queue'])).toBe('sending_queue');
    expect(suggest('sending-queue', ['sending_queue'])).toBe('sending_queue');
    expect(suggest('inteval', ['internal', 'interval'])).toBe('interval');
  });

  test('is not made for words that are far from all', () => {
    expect(suggest('zzz', ['interval', 'max_keys'])).toBeUndefined();
    expect(suggest('a'.repeat(10_000), ['interval'])).toBeUndefined();
    expect(hint('zzz', ['b', 'a'], 'options')).toBe('; options: a, b');
    expect(hint('zzz', [], 'options')).toBe('; options: none');
  });
});
