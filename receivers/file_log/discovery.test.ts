import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { Discovery } from './discovery.ts';
import { createLocalIo, createPooledIo, type FileIo } from './file-io.ts';
import { parseGlob } from './glob.ts';

let root: string;
let clock: FakeClock;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'winnow-discovery-'));
  clock = new FakeClock(Date.now());
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

function write(...names: string[]): void {
  for (const name of names) {
    fs.mkdirSync(join(root, name, '..'), { recursive: true });
    fs.writeFileSync(join(root, name), 'x');
  }
}

interface Options {
  readonly io?: FileIo;
  readonly exclude?: readonly string[];
  readonly skips?: (folder: string) => boolean;
  readonly onProblem?: (path: string, problem: unknown) => void;
}

function discover(include: readonly string[], options: Options = {}): () => Promise<string[]> {
  const all = (globs: readonly string[]) => globs.flatMap((glob) => parseGlob(join(root, glob)));
  const discovery = new Discovery({
    io: options.io ?? createLocalIo(fs),
    clock,
    include: all(include),
    exclude: all(options.exclude ?? []),
    skips: options.skips ?? (() => false),
    onProblem: options.onProblem ?? (() => {}),
  });
  return async () => (await discovery.scan()).map((path) => path.slice(root.length + 1));
}

test.each([
  ['local', () => createLocalIo(fs)],
  ['pooled', () => createPooledIo(fs)],
])('finds what the patterns name, sorted and once (%s)', async (_name, io) => {
  write('b.log', 'a.log', 'a.txt', 'sub/c.log', 'sub/deep/d.log', '.hidden.log');

  const scan = discover(['*.log', '**/*.log', 'a.*'], { io: io(), exclude: ['sub/deep/*'] });

  expect(await scan()).toEqual(['.hidden.log', 'a.log', 'a.txt', 'b.log', 'sub/c.log']);
});

test('finds a new file in a folder it knows, and forgets one that has gone', async () => {
  write('a.log');
  const scan = discover(['*.log']);
  await scan();
  write('b.log');
  fs.unlinkSync(join(root, 'a.log'));

  expect(await scan()).toEqual(['b.log']);
});

test('waits for folders that do not exist yet', async () => {
  const scan = discover(['later/*/x.log', 'named.log']);
  expect(await scan()).toEqual([]);
  write('later/1/x.log', 'named.log');

  expect(await scan()).toEqual(['later/1/x.log', 'named.log']);
});

test('sees that a folder was swapped for another', async () => {
  write('one/a.log', 'two/b.log');
  const scan = discover(['one/*.log']);
  expect(await scan()).toEqual(['one/a.log']);
  fs.renameSync(join(root, 'one'), join(root, 'old'));
  fs.renameSync(join(root, 'two'), join(root, 'one'));

  expect(await scan()).toEqual(['one/b.log']);
});

test.skipIf(process.platform === 'darwin')('names a file whose name is no UTF-8, since it cannot be opened', async () => {
  fs.writeFileSync(Buffer.from(`${root}/caf\xe9.log`, 'latin1'), '');
  fs.writeFileSync(join(root, 'caf\u{FFFD}!.log'), '');
  const told: string[] = [];

  expect(await discover(['caf*.log'], { onProblem: (path) => told.push(path) })()).toEqual(['caf\u{FFFD}!.log']);
  expect(told).toEqual([join(root, 'caf\u{FFFD}.log')]);
});

test('follows links to files and folders, but not back up', async () => {
  write('real/a.log');
  fs.symlinkSync(join(root, 'real'), join(root, 'linked'));
  fs.symlinkSync(root, join(root, 'real', 'loop'));
  fs.symlinkSync(join(root, 'real', 'a.log'), join(root, 'link.log'));
  fs.symlinkSync(join(root, 'nowhere'), join(root, 'broken.log'));

  expect(await discover(['*.log', 'linked/*.log', 'real/**/*.log'])()).toEqual(['link.log', 'linked/a.log', 'real/a.log']);
});

test('lists a folder again only when it has changed', async () => {
  write('a.log');
  const io = createLocalIo(fs);
  const readdir = vi.spyOn(io, 'readdir');
  const scan = discover(['*.log'], { io });
  await scan();
  await clock.advance(5_000);
  await scan();
  const calls = readdir.mock.calls.length;

  for (let i = 0; i < 5; i++) await scan();
  expect(readdir.mock.calls).toHaveLength(calls);
  // In case a file system does not stamp its folders.
  await clock.advance(10_000);
  await scan();
  expect(readdir.mock.calls).toHaveLength(calls + 1);
});

test('a folder that cannot be read is told, and the rest is found', async () => {
  write('a.log', 'closed/b.log');
  const io = createLocalIo(fs);
  const told: string[] = [];
  const readdir = (path: string) => {
    if (path.endsWith('closed')) throw Object.assign(new Error('no'), { code: 'EACCES' });
    return createLocalIo(fs).readdir(path);
  };

  const scan = discover(['*.log', 'closed/*.log'], { io: { ...io, readdir }, onProblem: (path) => told.push(path) });

  expect(await scan()).toEqual(['a.log']);
  expect(told).toEqual([join(root, 'closed')]);
});

test('leaves folders of another lane alone', async () => {
  write('a.log', 'mount/b.log');

  const scan = discover(['**/*.log'], { skips: (folder) => folder.endsWith('/mount') });

  expect(await scan()).toEqual(['a.log']);
});
