/**
 * The tests of our own configurations, config/tests/*.yaml, and the example of docs/testing-configurations.md, run as an
 * operator would run them.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/program.ts';
import { testFileJsonSchema } from '../../src/rehearsal/index.ts';

const root = resolve(import.meta.dirname, '../..');

async function winnow(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCommandLine(args, {
    env: {},
    cwd,
    isTerminal: false,
    version: '0.0.0',
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    exit: () => {},
  });
  return { code, out, err };
}

const files = readdirSync(join(root, 'config/tests')).filter((name) => name.endsWith('.yaml'));

test.each(files)('config/%s does what config/tests/ says of it', async (name) => {
  expect(await winnow(root, 'test', `config/${name}`, `config/tests/${name}`)).toMatchObject({ code: 0, err: '' });
});

test('every configuration but the demo has tests', () => {
  const configurations = readdirSync(join(root, 'config')).filter((name) => name.endsWith('.yaml') && name !== 'demo.yaml');

  expect(files.toSorted()).toEqual(configurations.toSorted());
});

// After a change: winnow test --schema > config/winnow-tests.schema.json, then oxfmt.
test('the schema for editors is the one the program has', () => {
  expect(JSON.parse(readFileSync(join(root, 'config/winnow-tests.schema.json'), 'utf8'))).toEqual(testFileJsonSchema());
});

test('the example of the documentation passes, and fails as it says when something is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-doc-'));
  const text = readFileSync(join(root, 'docs/testing-configurations.md'), 'utf8');
  const [config = '', tests = ''] = Array.from(text.matchAll(/```yaml\n([\s\S]*?)```/g), ([, block]) => block ?? '');
  writeFileSync(join(folder, 'config.yaml'), config);
  writeFileSync(join(folder, 'tests.yaml'), tests);
  writeFileSync(join(folder, 'wrong.yaml'), tests.replace('severity: WARN', 'severity: ERROR'));

  const right = await winnow(folder, 'test', 'config.yaml', 'tests.yaml');
  const wrong = await winnow(folder, 'test', 'config.yaml', 'wrong.yaml', '--filter', 'a warning');
  rmSync(folder, { recursive: true });

  expect(right).toMatchObject({ code: 0, err: '' });
  expect(wrong.code).toBe(1);
  const [, shown = ''] = /```text\n([\s\S]*?)```/.exec(text) ?? [];
  expect(wrong.out.replaceAll('wrong.yaml', 'tests.yaml')).toContain(shown);
});
