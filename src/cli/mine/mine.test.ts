import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from '../program.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'winnow-mine-'))));
afterEach(() => rmSync(folder, { recursive: true }));

async function run(content: string | Buffer, ...flags: string[]): Promise<string> {
  const path = join(folder, 'in.log');
  writeFileSync(path, content);
  let output = '';
  const shell = {
    env: {},
    cwd: folder,
    isTerminal: false,
    version: '0',
    out: (text: string) => void (output += text),
    err: (text: string) => void (output += text),
    exit: () => {},
  };
  expect(await runCommandLine(['mine', ...flags, path], shell)).toBe(0);
  return output;
}

const USERS = ['ann', 'bob', 'cid', 'dan', 'eve'];

test('writes one row for each line, empty ones and the last without a line feed too', async () => {
  const rows = (await run('took 3 ms\n\ntook 4 ms\r\nlast')).split('\n');

  expect(rows.map((row) => row.split('\t')[1])).toEqual(['took <*> ms', '', 'took <*> ms', 'last', undefined]);
  expect(rows[0]).toBe(rows[2]);
  expect(rows[0]).toMatch(/^[0-9a-f]{16}\t/);
});

test('gives each line the template it belongs to in the end', async () => {
  const output = await run(USERS.map((user) => `session of ${user} opened\n`).join(''));

  expect(new Set(output.trimEnd().split('\n')).size).toBe(1);
});

test('gives lines, if asked, what they were given when they came; the id outlives a change of the text', async () => {
  // Batches of 512 lines: the value changes in the second.
  const content = `${'tty=ssh opened\n'.repeat(512)}tty=console opened\n`;

  const rows = (await run(content, '--as-assigned', '--header', 'none')).trimEnd().split('\n');

  expect(new Set(rows.map((row) => row.split('\t')[1]))).toEqual(new Set(['tty=ssh opened', 'tty=<*> opened']));
  expect(new Set(rows.map((row) => row.split('\t')[0])).size).toBe(1);
});

test('finds headers, unless told that there are none', async () => {
  const content = Array.from(
    { length: 20 },
    (_, i) => `2026-11-22 06:00:${10 + i} INFO shop: ${i % 2 === 0 ? 'opened' : 'closed it'} ${i}\n`,
  ).join('');

  expect(await run(content, '--summary')).toMatch(/^10\t[0-9a-f]{16}\topened <\*>\n10\t[0-9a-f]{16}\tclosed it <\*>\n$/);
  expect(await run(content, '--summary', '--header', 'none')).toContain('INFO shop: opened <*>');
});

test('writes JSON, and no tab or line feed that is not its own', async () => {
  expect(JSON.parse(await run('a\tb "7"\n', '--format', 'json'))).toEqual({ id: expect.any(String), template: 'a\tb "<*>"' });
  expect((await run('a\tb 7\n')).split('\t')).toHaveLength(2);
});

test('says of a folder that it is one', async () => {
  const said: string[] = [];
  const err = (text: string): void => void said.push(text);
  const shell = { env: {}, cwd: folder, isTerminal: false, version: '0', out: () => {}, err, exit: () => {} };

  expect(await runCommandLine(['mine', folder], shell)).toBe(1);
  expect(said).toEqual([`winnow: ${folder} is a folder; name the files in it\n`]);
});

test('says of a compressed file that it is one', async () => {
  const said: string[] = [];
  const err = (text: string): void => void said.push(text);
  const shell = { env: {}, cwd: folder, isTerminal: false, version: '0', out: () => {}, err, exit: () => {} };
  const path = join(folder, 'in.log.gz');
  writeFileSync(path, gzipSync('took 3 ms\n'));

  expect(await runCommandLine(['mine', path], shell)).toBe(1);
  expect(said).toEqual([`winnow: ${path} is compressed; unpack it first, as in zcat FILE | winnow mine -\n`]);
});

test('waits for a pipe that has nothing yet', async () => {
  const main = join(import.meta.dirname, '../../main.ts');
  const child = spawn(process.execPath, ['--conditions=winnow-source', main, 'mine', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
  const ended = once(child, 'close');

  child.stdin.write('took 3 ms\n');
  await sleep(1500);
  child.stdin.end('took 4 ms\n');

  expect(await ended).toEqual([0, null]);
  expect(output.match(/took <\*> ms/g)).toHaveLength(2);
});

test('reads lines that are longer than what it reads at once', async () => {
  const output = await run(`${'x'.repeat(3_000_000)} 1\nshort 2\n`, '--header', 'none');

  expect(output.split('\n')[1]).toMatch(/\tshort <\*>$/);
});
