import { beforeEach, expect, test } from 'vitest';
import type { StorageClient, Transaction } from '#component';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { Cursors } from './cursors.ts';

let storage: MemoryStorage;
let client: StorageClient;
/** What was written within which transaction. */
let writes: [Transaction, string][];
let cursors: Cursors;

beforeEach(() => {
  storage = new MemoryStorage();
  const plain = storage.client('journald');
  writes = [];
  client = {
    ...plain,
    put: (transaction, key, value) => {
      writes.push([transaction, String(value)]);
      plain.put(transaction, key, value);
    },
  };
  cursors = new Cursors(client, new FakeClock(), createTestHost().log);
});

function stored(): string | undefined {
  const bytes = client.get('cursor');
  return bytes && Buffer.from(bytes).toString();
}

test('the cursor is written by the transaction that makes its entries safe, and by no other', async () => {
  const stretch = cursors.begin('c1');
  const transaction = client.begin();

  cursors.settle(stretch, transaction);
  expect(writes).toEqual([[transaction, 'c1']]);
  expect(stored()).toBeUndefined();
  await client.commit(transaction);
  await settleMicrotasks();

  expect(stored()).toBe('c1');
  expect(writes).toHaveLength(1);
});

test('what is settled before its turn waits for those before it', async () => {
  const [first, second] = [cursors.begin('c1'), cursors.begin('c2')];
  const transaction = client.begin();

  cursors.settle(second, transaction);
  await client.commit(transaction);
  await settleMicrotasks();
  expect(stored()).toBeUndefined();
  cursors.settle(first, undefined);
  await settleMicrotasks();

  expect(stored()).toBe('c2');
});

test('two batches of one transaction move the cursor over both', async () => {
  const [first, second] = [cursors.begin('c1'), cursors.begin('c2')];
  const transaction = client.begin();

  cursors.settle(first, transaction);
  cursors.settle(second, transaction);
  await client.commit(transaction);

  expect(stored()).toBe('c2');
});

test('what is settled while a cursor is being written is written next', async () => {
  const [first, second] = [cursors.begin('c1'), cursors.begin('c2')];
  const release = storage.block();
  cursors.settle(first, undefined);

  cursors.settle(second, undefined);
  release();
  await settleMicrotasks();

  expect(stored()).toBe('c2');
});

test('does not move over what was given up, and goes on from there when that is read again', async () => {
  const [first, second] = [cursors.begin('c1'), cursors.begin('c2')];
  cursors.abandon(first);
  cursors.settle(second, undefined);
  await settleMicrotasks();
  expect([stored(), cursors.cursor]).toEqual([undefined, undefined]);

  cursors.rewind();
  cursors.settle(cursors.begin('c1'), undefined);
  await settleMicrotasks();

  expect([stored(), cursors.cursor]).toEqual(['c1', 'c1']);
});
