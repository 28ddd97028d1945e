import * as fs from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { KnownSecrets, SecretFile } from '#net';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'winnow-secret-'));
const path = join(folder, 'secret');
const open: SecretFile<string>[] = [];

afterEach(() => {
  for (const file of open.splice(0)) file.close();
  fs.rmSync(path, { recursive: true, force: true });
});

function parse(text: string): string {
  if (text.trim() === '') throw new Error('nothing is in it');
  return text.trim();
}

function start(): { file: SecretFile<string>; clock: FakeClock; host: ReturnType<typeof createTestHost> } {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const file = new SecretFile({ path, option: 'filename', parse, host });
  open.push(file);
  return { file, clock, host };
}

test('is read again when it has changed, also through another link', async () => {
  fs.writeFileSync(join(folder, 'one'), 'first\n');
  fs.writeFileSync(join(folder, 'two'), 'other\n');
  fs.symlinkSync(join(folder, 'one'), path);
  const { file, clock } = start();
  expect(file.content).toBe('first');

  fs.rmSync(path);
  fs.symlinkSync(join(folder, 'two'), path);
  await clock.advance(1000);

  expect(file.content).toBe('other');
});

test('stays in use as it was when it disappears or is emptied, which is told once each', async () => {
  fs.writeFileSync(path, 'first');
  const { file, clock, host } = start();

  fs.writeFileSync(path, '');
  await clock.advance(3000);
  fs.rmSync(path);
  await clock.advance(3000);

  expect(file.content).toBe('first');
  expect(host.lines.map(({ level, facts }) => [level, facts['reason']])).toEqual([
    ['warn', 'nothing is in it'],
    ['warn', expect.stringContaining('ENOENT')],
  ]);
  fs.writeFileSync(path, 'second');
  await clock.advance(1000);
  expect(file.content).toBe('second');
  expect(JSON.stringify(host.lines)).not.toMatch(/first|second/);
});

test('is not looked at any more after its end', async () => {
  fs.writeFileSync(path, 'first');
  const { file, clock } = start();

  file.close();
  fs.writeFileSync(path, 'second');
  await clock.advance(5000);

  expect(file.content).toBe('first');
});

test.for<[string, () => void]>([
  ['ENOENT', () => {}],
  ['expected a file', () => fs.mkdirSync(path)],
  ['at most 262144 bytes', () => fs.writeFileSync(path, 'x'.repeat(262_145))],
  ['nothing is in it', () => fs.writeFileSync(path, '\n')],
])('cannot be used at the start: %s', ([reason, make]) => {
  make();
  expect(start).toThrow(`filename: cannot use ${path}: `);
  expect(start).toThrow(reason);
});

test('knows its secrets and nothing near them', () => {
  const known = new KnownSecrets(['alpha', 'beta']);

  expect(['alpha', 'beta', 'alph', 'alphaa', 'Alpha', '', 'gamma'].filter((text) => known.has(text))).toEqual(['alpha', 'beta']);
  expect(new KnownSecrets([]).has('')).toBe(false);
});
