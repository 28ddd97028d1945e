import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { Database } from './database.ts';
import { GroupCommit, StorageTransaction } from './group-commit.ts';
import { Storage } from './index.ts';

let directory: string;
let clock: FakeClock;
let host: TestHost;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-commit-'));
  clock = new FakeClock();
  host = createTestHost({ clock });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function commitsInto(database: Database): GroupCommit {
  return new GroupCommit({
    path: directory,
    database: () => database,
    onCorrupt: () => {},
    syncsEachCommit: false,
    log: host.log,
    clock,
  });
}

function write(commits: GroupCommit, key: string, value: string | undefined, after: () => void = () => {}): Promise<void> {
  const transaction = new StorageTransaction(commits);
  transaction.writes.push({ component: 'test', key, value: value === undefined ? undefined : Buffer.from(value) });
  transaction.afterCommit(after);
  return commits.submit(transaction);
}

test('waits while the disk is full, says so once, and commits when there is space again', async () => {
  const database = new Database(join(directory, 'small.db'), 20);
  const commits = commitsInto(database);
  const first = write(commits, 'ballast', 'x'.repeat(60_000));
  await clock.advance(10);
  await first;
  let isCommitted = false;

  const second = write(commits, 'position', 'y'.repeat(30_000), () => (isCommitted = true));
  await clock.advance(30_000);
  expect(isCommitted).toBe(false);
  expect(database.get('test', 'position')).toBeUndefined();
  expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  database.apply([{ component: 'test', key: 'ballast', value: undefined }]);
  await clock.advance(5_000);
  await second;

  expect(isCommitted).toBe(true);
  expect(database.get('test', 'position')).toHaveLength(30_000);
  expect(host.lines.at(-1)).toMatchObject({ level: 'info', message: 'The storage writes again.' });
  database.close();
});

test('rejects what the disk did not take when the deadline of close passes, and runs none of its actions', async () => {
  const database = new Database(join(directory, 'small.db'), 10);
  const commits = commitsInto(database);
  const actions: string[] = [];
  const pending = ['a', 'b'].map((key) => write(commits, key, 'x'.repeat(60_000), () => actions.push(key)));
  const settled = Promise.allSettled(pending);
  await clock.advance(1_000);
  const deadline = new AbortController();

  const closed = commits.close(deadline.signal);
  deadline.abort();
  await closed;

  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(actions).toEqual([]);
  database.close();
});

test('a checkpoint keeps the log of the database short', async () => {
  const database = new Database(join(directory, 'busy.db'));
  for (let i = 0; i < 400; i++) database.apply([{ component: 'test', key: `k${i % 50}`, value: Buffer.alloc(100) }]);
  expect(database.isCheckpointDue).toBe(true);

  await database.checkpoint();

  expect(database.isCheckpointDue).toBe(false);
  database.apply([{ component: 'test', key: 'after', value: Buffer.alloc(1) }]);
  database.close();
  const again = new Database(join(directory, 'busy.db'));
  expect(again.list('test', '')).toHaveLength(51);
  again.close();
});

/*
 * Goal: what the storage holds in the end is what the transactions say, applied in the order of the calls, however they
 * were grouped and however often a commit failed; actions run in that order too, each once.
 *
 * Method: random writes to few keys, with another connection that takes the write lock now and then, so that commits fail.
 */
test('groups and failures change nothing about the result', async () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('write' as const), key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.string()) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 500 }) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'lock' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'unlock' as const }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const folder = join(directory, String(run++));
      const storage = await Storage.open(folder, { log: host.log, clock });
      const client = storage.client('test');
      const other = new DatabaseSync(join(folder, 'winnow.db'), { timeout: 0 });
      const expected = new Map<string, string>();
      const order: number[] = [];
      const commits: Promise<void>[] = [];
      for (const one of steps) {
        if (one.kind === 'wait') await clock.advance(one.ms);
        if (one.kind === 'lock' && !other.isTransaction && commits.length > order.length) other.exec('BEGIN IMMEDIATE');
        if (one.kind === 'unlock' && other.isTransaction) other.exec('ROLLBACK');
        if (one.kind !== 'write') continue;
        const transaction = client.begin();
        const { key, value } = one;
        if (value === null) client.delete(transaction, key);
        else client.put(transaction, key, value);
        if (value === null) expected.delete(key);
        else expected.set(key, value);
        const position = commits.length;
        transaction.afterCommit(() => order.push(position));
        commits.push(client.commit(transaction));
      }
      if (other.isTransaction) other.exec('ROLLBACK');
      other.close();
      await clock.advance(10_000);
      await Promise.all(commits);

      expect(order).toEqual(commits.map((_, position) => position));
      await storage.close();
      const again = await Storage.open(folder, { log: host.log, clock });
      const found = [...again.client('test').list()].map(([key, value]) => [key, Buffer.from(value).toString()]);
      expect(found).toEqual([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      await again.close();
    }),
    { numRuns: 60 },
  );
});
