import * as fs from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { BearerTokenAuth, check, type BearerTokenAuthConfig } from './bearer-token-auth.ts';

const DEFAULTS: BearerTokenAuthConfig = { scheme: 'Bearer', token: '', tokens: [], filename: '', header: 'Authorization' };
const path = join(fs.mkdtempSync(join(tmpdir(), 'winnow-bearer-')), 'token');
const started: BearerTokenAuth[] = [];

afterEach(async () => {
  for (const one of started.splice(0)) await one.shutdown();
});

async function start(config: Partial<BearerTokenAuthConfig>) {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const auth = new BearerTokenAuth({ ...DEFAULTS, ...config });
  started.push(auth);
  await auth.start(host);
  const enters = (authorization: string): boolean => auth.authenticate({ authorization }).isAllowed;
  return { auth, enters, clock, host };
}

test('shows its first token, and lets in who shows any', async () => {
  const { auth, enters } = await start({ tokens: ['one', 'two'] });

  expect(auth.authHeaders()).toEqual({ Authorization: 'Bearer one' });
  expect(['Bearer one', 'bearer two', 'BEARER  one '].map(enters)).toEqual([true, true, true]);
  expect(
    ['', 'Bearer', 'Bearer ', 'one', 'Bearerone', 'Bearer on', 'Bearer onee', 'Basic one', 'Bearer one, Bearer two'].map(enters),
  ).not.toContain(true);
  expect(auth.authenticate({})).toEqual({ isAllowed: false, challenge: 'Bearer' });
});

test('takes a scheme and a header of its own, or no scheme', async () => {
  const { auth } = await start({ scheme: '', header: 'X-Api-Key', token: 'key' });

  expect(auth.authHeaders()).toEqual({ 'X-Api-Key': 'key' });
  expect(auth.authenticate({ 'x-api-key': 'key' }).isAllowed).toBe(true);
  expect(auth.authenticate({ authorization: 'key' }).isAllowed).toBe(false);
  expect((await start({ scheme: 'Token', token: 'key' })).enters('Token key')).toBe(true);
});

test('follows its file, and keeps the tokens of before when the file is emptied', async () => {
  fs.writeFileSync(path, 'one\n\n two \r\n');
  const { auth, enters, clock, host } = await start({ filename: path, token: 'ignored' });
  expect(auth.authHeaders()).toEqual({ Authorization: 'Bearer one' });
  expect(['Bearer two', 'Bearer ignored'].map(enters)).toEqual([true, false]);

  fs.writeFileSync(path, 'three');
  await clock.advance(1000);
  fs.writeFileSync(path, '');
  await clock.advance(1000);

  expect(auth.authHeaders()).toEqual({ Authorization: 'Bearer three' });
  expect(['Bearer three', 'Bearer one'].map(enters)).toEqual([true, false]);
  expect(host.lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
  expect(JSON.stringify(host.lines)).not.toMatch(/one"|two|three|ignored/);
});

test('does not start with a file that has no token or a line that is none, and does not quote it', async () => {
  fs.writeFileSync(path, '\n');
  await expect(start({ filename: path })).rejects.toThrow('expected a token, got nothing');
  fs.writeFileSync(path, 'good\nmy secret\n');
  await expect(start({ filename: path })).rejects.toThrow(/line 2: (?!.*my secret)/);
});

test.for<[string, Partial<BearerTokenAuthConfig>]>([
  ['token', {}],
  ['token', { tokens: [''] }],
  ['token', { token: 'two words' }],
  ['token', { token: 'break\n' }],
  ['tokens.1', { tokens: ['good', ''] }],
  ['tokens', { token: 'one', tokens: ['two'] }],
  ['header', { token: 'one', header: 'a b' }],
])('a mistake in %s is refused before the start: %j', ([option, config]) => {
  expect(check({ ...DEFAULTS, ...config }).map((problem) => problem.path)).toContain(option);
});
