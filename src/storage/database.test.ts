import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database, type Write } from './database.ts';

let directory: string;
let database: Database;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-database-'));
  database = new Database(join(directory, 'winnow.db'));
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

const put = (key: string, value: string): Write => ({ component: 'test', key, value: Buffer.from(value) });
const values = (): string[] => database.list('test', '').map(([key, value]) => `${key}=${Buffer.from(value).toString()}`);

test('what fails in the middle leaves nothing behind, and the next one goes on', () => {
  database.apply([put('a', '1')]);
  const unusable = { component: 'test', key: Symbol('no text') as unknown as string, value: Buffer.from('x') };

  expect(() => database.apply([put('a', '2'), put('b', '2'), unusable])).toThrow('cannot be bound');

  expect(values()).toEqual(['a=1']);
  database.apply([put('b', '3')]);
  expect(values()).toEqual(['a=1', 'b=3']);
});

test('counts the keys of each component, the shortest included', () => {
  database.apply([put('queue/', 'x'), put('queue/1', 'x'), put('position', 'x'), { ...put('queue/1', 'x'), component: 'other' }]);

  expect(database.countOf('queue/')).toEqual([
    ['other', 1],
    ['test', 2],
  ]);
});
