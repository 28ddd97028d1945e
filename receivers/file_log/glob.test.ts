import { expect, test } from 'vitest';
import { GlobError, globMatches, parseGlob } from './glob.ts';

const fits = (pattern: string, path: string): boolean => parseGlob(pattern).some((glob) => globMatches(glob, path));

// What doublestar, the Collector's library, answers.
test.each([
  ['/var/log/app.log', '/var/log/app.log', true],
  ['/var/log/app.log', '/var/log/app.log.1', false],
  ['/var/log/*.log', '/var/log/app.log', true],
  ['/var/log/*.log', '/var/log/sub/app.log', false],
  ['/var/log/*.log', '/var/log/.hidden.log', true],
  ['/var/log/*', '/var/log/app', true],
  ['/var/log/?.log', '/var/log/a.log', true],
  ['/var/log/?.log', '/var/log/ab.log', false],
  ['/var/log/?.log', '/var/log/.log', false],
  ['/a/**/*.log', '/a/x.log', true],
  ['/a/**/*.log', '/a/b/x.log', true],
  ['/a/**/*.log', '/a/b/c/x.log', true],
  ['/a/**/*.log', '/b/x.log', false],
  ['/a/**/b/*.log', '/a/b/x.log', true],
  ['/a/**/b/*.log', '/a/x/y/b/x.log', true],
  ['/a/**/b/*.log', '/a/x/c/x.log', false],
  ['/a/**', '/a/b/c', true],
  ['/a/**', '/a', true],
  ['**/x', 'x', true],
  ['**/x', 'a/b/x', true],
  ['/a/**.log', '/a/x.log', true],
  ['/a/**.log', '/a/b/x.log', false],
  ['/a/[abc].log', '/a/b.log', true],
  ['/a/[abc].log', '/a/d.log', false],
  ['/a/[a-c].log', '/a/b.log', true],
  ['/a/[^a-c].log', '/a/d.log', true],
  ['/a/[!a-c].log', '/a/a.log', false],
  ['/a/[a-].log', '/a/-.log', true],
  ['/a/[]a].log', '/a/].log', true],
  [String.raw`/a/[\]].log`, '/a/].log', true],
  ['/a/{b,c}.log', '/a/c.log', true],
  ['/a/{b,c}.log', '/a/d.log', false],
  ['/{a/x,b}/*.log', '/a/x/1.log', true],
  ['/{a/x,b}/*.log', '/b/1.log', true],
  ['/a/{b{1,2},c}', '/a/b2', true],
  ['/a/{,b}c', '/a/c', true],
  ['/a/{*,x}.log', '/a/any.log', true],
  [String.raw`/a/\*.log`, '/a/*.log', true],
  [String.raw`/a/\*.log`, '/a/b.log', false],
  [String.raw`/a/\{b\}`, '/a/{b}', true],
  ['/a/b+c(1).log', '/a/b+c(1).log', true],
  ['/a/*.log', '/a/new\nline.log', true],
  ['logs/*.log', 'logs/a.log', true],
  ['logs/*.log', '/logs/a.log', false],
  ['/logs/*.log', 'logs/a.log', false],
  ['/A/*.log', '/a/b.log', false],
])('%s and %s: %s', (pattern, path, isMatch) => {
  expect(fits(pattern, path)).toBe(isMatch);
});

test.each([
  ['/a/[b', '"[" is never closed'],
  ['/a/{b', '"{" is never closed'],
  ['/a/b}', '"}" closes nothing'],
  ['/a/*\\', 'a backslash needs a character after it'],
  ['', 'expected a path or pattern'],
  [`/${'{a,b}'.repeat(12)}`, 'more than 1024 patterns'],
])('refuses %s', (pattern, message) => {
  expect(() => parseGlob(pattern)).toThrow(GlobError);
  expect(() => parseGlob(pattern)).toThrow(message);
});
