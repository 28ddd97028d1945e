import { readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
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

const LONG = 'the same line each time\n'.repeat(200);

describe('with delete_after_read, a file that is equal to one that was deleted is read before it is deleted', () => {
  test.each([
    ['a line, the same name', 'done\n', () => 'job.log'],
    ['a line, another name', 'done\n', (run: number) => `job${run}.log`],
    ['many lines, the same name', LONG, () => 'job.log'],
    ['many lines, another name', LONG, (run: number) => `job${run}.log`],
    ['an archive, the same name', gzipSync(LONG), () => 'job.log'],
    ['an archive, another name', gzipSync(LONG), (run: number) => `job${run}.log`],
  ])('%s', async (_what, content, nameOf) => {
    const rig = createRig({ delete_after_read: true, compression: 'auto' });
    await rig.start();
    for (let run = 0; run < 3; run++) {
      rig.append(nameOf(run), content);
      await rig.until(() => readdirSync(rig.folder).length === 0);
      await rig.stop();
      await rig.start();
    }

    expect(rig.sink.safe.length).toBe(content === 'done\n' ? 3 : 600);
  });

  test('an archive of one that was deleted is not read again', async () => {
    const rig = createRig({ delete_after_read: true, compression: 'auto' });
    rig.append('job.log', LONG);
    await rig.start();
    await rig.until(() => readdirSync(rig.folder).length === 0);
    writeFileSync(rig.path('job-1.log'), gzipSync(LONG));
    await rig.until(() => readdirSync(rig.folder).length === 0);

    expect(rig.sink.safe.length).toBe(200);
    expect(readdirSync(rig.folder)).toEqual([]);
  });
});

test('a file of a few lines is read that is equal to one of another name, long deleted', async () => {
  const rig = createRig();
  await rig.start();
  for (let run = 0; run < 3; run++) {
    rig.append(`job${run}.log`, 'done\n');
    await rig.until(() => rig.sink.safe.length > run);
    unlinkSync(rig.path(`job${run}.log`));
    await rig.until(() => false, 15_000);
  }

  expect(rig.sink.bodies).toEqual(['done', 'done', 'done']);
});
