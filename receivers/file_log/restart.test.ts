import * as fs from 'node:fs';
import { unlinkSync, writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
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

test('goes on after a restart where it was', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'two\n');
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

describe('after a restart records have the attributes of their file', () => {
  const named = (rig: Rig): readonly unknown[] => rig.sink.safe.map(({ body, attributes }) => [body, attributes['log.file.name']]);

  test('that goes on', async () => {
    const rig = createRig({ include_file_path: true, attributes: { tier: 'web' } });
    rig.append('a.log', 'one\n');
    await rig.start();
    await rig.stop();
    rig.append('a.log', 'two\n');
    await rig.start();
    await rig.pass(200);

    const attributes = { 'log.file.name': 'a.log', 'log.file.path': rig.path('a.log'), tier: 'web' };
    expect(rig.sink.safe.map((record) => record.attributes)).toEqual([attributes, attributes]);
  });

  test.each([
    ['by rename', () => {}],
    ['into .gz', (rig: Rig) => pack(rig, 'a.log.1', 'gz')],
  ])('that was rotated meanwhile (%s)', async (_name, afterwards) => {
    const rig = createRig();
    rig.append('a.log', 'one\n');
    await rig.start();
    await rig.stop();
    rig.append('a.log', 'two\n');
    fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
    afterwards(rig);
    await rig.start();
    await rig.until(() => rig.sink.bodies.length === 2);

    expect(named(rig)).toEqual([
      ['one', 'a.log'],
      ['two', 'a.log'],
    ]);
  });

  test('that had been rotated before, and was still written to', async () => {
    const rig = createRig();
    rig.append('a.log', 'one\n');
    await rig.start();
    await rig.pass(200);
    fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
    await rig.pass(400);
    await rig.stop();
    rig.append('a.log.1', 'two\n');
    await rig.start();
    await rig.until(() => rig.sink.bodies.length === 2);
    await rig.stop();
    rig.append('a.log.1', 'three\n');
    await rig.start();
    await rig.until(() => rig.sink.bodies.length === 3);

    expect(named(rig)).toEqual([
      ['one', 'a.log'],
      ['two', 'a.log'],
      ['three', 'a.log'],
    ]);
  });
});

test.each([
  ['by rename', () => {}],
  ['into .gz', (rig: Rig) => pack(rig, 'a.log.1', 'gz')],
  ['into .zst', (rig: Rig) => pack(rig, 'a.log.1', 'zst')],
])('rotation while the agent is down loses nothing (%s)', async (_name, afterwards) => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'two\n');
  fs.renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', 'three\n');
  afterwards(rig);
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 3);
  await rig.pass(2_000);

  expect(rig.sink.bodies.map(String).toSorted()).toEqual(['one', 'three', 'two']);
});

test.each([
  ['by rename', undefined],
  ['into .gz', 'gz'],
] as const)('rotation of what a link leads to, in another folder, while the agent is down loses nothing (%s)', async (_name, kind) => {
  const rig = createRig();
  fs.mkdirSync(rig.path('pod'));
  rig.append('pod/0.log', 'one\n');
  fs.symlinkSync(rig.path('pod/0.log'), rig.path('web.log'));
  await rig.start();
  await rig.stop();
  rig.append('pod/0.log', 'two\n');
  fs.renameSync(rig.path('pod/0.log'), rig.path('pod/0.log.20260130-120000'));
  rig.append('pod/0.log', 'three\n');
  if (kind) pack(rig, 'pod/0.log.20260130-120000', kind);
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 3);
  await rig.pass(2_000);

  expect(rig.sink.bodies.map(String).toSorted()).toEqual(['one', 'three', 'two']);
});

function pack(rig: Rig, name: string, kind: 'gz' | 'zst'): void {
  const bytes = fs.readFileSync(rig.path(name));
  writeFileSync(rig.path(`${name}.${kind}`), kind === 'gz' ? gzipSync(bytes) : zstdCompressSync(bytes));
  unlinkSync(rig.path(name));
}

