import { renameSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { isGeneration } from './finder.ts';
import { Rig } from './rig.ts';

let rig: Rig | undefined;

afterEach(async () => {
  await rig?.remove();
  rig = undefined;
});

test('reads a file that came and was rotated away while the agent was down', async () => {
  const own = new Rig({});
  rig = own;
  own.append('a.log', 'first one\n');
  await own.start();
  await own.pass(400);
  await own.stop();

  own.append('a.log', 'first two\n');
  renameSync(own.path('a.log'), own.path('a.log.2'));
  own.append('a.log.1', 'second\n');
  own.append('a.log', 'third\n');
  await own.start();
  await own.until(() => own.sink.bodies.length >= 4);
  await own.pass(1000);

  expect(own.sink.bodies.map(String).toSorted()).toEqual(['first one', 'first two', 'second', 'third']);
});

describe('what rotation makes of a name', () => {
  test.for([
    'app.log.1',
    'app.log.12.gz',
    'app.log-20260130',
    'app.log-20260130.zst',
    'app-2026-01-30T10.log',
    'app.log.old',
    'app.log.gz',
  ])('%s is a generation of app.log', (name) => expect(isGeneration(name, 'app.log')).toBe(true));

  test.for(['app.log', 'app-errors.log', 'app.log.bak', 'application.log', 'app.log.1.tmp', 'other.log.1'])('%s is another file', (name) =>
    expect(isGeneration(name, 'app.log')).toBe(false),
  );
});
