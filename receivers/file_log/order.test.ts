import { mkdirSync, readFileSync, renameSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

// Many turns for a few lines.
const SMALL: Partial<FileLogConfig> = { read_chunk_size: 4096 };
const LINES = 1000;

function createRig(config: Partial<FileLogConfig> = {}): Rig {
  const rig = new Rig({ ...SMALL, ...config });
  rigs.push(rig);
  return rig;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'x'.repeat(40)}\n`).join('');
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

test.each([1, 2, 3])(
  'what is left of files that were renamed while the agent was down (%i times) comes before the new one',
  async (times) => {
    const rig = createRig();
    rig.append('a.log', lines(0, 10));
    await rig.start();
    await rig.pass(200);
    await rig.crash();
    rig.append('a.log', lines(10, LINES));
    const now = Date.now() / 1000;
    for (let time = 1; time <= times; time++) {
      for (let generation = time - 1; generation > 0; generation--)
        renameSync(rig.path(`a.log.${generation}`), rig.path(`a.log.${generation + 1}`));
      renameSync(rig.path('a.log'), rig.path('a.log.1'));
      utimesSync(rig.path('a.log.1'), now + time, now + time);
      rig.append('a.log', lines(LINES * time, LINES * (time + 1)));
    }
    await rig.start();
    const count = LINES * (times + 1);
    await rig.until(() => rig.sink.safe.length >= count);

    expect(rig.numbers()).toEqual(upTo(count));
  },
);

test.each(['', '.gz'])(
  'copies (%s) that were made of a file truncated twice while the agent was down come before it',
  async (extension) => {
    const rig = createRig();
    rig.append('a.log', lines(0, 10));
    await rig.start();
    await rig.pass(200);
    await rig.crash();
    rig.append('a.log', lines(10, LINES));
    const now = Date.now() / 1000;
    for (const generation of [2, 1]) {
      const content = readFileSync(rig.path('a.log'));
      const copy = rig.path(`a.log.${generation}${extension}`);
      writeFileSync(copy, extension === '' ? content : gzipSync(content));
      utimesSync(copy, now - generation, now - generation);
      truncateSync(rig.path('a.log'));
      rig.append('a.log', lines(LINES * (3 - generation), LINES * (4 - generation)));
    }
    await rig.start();
    await rig.until(() => rig.sink.safe.length >= 3 * LINES);

    expect(rig.numbers()).toEqual(upTo(3 * LINES));
  },
);

test('what is left of a file that was renamed before a crash, and of which that was known, comes before the new one', async () => {
  const rig = createRig();
  rig.append('a.log', lines(0, 10));
  await rig.start();
  await rig.pass(200);
  rig.sink.isHolding = true;
  rig.append('a.log', lines(10, LINES));
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(LINES, LINES + 10));
  await rig.pass(400);
  await rig.crash();
  rig.sink.isHolding = false;
  rig.append('a.log', lines(LINES + 10, 2 * LINES));
  await rig.start();
  await rig.until(() => rig.sink.safe.length >= 2 * LINES);

  expect(rig.numbers()).toEqual(upTo(2 * LINES));
});

test('what is left of a renamed file comes before the new one while others are read, too', async () => {
  const rig = createRig({ include: [] });
  const include = [rig.path('*.log'), rig.path('*.log.*')];
  rig.append('a.log', lines(0, 10));
  await rig.start({ include });
  await rig.pass(200);
  rig.append('a.log', lines(10, LINES));
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(LINES, 2 * LINES));
  rig.append('b.log', lines(0, LINES));
  await rig.until(() => rig.sink.safe.length >= 3 * LINES);

  const own = rig.sink.safe.filter(({ attributes }) => attributes['log.file.name'] !== 'b.log');
  expect(rig.numbers(own)).toEqual(upTo(2 * LINES));
});

test('behind a link, what is left of the file that was rotated comes first, as records of the same source and name', async () => {
  const rig = createRig();
  mkdirSync(rig.path('pod'));
  rig.append('pod/0.log', lines(0, 10));
  symlinkSync(rig.path('pod/0.log'), rig.path('a.log'));
  await rig.start();
  await rig.pass(200);
  await rig.crash();
  rig.append('pod/0.log', lines(10, LINES));
  renameSync(rig.path('pod/0.log'), rig.path('pod/0.log.20261122-101112'));
  rig.append('pod/0.log', lines(LINES, 2 * LINES));
  rig.sink.isHolding = true;
  await rig.start();
  await rig.until(() => rig.sink.given.length >= 2 * LINES);
  const sources = new Set(rig.sink.held.map(({ delivery }) => delivery.source));
  rig.sink.release();

  expect(rig.numbers()).toEqual(upTo(2 * LINES));
  expect(new Set(rig.names())).toEqual(new Set(['a.log']));
  expect(sources.size).toBe(1);
});

test('a last line without a newline comes before the new file', async () => {
  const rig = createRig();
  rig.append('a.log', lines(0, 10));
  await rig.start();
  await rig.pass(200);
  rig.append('a.log', 'line 10');
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(11, 20));
  await rig.until(() => rig.sink.safe.length >= 20);

  expect(rig.numbers()).toEqual(upTo(20));
});

test('a renamed file that somebody goes on writing to does not hold up the new one', async () => {
  const rig = createRig();
  rig.append('a.log', lines(0, 10));
  await rig.start();
  await rig.pass(200);
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(1000, 1001));
  for (let look = 0; look < 40; look++) {
    rig.append('a.log.1', `line ${10 + look}\nlin`);
    await rig.pass(100);
  }

  expect(rig.numbers()).toContain(1000);
});

test('a renamed file that cannot be read does not hold up the new one', async () => {
  const rig = createRig();
  rig.append('a.log', lines(0, 10));
  await rig.start();
  await rig.pass(200);
  await rig.crash();
  rig.append('a.log', lines(10, LINES));
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  unlinkSync(rig.path('a.log.1'));
  rig.append('a.log', lines(LINES, LINES + 5));
  await rig.start();

  expect(await rig.until(() => rig.sink.safe.length === 15)).toBe(true);
});
