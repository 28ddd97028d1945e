import * as nodeFs from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RetryableError } from '#component';
import { FakeBackend, createQueue, expectBooksToBalance, offer, until } from '../../test/helpers/fake-backend.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';

let clock: FakeClock;
let host: TestHost;
let storage: MemoryStorage;

beforeEach(() => {
  clock = new FakeClock();
  storage = new MemoryStorage();
  host = createTestHost({ clock, storage });
});

const DISK = { storage: 'file_storage' };

afterEach(() => nodeFs.rmSync(host.storage.directory('.'), { recursive: true, force: true }));

/** The same folder and storage in the next life of the agent. */
function nextLife(): void {
  host = createTestHost({ clock, storage });
}

test('settles durable when written, although the backend is away, and sends in the next life what is left', async () => {
  const away = new FakeBackend();
  const first = createQueue(away, host, { queue: DISK });
  await first.start();
  const offered = ['a1', 'a2', 'b1'].map((text) => offer(first, text, text.charCodeAt(0)));
  await until(() => offered.every(({ outcome }) => outcome?.durable === 2));
  expectBooksToBalance(host);
  nextLife();

  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: DISK });
  await second.start();
  expect(host.metric('winnow_exporter_restored_log_records')).toBe(6);
  await until(() => backend.requests.length === 2);
  for (let i = 0; i < 3; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }

  expect(backend.taken.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2']);
  expect(backend.taken).toContain('b1');
  expectBooksToBalance(host);
  await second.shutdown(new AbortController().signal);
  expect(host.fs.readdirSync(host.storage.directory('queue'))).toEqual([]);
});

test('a request that is left from the life before, and never taken, keeps its own source waiting and no other', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = [offer(first, 'old1', 1), offer(first, 'old2', 2)];
  await until(() => offered.every(({ outcome }) => outcome !== undefined));
  nextLife();
  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: DISK });
  await second.start();

  const fresh = [offer(second, 'new1', 1), offer(second, 'new3', 3)];
  await until(() => backend.requests.length === 3 && fresh.every(({ outcome }) => outcome !== undefined));
  expect(backend.bodies.toSorted()).toEqual(['new3', 'old1', 'old2']);
  await backend.requests[backend.bodies.indexOf('old1')]?.answer();
  await until(() => backend.requests.length === 4);

  expect(backend.bodies[3]).toBe('new1');
});

test('what is left from the life before takes its room', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const left = [offer(first, 'ab', 1), offer(first, 'c', 2)];
  await until(() => left.every(({ outcome }) => outcome !== undefined));
  nextLife();
  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: { ...DISK, sizer: 'items', queue_size: 3 } });
  await second.start();
  expect(host.metric('otelcol_exporter_queue_size')).toBe(3);
  let hasEntered = false;

  void offer(second, 'd', 3).accepted.then(() => (hasEntered = true));
  await until(() => backend.requests.length === 2);
  expect(hasEntered).toBe(false);
  await backend.requests[1]?.answer();

  await until(() => hasEntered);
});

test('goes on where a segment is cut short, counts what is lost, and sends the rest', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = ['a', 'b', 'c'].map((text) => offer(first, text.repeat(100)));
  await until(() => offered.every(({ outcome }) => outcome !== undefined));
  const folder = host.storage.directory('queue');
  const [name = ''] = host.fs.readdirSync(folder);
  const path = `${folder}/${name}`;
  host.fs.truncateSync(path, host.fs.statSync(path).size - 10);
  nextLife();

  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: DISK });
  await second.start();
  for (let i = 0; i < 2; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }

  expect(backend.taken.map((text) => text[0])).toEqual(['a', 'b']);
  expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' })).toBe(100);
  expect(host.metric('winnow_storage_corrupt_files')).toBe(1);
  expectBooksToBalance(host);
});

