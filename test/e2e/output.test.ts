import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/winnow');

test('what a command prints reaches a slow reader of a pipe as a whole', () => {
  // More than a pipe holds, and nobody reads at first.
  const piped = execFileSync('sh', ['-c', '"$0" schema | { sleep 0.3; cat; }', LAUNCHER], { encoding: 'utf8', maxBuffer: 1 << 26 });

  expect(piped.length).toBeGreaterThan(1_000_000);
  expect(JSON.parse(piped)).toHaveProperty('properties');
});

test('a reader that has seen enough ends the command', () => {
  expect(execFileSync('sh', ['-c', '"$0" schema | head -n 1', LAUNCHER], { encoding: 'utf8' })).toBe('{\n');
});