test('a crash repeats only what nobody had answered for', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(50);
  rig.sink.isHolding = true;
  rig.append('a.log', 'two\n');
  await rig.pass(200);
  expect(rig.sink.given).toHaveLength(2);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
  expect(rig.sink.given.map(({ body }) => body)).toEqual(['one', 'two', 'two']);
});

test('what was settled behind an open piece is not repeated after a crash', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  rig.sink.settle(1, true);
  await rig.pass(50);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['two', 'one', 'three']);
});

test('a transaction of the same storage carries the position', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  const client = rig.storage.client('test');
  const [first, second] = [client.begin(), client.begin()];
  const [one, two] = rig.sink.held.splice(0);
  one?.delivery.durable(1, first);
  two?.delivery.durable(1, second);
  // Committed in the other order: only the second is safe when the process ends.
  await client.commit(second);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one']);
});

test('what is abandoned is read again after a pause, and nothing else is', async () => {
  const rig = createRig();
  await rig.start();
  rig.sink.isHolding = true;
  for (const line of ['one\n', 'two\n', 'three\n']) {
    rig.append('a.log', line);
    await rig.pass(250);
  }
  rig.sink.settle(1, false);
  await rig.pass(300);
  expect(rig.sink.given).toHaveLength(3);
  await rig.pass(1_000);

  expect(rig.sink.given.map(({ body }) => body)).toEqual(['one', 'two', 'three', 'two']);
});

test('positions that cannot be stored hold up nothing, and are stored later', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(100);
  const unblock = rig.storage.block();
  rig.append('a.log', 'two\n');
  await rig.pass(200);
  rig.append('a.log', 'three\n');
  await rig.pass(200);
  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
  unblock();
  await rig.pass(50);
  await rig.crash();
  await rig.start();
  await rig.pass(200);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three']);
});

test('files that are no longer asked for are left alone', async () => {
  const rig = createRig();
  rig.append('a.log', 'one\n');
  rig.append('b.log', 'two\n');
  await rig.start();
  await rig.stop();
  rig.append('a.log', 'three\n');
  rig.append('b.log', 'four\n');
  await rig.start({ include: [rig.path('b.log')] });
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'four']);
});

test.each([1000, 100, 16, 2000])('a file is the same when fingerprint_size has become %i', async (size) => {
  const rig = createRig({ fingerprint_size: 1000 });
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index} of a file that is longer than what it is told by`);
  rig.append('a.log', `${lines.join('\n')}\n`);
  rig.append('b.log', `${lines.join('\n')}\nb\n`);
  await rig.start();
  await rig.until(() => rig.sink.bodies.length === 201);
  await rig.stop();
  fs.renameSync(rig.path('b.log'), rig.path('b.log.1'));
  pack(rig, 'b.log.1', 'gz');
  rig.append('a.log', 'more\n');
  rig.append('c.log', `${lines.join('\n')}\nc\n`);
  await rig.start({ fingerprint_size: size, include: [rig.path('*')], compression: 'auto' });
  await rig.until(() => rig.sink.bodies.length === 303);
  await rig.pass(3000);

  expect(rig.sink.bodies.slice(201).map(String).toSorted()).toEqual([...lines, 'c', 'more'].toSorted());
});

test.each(['utf-16le', 'utf-16be'] as const)('reads on in %s what was first taken for UTF-8', async (encoding) => {
  const encode = (text: string): Buffer => (encoding === 'utf-16le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16());
  const rig = createRig();
  rig.append('a.log', encode('\u{FEFF}one\ntwo\n'));
  await rig.start();
  await rig.pass(1_000);
  await rig.stop();
  const before = rig.sink.bodies.length;
  rig.append('a.log', encode('thrée\nfour\n'));
  await rig.start({ encoding });
  await rig.pass(200);
  rig.append('a.log', encode('five\n'));
  await rig.pass(1_000);

  expect(rig.sink.bodies.slice(before)).toEqual(['thrée', 'four', 'five']);
});
