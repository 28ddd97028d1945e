/**
 * Every border of CONTRIBUTING.md is a lint rule. Here each rule meets a planted violation, in a folder laid out like the
 * repository: a guard never seen to fail is not a guard.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-guards-'));
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lints these files alone and returns what was said. */
function lint(files: Readonly<Record<string, string>>): string {
  for (const top of ['src', 'receivers', 'processors', 'exporters', 'connectors', 'extensions', 'test'])
    rmSync(join(folder, top), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware', '--deny-warnings'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  return stdout + stderr;
}

const VIOLATIONS: Readonly<Record<string, { files: Record<string, string>; says: RegExp }>> = {
  'a component that imports another': {
    files: {
      'processors/a/index.ts': "export { b } from '../b/index.ts';\n",
      'processors/b/index.ts': 'export const b = 1;\n',
    },
    says: /A component imports its own folder/,
  },
  'a component that imports the inside of a capability': {
    files: { 'receivers/a/index.ts': "export { b } from '../../src/model/b.ts';\n", 'src/model/b.ts': 'export const b = 1;\n' },
    says: /A component imports its own folder/,
  },
  'src that imports a component': {
    files: { 'src/pipeline/a.ts': "export { b } from '../../receivers/b/index.ts';\n", 'receivers/b/index.ts': 'export const b = 1;\n' },
    says: /Only src\/registry\.ts may import a component/,
  },
  'the model that imports what is above it': {
    files: { 'src/model/a.ts': "export { b } from '../pipeline/b.ts';\n", 'src/pipeline/b.ts': 'export const b = 1;\n' },
    says: /import nothing above them/,
  },
  'a capability that imports the pipeline': {
    files: { 'src/queue/a.ts': "export { b } from '../pipeline/b.ts';\n", 'src/pipeline/b.ts': 'export const b = 1;\n' },
    says: /Capabilities lie below/,
  },
  'a cycle': {
    files: {
      'src/model/a.ts': "import { b } from './b.ts';\n\nexport const a = (): number => b();\n",
      'src/model/b.ts': "import { a } from './a.ts';\n\nexport const b = (): number => a();\n",
    },
    says: /no-cycle/,
  },
  'a file past 400 lines': { files: { 'src/model/a.ts': 'export {};\n'.repeat(401) }, says: /max-lines/ },
  'a promise nobody waits for': {
    files: { 'src/model/a.ts': 'async function work(): Promise<void> {}\n\nexport function start(): void {\n  work();\n}\n' },
    says: /no-floating-promises/,
  },
  any: { files: { 'src/model/a.ts': 'export function a(value: any): unknown {\n  return value;\n}\n' }, says: /no-explicit-any/ },
  'a non-null assertion': {
    files: { 'src/model/a.ts': 'export function a(value: string | undefined): number {\n  return value!.length;\n}\n' },
    says: /no-non-null-assertion/,
  },
  'process.exit outside main': {
    files: { 'src/model/a.ts': 'export function a(): void {\n  process.exit(1);\n}\n' },
    says: /no-process-exit/,
  },
  'a component that loads undici with node:http': {
    files: { 'exporters/a/index.ts': "import { request } from 'node:http';\n\nexport const a = request;\n" },
    says: /loads undici, 15 MB/,
  },
  'src that loads undici with node:http': {
    files: { 'src/net/a.ts': "import { request } from 'node:http';\n\nexport const a = request;\n" },
    says: /loads undici, 15 MB/,
  },
  'a test that runs alone': {
    files: { 'src/model/a.test.ts': "import { expect, test } from 'vitest';\n\ntest.only('a', () => expect(1).toBe(1));\n" },
    says: /no-focused-tests/,
  },
};

describe('lint refuses', () => {
  test.for(Object.entries(VIOLATIONS))('%s', ([, { files, says }]) => {
    expect(lint(files)).toMatch(says);
  });

  test('nothing in clean files', () => {
    const said = lint({
      'src/model/a.ts': 'export const a = 1;\n',
      'receivers/b/index.ts': "import type { Server } from 'node:http';\n\nexport type B = Server;\n",
    });

    expect(said).toContain('0 warnings and 0 errors');
  });
});

describe('the compiler refuses', () => {
  test('an option that the schema forgot', () => {
    const file = join(root, 'test', `planted-${process.pid}.ts`);
    writeFileSync(
      file,
      "import type { ConfigSchema } from '#component';\nexport const schema: ConfigSchema<{ a: string; b: string }> = {\n  type: 'object',\n  additionalProperties: false,\n  properties: { a: { type: 'string' } },\n};\n",
    );
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', root], { encoding: 'utf8' });
    rmSync(file);

    expect(status).not.toBe(0);
    expect(stdout).toMatch(/planted-\d+\.ts.*Property 'b' is missing/);
  });
});