test('skips a damaged record, keeps the segment for inspection, and sends the rest', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = ['a', 'b', 'c'].map((text) => offer(first, text.repeat(100)));
  await until(() => offered.every(({ outcome }) => outcome !== undefined));
  const folder = host.storage.directory('queue');
  const [name = ''] = host.fs.readdirSync(folder);
  const bytes = host.fs.readFileSync(`${folder}/${name}`);
  bytes[bytes.indexOf('bbbb') + 5] = 0x21;
  host.fs.writeFileSync(`${folder}/${name}`, bytes);
  nextLife();

  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: DISK });
  await second.start();
  for (let i = 0; i < 2; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }
  await second.shutdown(new AbortController().signal);

  expect(backend.taken.map((text) => text[0])).toEqual(['a', 'c']);
  expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' })).toBe(100);
  expect(host.fs.readdirSync(folder)).toEqual([expect.stringContaining('.segment.corrupt-')]);
  expectBooksToBalance(host);
});

test('makes the index anew from the segments when the database was lost', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = ['a', 'b', 'c'].map((text) => offer(first, text));
  await until(() => offered.every(({ outcome }) => outcome !== undefined));
  const client = host.storage;
  const transaction = client.begin();
  for (const [key] of client.list('')) client.delete(transaction, key);
  await client.commit(transaction);
  nextLife();

  const backend = new FakeBackend();
  const second = createQueue(backend, host, { queue: DISK });
  await second.start();
  for (let i = 0; i < 3; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }

  expect(backend.taken).toEqual(['a', 'b', 'c']);
  expectBooksToBalance(host);
});

test('an index that was made anew outlives the life that made it', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = offer(first, 'abc');
  await until(() => offered.outcome !== undefined);
  const transaction = host.storage.begin();
  for (const [key] of host.storage.list('')) host.storage.delete(transaction, key);
  await host.storage.commit(transaction);
  nextLife();
  await createQueue(new FakeBackend(), host, { queue: DISK }).start();
  nextLife();

  const backend = new FakeBackend();
  await createQueue(backend, host, { queue: DISK }).start();

  await until(() => backend.requests.length === 1);
  expect(backend.bodies).toEqual(['abc']);
});

test('a stop does not wait for a disk that cannot be read, nor give up what is on it', async () => {
  const first = createQueue(new FakeBackend(), host, { queue: DISK });
  await first.start();
  const offered = offer(first, 'abc');
  await until(() => offered.outcome !== undefined);
  const failure = Object.assign(new Error('i/o error'), { code: 'EIO' });
  const read = (fd: number, buffer: Buffer, from: number, length: number, at: number, done: (problem: Error | null, n: number) => void) => {
    // The mark of a segment is read at the start.
    if (at === 0 && length === 4) nodeFs.read(fd, buffer, from, length, at, done);
    else done(failure, 0);
  };
  host = createTestHost({ clock, storage, fs: { ...nodeFs, read } as unknown as typeof nodeFs });
  const second = createQueue(new FakeBackend(), host, { queue: DISK });
  await second.start();
  await until(() => host.lines.some(({ message }) => message === 'The queue cannot be read; trying again.'));

  await second.shutdown(new AbortController().signal);

  expectBooksToBalance(host);
  nextLife();
  const backend = new FakeBackend();
  await createQueue(backend, host, { queue: DISK }).start();
  await until(() => backend.requests.length === 1);
  expect(backend.bodies).toEqual(['abc']);
});

test('a segment that somebody deletes while it is needed is counted and told', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK });
  await queue.start();
  // More than stays in memory, of which there are 4 MiB.
  const offered = Array.from({ length: 5 }, (_, i) => offer(queue, String(i).repeat(1024 * 1024)));
  await until(() => offered.every(({ outcome }) => outcome !== undefined) && backend.requests.length === 1);
  nodeFs.rmSync(`${host.storage.directory('queue')}/00000001.segment`);

  for (let i = 0; i < 4; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }
  await until(() => host.metric('winnow_exporter_held_log_records') === 0);

  expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'damaged_on_disk' })).toBe(1024 * 1024);
  expect(host.lines.at(-1)).toMatchObject({ level: 'error', facts: { rows: 1024 * 1024 } });
  expectBooksToBalance(host);
});

