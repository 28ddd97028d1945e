import { renameSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'x'.repeat(40)}\n`).join('');
}

const OPEN = 'otelcol_fileconsumer_open_files';

test.for([
  { max: 1, life: 'one run' },
  { max: 1, life: 'a crash between' },
  { max: 1, life: 'a crash before' },
  { max: 2, life: 'one run' },
  { max: 2, life: 'a crash between' },
  { max: 2, life: 'a crash before' },
])('with $max open at most, a log that is renamed twice is read at once and in order, in $life', async ({ max, life }) => {
  const rig = new Rig({ read_chunk_size: 4096, max_concurrent_files: max });
  rigs.push(rig);
  rig.append('a.log', lines(0, 10));
  await rig.start();
  await rig.pass(500);
  if (life === 'a crash before') await rig.crash();
  else rig.sink.isHolding = true;
  rig.append('a.log', lines(10, 500));
  renameSync(rig.path('a.log'), rig.path('a.log.2'));
  rig.append('a.log', lines(500, 1000));
  await rig.pass(1000);
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  rig.append('a.log', lines(1000, 1500));
  await rig.pass(1000);
  if (life === 'a crash between') await rig.crash();
  rig.sink.isHolding = false;
  rig.sink.release();
  if (life !== 'one run') await rig.start();
  await rig.until(() => rig.sink.safe.length >= 1500, 5000);

  expect(rig.numbers()).toEqual(Array.from({ length: 1500 }, (_, i) => i));
  expect(rig.host.metric(OPEN)).toBeLessThanOrEqual(max);
  expect(rig.host.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('when more files are renamed than may be open, while nothing is taken, each is read, and those that follow', async () => {
  const rig = new Rig({ read_chunk_size: 4096, max_concurrent_files: 2 });
  rigs.push(rig);
  const names = ['a.log', 'b.log', 'c.log'];
  for (const name of names) rig.append(name, lines(0, 10));
  await rig.start();
  await rig.pass(500);
  rig.sink.isHolding = true;
  for (let generation = 3; generation > 0; generation--) {
    for (const name of names) {
      rig.append(name, lines(10, 200));
      renameSync(rig.path(name), rig.path(`${name}.${generation}`));
      rig.append(name, lines(0, 10));
    }
    await rig.pass(1500);
  }
  rig.sink.isHolding = false;
  rig.sink.release();
  await rig.until(() => rig.sink.safe.length >= 1830, 5000);

  expect(rig.sink.safe.length).toBe(1830);
  expect(rig.host.metric(OPEN)).toBeLessThanOrEqual(2);
});
