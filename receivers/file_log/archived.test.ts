import { renameSync, unlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function createRig(config: Partial<FileLogConfig> = {}): Rig {
  const rig = new Rig(config);
  rigs.push(rig);
  return rig;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'x'.repeat(40)}\n`).join('');
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

// As logrotate does it when a program still writes to the renamed file.
test.each([
  ['gz', gzipSync],
  ['zst', zstdCompressSync],
] as const)('an archive (.%s) that was made before the last line was written is not read again', async (extension, compress) => {
  const rig = createRig({ compression: 'auto' });
  const include = [rig.path('*.log'), rig.path('*.log.*')];
  rig.append('a.log', lines(0, 100));
  await rig.start({ include });
  await rig.pass(500);
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(101, 102));
  await rig.pass(500);
  const archive = compress(readFileSync(rig.path('a.log.1')));
  rig.append('a.log.1', lines(100, 101));
  await rig.pass(500);
  writeFileSync(rig.path(`a.log.1.${extension}`), archive);
  unlinkSync(rig.path('a.log.1'));
  for (let i = 0; i < 60; i++) await rig.pass(500);
  await rig.stop();
  await rig.start({ include });
  await rig.pass(2000);

  expect(rig.numbers().toSorted((a, b) => a - b)).toEqual(upTo(102));
});

test('an archive that was made before the last line was written is where what was not safe is read after a crash', async () => {
  const rig = createRig({ compression: 'auto' });
  const include = [rig.path('*.log'), rig.path('*.log.*')];
  rig.append('a.log', lines(0, 10));
  await rig.start({ include });
  await rig.pass(500);
  rig.sink.isHolding = true;
  rig.append('a.log', lines(10, 100));
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(500);
  const archive = gzipSync(readFileSync(rig.path('a.log.1')));
  rig.append('a.log.1', lines(100, 101));
  await rig.pass(500);
  writeFileSync(rig.path('a.log.1.gz'), archive);
  unlinkSync(rig.path('a.log.1'));
  for (let i = 0; i < 10; i++) await rig.pass(500);
  await rig.crash();
  rig.sink.isHolding = false;
  await rig.start({ include });
  for (let i = 0; i < 20; i++) await rig.pass(500);

  expect(new Set(rig.numbers())).toEqual(new Set(upTo(100)));
});

test('an archive of which an open file holds the beginning only is read', async () => {
  const rig = createRig({ compression: 'auto' });
  const include = [rig.path('*.log'), rig.path('*.log.*')];
  rig.append('a.log', lines(0, 100));
  await rig.start({ include });
  await rig.pass(500);
  writeFileSync(rig.path('b.log.1.gz'), gzipSync(lines(0, 50) + lines(200, 210)));
  await rig.until(() => rig.sink.safe.length === 160);

  expect(rig.sink.safe.length).toBe(160);
});