test('with a storage that survives loss of power, settles when the disk has the request', async () => {
  let flushed: (() => void) | undefined;
  const fdatasync = (_fd: number, done: (problem: Error | null) => void): void => void (flushed = () => done(null));
  const plain = createTestHost({ clock, storage, fs: { ...nodeFs, fdatasync } as unknown as typeof nodeFs });
  host = { ...plain, storageOf: () => ({ ...plain.storage, isSyncedFully: true }) };
  const queue = createQueue(new FakeBackend(), host, { queue: DISK });
  await queue.start();

  const offered = offer(queue, 'abc');
  await until(() => flushed !== undefined);
  expect(offered.outcome).toBeUndefined();
  flushed?.();

  await until(() => offered.outcome?.durable === 3);
});

test('reads nothing back while the backend keeps up, however much goes through', async () => {
  let reads = 0;
  const read = (...args: Parameters<typeof nodeFs.read>): void => {
    reads++;
    nodeFs.read(...args);
  };
  host = createTestHost({ clock, storage, fs: { ...nodeFs, read } as typeof nodeFs });
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK });
  await queue.start();

  for (let i = 0; i < 6; i++) {
    await offer(queue, 'x'.repeat(1024 * 1024)).accepted;
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }

  expect(reads).toBe(0);
});

test('waits while the disk is full, loudly once, and loses nothing', async () => {
  let isFull = true;
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const fs = {
    ...nodeFs,
    writev: (fd: number, buffers: Buffer[], position: number, done: (problem: Error | null, written: number) => void) => {
      if (isFull) done(full, 0);
      else nodeFs.writev(fd, buffers, position, done);
    },
  } as typeof nodeFs;
  host = createTestHost({ clock, storage, fs });
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK });
  await queue.start();

  const errors = () => host.lines.filter(({ level }) => level === 'error');
  const offered = offer(queue, 'abc');
  await until(() => errors().length > 0);
  await clock.advance(30_000);
  expect(offered.outcome).toBeUndefined();
  expect(errors()).toHaveLength(1);
  isFull = false;
  await clock.advance(5_000);
  await until(() => offered.outcome?.durable === 3);

  await until(() => backend.requests.length === 1);
  expectBooksToBalance(host);
});

test('on a disk with little room writes few requests at a time, in their order', async () => {
  const ENTRY_BUFFERS = 3;
  const fs = {
    ...nodeFs,
    writev: (fd: number, buffers: Buffer[], position: number, done: (problem: Error | null, written: number) => void) => {
      if (buffers.length > ENTRY_BUFFERS) done(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }), 0);
      else nodeFs.writev(fd, buffers, position, done);
    },
  } as typeof nodeFs;
  host = createTestHost({ clock, storage, fs });
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK });
  await queue.start();
  const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

  const offered = texts.map((text) => offer(queue, text));
  await until(() => offered.every(({ outcome }) => outcome?.durable === 1));
  for (let i = 0; i < texts.length; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }

  expect(backend.taken).toEqual(texts);
  expect(host.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expectBooksToBalance(host);
});

test('drops and counts what the backend did not take in time, since the source has moved on', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK, retry: { max_elapsed_time: '1s' } });
  await queue.start();
  offer(queue, 'abc');
  await until(() => backend.requests.length === 1);

  await backend.last().fail(new RetryableError('502'));

  expect(host.metric('winnow_exporter_dropped_log_records', { reason: 'retry_time_over' })).toBe(3);
  expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  expectBooksToBalance(host);
});

test('deletes what was answered while it runs, and keeps of the rest no more in memory than the head', async () => {
  const backend = new FakeBackend();
  const queue = createQueue(backend, host, { queue: DISK });
  await queue.start();
  const text = 'x'.repeat(1024 * 1024);
  const folder = host.storage.directory('queue');

  for (let i = 0; i < 20; i++) await offer(queue, text).accepted;
  await until(() => host.fs.readdirSync(folder).length === 1 && host.fs.statSync(`${folder}/00000001.segment`).size > 20 * text.length);
  for (let i = 0; i < 20; i++) {
    await until(() => backend.requests.length > i);
    await backend.requests[i]?.answer();
  }
  await until(() => host.fs.readdirSync(folder).length === 0);

  expect(backend.taken.every((taken) => taken === text)).toBe(true);
  expect(host.metric('otelcol_exporter_queue_size')).toBe(0);
  expectBooksToBalance(host);
});
