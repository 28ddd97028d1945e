import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ExitCode, exitCodeOf } from './exit-codes.ts';

test('README.md lists the exit codes there are, and no others', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = readme.split(/^## /m).find((text) => text.startsWith('Stopping, and exit codes')) ?? '';

  const listed = Array.from(section.matchAll(/^\| (\d+) /gm), ([, code]) => Number(code));

  expect(listed).toEqual([...Object.values(ExitCode), exitCodeOf('SIGINT'), exitCodeOf('SIGTERM')]);
});
