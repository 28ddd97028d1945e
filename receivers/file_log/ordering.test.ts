import { expect, test } from 'vitest';
import { Ordering, isTooOld, parseTimestamp } from './ordering.ts';

const files = (...paths: string[]) => paths.map((path, index) => ({ path, mtimeMs: index }));
const rule = (sort_type: 'numeric' | 'alphabetical' | 'timestamp' | 'mtime', more: object = {}) => ({
  sort_type,
  regex_key: 'key',
  ascending: false,
  location: 'UTC',
  ...more,
});

test('keeps the newest by a time in the name', () => {
  const ordering = new Ordering({
    regex: String.raw`app-(?P<key>\d{8})\.log`,
    top_n: 2,
    sort_by: [rule('timestamp', { layout: '%Y%m%d' })],
  });

  expect(ordering.choose(files('app-20260101.log', 'app-20260301.log', 'other.log', 'app-20260201.log'))).toEqual([
    'app-20260301.log',
    'app-20260201.log',
  ]);
});

test('keeps the first of each group', () => {
  const ordering = new Ordering({
    regex: String.raw`(?<key>\d+)$`,
    group_by: '^(.)/',
    top_n: 1,
    sort_by: [rule('numeric', { ascending: true })],
  });

  expect(ordering.choose(files('a/10', 'a/9', 'b/3', 'b/2', 'none1'))).toEqual(['a/9', 'b/2']);
});

test('sorts by several rules, the first of which decides', () => {
  const ordering = new Ordering({
    regex: '(?<key>.)(?<other>.)',
    top_n: 9,
    sort_by: [rule('alphabetical'), rule('alphabetical', { regex_key: 'other', ascending: true })],
  });

  expect(ordering.choose(files('a2', 'b2', 'a1', 'b1'))).toEqual(['b1', 'b2', 'a1', 'a2']);
});

test('sorts by time of change without a pattern', () => {
  expect(new Ordering({ top_n: 0, sort_by: [rule('mtime')] }).choose(files('a', 'b'))).toEqual(['b']);
});

test.each([
  ['2026-01-30 14:39:06', '%Y-%m-%d %H:%M:%S', Date.UTC(2026, 0, 30, 14, 39, 6)],
  ['26Feb3', '%y%b%e', Date.UTC(2026, 1, 3)],
  ['2026.034', '%Y.%j', Date.UTC(2026, 0, 34)],
  ['1700000000', '%s', 1_700_000_000_000],
])('reads %s as %s', (text, layout, ms) => {
  expect(parseTimestamp(text, layout)).toBe(ms);
});

test('a file is too old only when there is a bound', () => {
  expect(isTooOld(0, 1000, 0)).toBe(false);
  expect(isTooOld(0, 1000, 999)).toBe(true);
  expect(isTooOld(0, 1000, 1000)).toBe(false);
});
