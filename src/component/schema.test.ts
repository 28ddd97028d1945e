import { describe, expect, test } from 'vitest';
import { duration, parseDuration, parseSize, size } from './schema.ts';

describe('durations', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['200ms', 200],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['10us', 0.01],
    ['2m', 120_000],
  ])('%s are %d ms', (text, ms) => {
    expect(new RegExp(duration.pattern).test(text)).toBe(true);
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  test.each(['', '10', '10 s', '-1s', '1d', 's', '1.s'])('"%s" is none', (text) => {
    expect(new RegExp(duration.pattern).test(text)).toBe(false);
    expect(() => parseDuration(text)).toThrow('expected a duration');
  });
});

describe('sizes', () => {
  test.each<[number | string, number]>([
    [5, 5],
    ['5', 5],
    ['64KB', 64_000],
    ['64KiB', 65_536],
    ['64k', 65_536],
    ['1.5MiB', 1_572_864],
    ['1gib', 1_073_741_824],
    ['5B', 5],
    ['1TiB', 1_099_511_627_776],
  ])('%s are %d bytes', (given, bytes) => {
    expect(new RegExp(size.pattern).test(String(given))).toBe(true);
    expect(parseSize(given)).toBe(bytes);
  });

  test.each(['', 'x', '-1', '1PiB', '1 MiB extra'])('"%s" is none', (text) => {
    expect(new RegExp(size.pattern).test(text)).toBe(false);
    expect(() => parseSize(text)).toThrow('expected a size');
  });
});
