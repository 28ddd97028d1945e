import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { start, stopAll } from '../../test/helpers/http-receiver-rig.ts';

afterEach(stopAll);

const run = promisify(execFile);
const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
const examples = Array.from(readme.matchAll(/^```sh\n([^]*?)^```$/gm), ([, text = '']) => text);

const EXPECTED: readonly (readonly [answer: string, ...bodies: string[]])[] = [
  ['{"accepted":1}', 'paid'],
  ['{"accepted":2}', 'one', 'two'],
  ['{"accepted":2}', 'first line', 'second line'],
  ['"errors":false', 'hello'],
  ['', 'hello'],
  ['{"text":"Success","code":0}', 'hello', 'a line'],
];

test('every example of the README is run here', () => expect(examples).toHaveLength(EXPECTED.length));

test.for(EXPECTED.map((expected, i) => [i, expected] as const))('example %i does what it says', async ([i, [answer, ...bodies]]) => {
  const { url, sink } = await start();
  const script = (examples[i] ?? '').replaceAll('http://localhost:8088', url).replaceAll('curl -sS', 'curl -sSf');

  const { stdout } = await run('bash', ['-o', 'pipefail', '-ec', script]);

  expect(stdout).toContain(answer);
  expect(sink.bodies).toEqual(bodies);
});
