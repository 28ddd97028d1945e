import * as fs from 'node:fs';
import { closeSync, linkSync, openSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function createRig(config: Partial<FileLogConfig> = {}, filesystem?: typeof fs): Rig {
  const rig = new Rig(config, filesystem);
  rigs.push(rig);
  return rig;
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('rename and create: what is written to the renamed file afterwards comes first, then the new file', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  const late = openSync(rig.path('a.log'), 'a');
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', 'three\n');
  writeSync(late, 'two\n');
  await rig.pass(200);
  writeSync(late, 'very late\n');
  closeSync(late);
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three', 'very late']);
  expect(rig.names()).toEqual(['a.log', 'a.log', 'a.log', 'a.log']);
  expect(rig.host.metric('winnow_file_log_rotations')).toBe(1);
});

test('a renamed file that is still asked for goes on under its new name', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  fs.renameSync(rig.path('a.log'), rig.path('b.log'));
  await rig.pass(400);
  rig.append('b.log', 'two\n');
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
  expect(rig.names()).toEqual(['a.log', 'b.log']);
});

test('a renamed file is closed when nobody has written to it for a while', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(1_000);
  expect(rig.host.metric('otelcol_fileconsumer_open_files')).toBe(1);
  await rig.until(() => rig.host.metric('otelcol_fileconsumer_open_files') === 0, 70_000);

  expect(rig.host.metric('otelcol_fileconsumer_open_files')).toBe(0);
});

test.each([
  ['and the copy is not asked for', 'a.log'],
  ['and the copy fits the pattern, too', 'a.log*'],
])('copytruncate: nothing is lost or repeated, %s', async (_name, pattern) => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 50)));
  await rig.start({ include: [rig.path(pattern)] });
  rig.append('a.log', text(numbered(50, 60)));
  fs.copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(100);
  truncateSync(rig.path('a.log'));
  rig.append('a.log', text(numbered(60, 70)));
  await rig.until(() => rig.sink.bodies.length >= 70);
  await rig.pass(5_000);

  expect(rig.sink.bodies.map(String).toSorted()).toEqual(numbered(0, 70).toSorted());
});

test('a truncated file is read from its beginning, also when it has grown past the old place already', async () => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 5)));
  await rig.start();
  truncateSync(rig.path('a.log'));
  await rig.pass(200);
  rig.append('a.log', 'short\n');
  await rig.pass(200);
  writeFileSync(rig.path('a.log'), text(numbered(100, 150)));
  await rig.pass(1_000);

  expect(rig.sink.bodies).toEqual([...numbered(0, 5), 'short', ...numbered(100, 150)]);
  expect(rig.host.metric('winnow_file_log_truncations')).toBe(2);
});

test.each([
  ['read_new', ['one', 'two', 'four']],
  ['ignore', ['one', 'two']],
] as const)('on_truncate: %s', async (onTruncate, bodies) => {
  const header = `${'#'.repeat(40)}\n`;
  const rig = createRig({ on_truncate: onTruncate, fingerprint_size: 20, exclude: [] });
  rig.append('a.log', `${header}one\ntwo\n`);
  await rig.start();
  truncateSync(rig.path('a.log'), header.length);
  await rig.pass(200);
  rig.append('a.log', 'four\n');
  await rig.pass(1_000);

  expect(rig.sink.bodies.slice(1)).toEqual(bodies);
});

test('a file deleted and made again is read from its beginning', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  unlinkSync(rig.path('a.log'));
  rig.append('a.log', 'two\n');
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('inode reuse: a new file under an old inode is read from its beginning', async () => {
  const rig = createRig();
  rig.append('a.log', text(numbered(0, 10)));
  const { ino } = statSync(rig.path('a.log'));
  await rig.start();
  await rig.pass(200);
  await rig.stop();
  unlinkSync(rig.path('a.log'));
  // Which inode a new file gets is up to the file system; most give the one that was freed last.
  for (let i = 0; i < 50; i++) {
    writeFileSync(rig.path(`${i}.tmp`), text(numbered(100, 130)));
    if (statSync(rig.path(`${i}.tmp`)).ino !== ino && i < 49) continue;
    fs.renameSync(rig.path(`${i}.tmp`), rig.path('a.log'));
    break;
  }
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual([...numbered(0, 10), ...numbered(100, 130)]);
});

test('a link that is switched to another file: the old one is read to its end, then the new one', async () => {
  const rig = createRig();
  rig.append('first.txt', 'one\n');
  symlinkSync(rig.path('first.txt'), rig.path('a.log'));
  await rig.start();
  rig.append('first.txt', 'two\n');
  rig.append('second.txt', 'three\n');
  unlinkSync(rig.path('a.log'));
  symlinkSync(rig.path('second.txt'), rig.path('a.log'));
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

test('a file with several names is read once', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  linkSync(rig.path('a.log'), rig.path('b.log'));
  symlinkSync(rig.path('a.log'), rig.path('c.log'));
  await rig.start({ include: [rig.path('*.log'), rig.path('a.*')] });
  await rig.pass(400);
  rig.append('b.log', 'two\n');
  await rig.pass(2_000);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('two files that begin alike are both read', async () => {
  const header = `${'#'.repeat(2000)}\n`;
  const rig = createRig();
  rig.append('a.log', `${header}one\n`);
  await rig.start();
  await rig.pass(200);
  rig.append('b.log', `${header}two\n`);
  await rig.pass(400);
  // Even when they are equal to the last byte.
  rig.append('c.log', `${header}one\n`);
  await rig.until(() => rig.sink.bodies.length === 6);

  expect(rig.sink.bodies.filter((body) => !String(body).startsWith('#'))).toEqual(['one', 'two', 'one']);
});

test.each([0, 400])('a file that is written anew with all it held, as rsync does, is not read again (%i ms before)', async (idleMs) => {
  const rig = createRig();
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index} of a file that somebody copies here again and again`);
  rig.append('a.log', `${lines.join('\n')}\n`);
  await rig.start();
  await rig.pass(1_000);
  for (let round = 0; round < 3; round++) {
    fs.copyFileSync(rig.path('a.log'), rig.path('.a.log.tmp'));
    rig.append('.a.log.tmp', `more ${round}\n`);
    await rig.pass(idleMs);
    fs.renameSync(rig.path('.a.log.tmp'), rig.path('a.log'));
    await rig.pass(1_000);
  }

  expect(rig.sink.bodies).toEqual([...lines, 'more 0', 'more 1', 'more 2']);
});

test('a file that is made anew and begins like the one that was removed is read', async () => {
  const rig = createRig();
  rig.append('a.log', 'starting\n');
  await rig.start();
  await rig.pass(1_000);
  fs.unlinkSync(rig.path('a.log'));
  rig.append('a.log', 'starting\nready\n');
  await rig.pass(1_000);

  expect(rig.sink.bodies).toEqual(['starting', 'starting', 'ready']);
});

test('rows of a file that was renamed have the source of those of the new one, so that they stay before them', async () => {
  const rig = createRig();
  rig.sink.isHolding = true;
  rig.append('a.log', 'one\n');
  rig.append('b.log', 'other\n');
  await rig.start();
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log.1', 'two\n');
  rig.append('a.log', 'three\n');
  await rig.until(() => rig.sink.given.length === 4);

  const sources = new Map(rig.sink.held.flatMap(({ records, delivery }) => records.map(({ body }) => [body, delivery.source])));
  expect(sources.get('two')).toBe(sources.get('one'));
  expect(sources.get('three')).toBe(sources.get('one'));
  expect(sources.get('other')).not.toBe(sources.get('one'));
});
